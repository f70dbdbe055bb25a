//! What the proxy makes of a call's header fields on their way to the cluster.
//!
//! Source: Envoy 1.40, observed. The fields keep the plugin's order; the proxy's own follow.

use crate::state::{Duration, Fields};

/// Fields by which a caller sets the proxy's own timeout and retries. They do not reach the cluster.
const FOR_THE_PROXY: [&[u8]; 4] = [
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-retry-on",
    b"x-envoy-max-retries",
];

/// Writes the proxy's own fields; answers the timeout that holds, which a field can set in place of the call's argument.
pub(super) fn finish(fields: &mut Fields, timeout: Duration) -> Duration {
    let given = fields
        .get(b"x-envoy-upstream-rq-timeout-ms")
        .and_then(|value| std::str::from_utf8(value).ok()?.parse().ok())
        .map(Duration::from_millis);
    let timeout = given.unwrap_or(timeout);
    for name in FOR_THE_PROXY {
        fields.remove(name);
    }
    fields.overwrite(b":scheme", b"http");
    fields.overwrite(b"x-envoy-internal", b"true");
    if !timeout.is_zero() {
        fields.overwrite(b"x-envoy-expected-rq-timeout-ms", timeout.as_millis().to_string().as_bytes());
    }
    timeout
}

/// Why the cluster cannot tell where the request ends, when the plugin's own fields contradict the body.
pub(super) fn misframed(fields: &Fields, body: &[u8]) -> Option<(&'static str, &'static str)> {
    if fields.get(b"transfer-encoding").is_some() {
        return Some((
            "wire/transfer-encoding",
            "a transfer-encoding in the headers of a call is written as it is, with a body that is not encoded so: the \
             cluster misreads the request or waits for more",
        ));
    }
    let stated = fields.get(b"content-length").is_some_and(|length| length != b"0");
    (stated && body.is_empty()).then_some((
        "wire/content-length",
        "a content-length in the headers of a call without a body is written as it is: the cluster waits for the body",
    ))
}

/// `grpc-timeout`: at most eight digits, in the finest unit that fits.
pub(super) fn grpc_timeout(timeout: Duration) -> String {
    let millis = timeout.as_millis();
    if millis < 100_000_000 { format!("{millis}m") } else { format!("{}S", timeout.as_secs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::request();
        pairs.iter().for_each(|(name, value)| fields.add(name.as_bytes(), value.as_bytes()));
        fields
    }

    #[test]
    fn the_proxys_own_fields_follow_those_of_the_plugin() {
        let mut sent =
            fields(&[(":method", "GET"), (":scheme", "https"), ("x-envoy-internal", "false"), ("a", "1")]);
        assert_eq!(finish(&mut sent, Duration::from_millis(200)), Duration::from_millis(200));
        let shown = format!("{sent:?}");
        assert_eq!(
            shown,
            "[:method=GET][:scheme=http][x-envoy-internal=true][a=1][x-envoy-expected-rq-timeout-ms=200]"
        );
    }

    #[test]
    fn without_a_timeout_the_expected_one_stays_as_the_plugin_gave_it() {
        let mut sent = fields(&[("x-envoy-expected-rq-timeout-ms", "7")]);
        finish(&mut sent, Duration::ZERO);
        assert_eq!(sent.get(b"x-envoy-expected-rq-timeout-ms"), Some(&b"7"[..]));
    }

    #[test]
    fn a_field_can_set_the_timeout_and_does_not_go_on() {
        let mut sent = fields(&[("x-envoy-upstream-rq-timeout-ms", "50"), ("x-envoy-max-retries", "2")]);
        assert_eq!(finish(&mut sent, Duration::from_millis(400)), Duration::from_millis(50));
        assert_eq!(sent.get(b"x-envoy-expected-rq-timeout-ms"), Some(&b"50"[..]));
        assert!(sent.get(b"x-envoy-upstream-rq-timeout-ms").is_none());
        assert!(sent.get(b"x-envoy-max-retries").is_none());
    }

    #[test]
    fn grpc_timeouts_have_at_most_eight_digits() {
        for (millis, want) in
            [(0, "0m"), (200, "200m"), (99_999_999, "99999999m"), (u32::MAX.into(), "4294967S")]
        {
            assert_eq!(grpc_timeout(Duration::from_millis(millis)), want);
        }
    }
}
