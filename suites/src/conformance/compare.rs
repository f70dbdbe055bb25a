//! In what an exchange differs from the untouched one, and what a scenario would have to expect to show it.

use proxy_wasm_harness::proxy::transcript::show_bytes;
use proxy_wasm_harness::scenario::{
    BodyMatcher, Expectations, Expected, FieldExpectation, FieldTest, HeadersExpectation,
    LocalResponseExpectation, Matcher, Quantity, RequestExpectation, ResponseExpectation, Span, Test,
};
use proxy_wasm_harness::state::Field;

use super::played::{Exchange, Message, Played};

/// A difference.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What differs: `the client receives status 200 instead of 403`.
    pub what: String,
    /// What the untouched run fulfils and the other does not.
    pub expect: Expectations,
}

/// Fields that the proxy writes, which follow time and framing.
const OF_THE_PROXY: [&str; 8] = [
    "x-request-id",
    "x-envoy-upstream-service-time",
    "x-envoy-expected-rq-timeout-ms",
    "date",
    "content-length",
    "transfer-encoding",
    "connection",
    "server",
];

/// Whether plugins decided otherwise: who answered, with what status, and whether the upstream saw the request.
#[must_use]
pub fn decision(oracle: &Exchange, found: &Exchange) -> Option<Difference> {
    let differs = (oracle.refused(), oracle.status(), oracle.upstream.is_some())
        != (found.refused(), found.status(), found.upstream.is_some());
    differs.then(|| Difference {
        what: format!("{} instead of: {}", words(found), words(oracle)),
        expect: expect_decision(oracle),
    })
}

/// What came of an exchange, in words.
#[must_use]
pub fn words(exchange: &Exchange) -> String {
    let by = exchange.local.iter().find(|local| !local.plugin.is_empty());
    match (exchange.status(), by) {
        (0, _) if exchange.stalled => "the exchange stalls".to_owned(),
        (0, _) => "the client receives nothing".to_owned(),
        (status, Some(local)) => format!("{} answers {status}", local.plugin),
        (status, None) if exchange.upstream.is_some() => {
            format!("the upstream is asked, and the client receives {status}")
        }
        (status, None) => format!("the proxy answers {status}"),
    }
}

/// What a scenario expects in which plugins decide as in `oracle`.
#[must_use]
pub fn expect_decision(oracle: &Exchange) -> Expectations {
    let local = oracle.local.iter().find(|local| !local.plugin.is_empty());
    Expectations {
        response: Some(match oracle.status() {
            0 => Expected::Nothing(Span::none()),
            status => Expected::Just(ResponseExpectation {
                status: Some(Quantity::is(status)),
                ..ResponseExpectation::default()
            }),
        }),
        upstream_request: Some(match oracle.upstream {
            None => Expected::Nothing(Span::none()),
            Some(_) => Expected::Just(RequestExpectation::default()),
        }),
        local_response: Some(match local {
            None => Expected::Nothing(Span::none()),
            Some(local) => Expected::Just(LocalResponseExpectation {
                plugin: Some(local.plugin.clone()),
                status: Some(Quantity::is(local.status)),
                ..LocalResponseExpectation::default()
            }),
        }),
        ..Expectations::default()
    }
}

/// Everything that both sides of an exchange can see: decision, heads, bodies, trailers.
#[must_use]
pub fn exchange(oracle: &Exchange, found: &Exchange) -> Option<Difference> {
    if let Some(difference) = decision(oracle, found) {
        return Some(difference);
    }
    if let (Some(oracle), Some(found)) = (&oracle.upstream, &found.upstream)
        && let Some((what, part)) = message(oracle, found)
    {
        let what = format!("the upstream receives {what}");
        let expect = Expectations {
            upstream_request: Some(Expected::Just(part.request())),
            ..Expectations::default()
        };
        return Some(Difference { what, expect });
    }
    if let (Some(oracle), Some(found)) = (&oracle.client, &found.client)
        && let Some((what, part)) = message(oracle, found)
    {
        let what = format!("the client receives {what}");
        let expect =
            Expectations { response: Some(Expected::Just(part.response())), ..Expectations::default() };
        return Some(Difference { what, expect });
    }
    None
}

/// What a whole run shows beside its exchanges: calls and metrics.
#[must_use]
pub fn beside(oracle: &Played, found: &Played) -> Option<Difference> {
    if oracle.metrics != found.metrics {
        let differs = oracle.metrics.iter().find(|one| !found.metrics.contains(one));
        let (name, value) = differs.or(found.metrics.first())?;
        let now = found.metrics.iter().find(|(known, _)| known == name).map_or("absent", |(_, value)| value);
        let mut expect = Expectations::default();
        if let Ok(number) = value.parse() {
            let is = proxy_wasm_harness::scenario::MetricExpectation::Value(Quantity::is(number));
            expect.metrics.insert(name.clone(), is);
        }
        return Some(Difference { what: format!("the metric {name} is {now} instead of {value}"), expect });
    }
    let payloads = |played: &Played| -> Vec<(String, Vec<u8>)> {
        played.calls.iter().map(|call| (call.cluster.clone(), call.body.clone())).collect()
    };
    let (of_oracle, of_found) = (payloads(oracle), payloads(found));
    if of_oracle != of_found {
        let call = |(cluster, body): &(String, Vec<u8>)| {
            use proxy_wasm_harness::scenario::HttpCallExpectation;
            HttpCallExpectation {
                cluster: Some(Matcher::is(cluster.as_bytes())),
                body: Some(BodyMatcher(Matcher::is(body.clone()))),
                ..HttpCallExpectation::default()
            }
        };
        let show = |calls: &[(String, Vec<u8>)]| -> String {
            let all: Vec<String> =
                calls.iter().map(|(cluster, body)| format!("{cluster} ({})", show_bytes(body))).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        };
        let expect = Expectations {
            http_calls: Some(Expected::Just(of_oracle.iter().map(call).collect())),
            ..Expectations::default()
        };
        let what = format!("the calls are {} instead of {}", show(&of_found), show(&of_oracle));
        return Some(Difference { what, expect });
    }
    None
}

/// The part of a message that is not as it was.
enum Part {
    Field(FieldExpectation),
    Body(Vec<u8>),
    Trailers(Option<Vec<Field>>),
    Complete(bool),
}

impl Part {
    fn request(self) -> RequestExpectation {
        let mut expected = RequestExpectation::default();
        match self {
            Self::Field(field) => {
                let value = match &field.values {
                    FieldTest::One(matcher) => Some(matcher.clone()),
                    FieldTest::Each(all) => all.first().cloned(),
                };
                match field.name.as_str() {
                    ":path" => expected.path = value,
                    ":method" => expected.method = value,
                    ":authority" => expected.authority = value,
                    _ => expected.headers = Some(HeadersExpectation(vec![field])),
                }
            }
            Self::Body(body) => expected.body = Some(BodyMatcher(Matcher::is(body))),
            Self::Trailers(trailers) => expected.trailers = Some(expect_fields(trailers)),
            Self::Complete(complete) => expected.complete = Some(complete),
        }
        expected
    }

    fn response(self) -> ResponseExpectation {
        let mut expected = ResponseExpectation::default();
        match self {
            Self::Field(field) => expected.headers = Some(HeadersExpectation(vec![field])),
            Self::Body(body) => expected.body = Some(BodyMatcher(Matcher::is(body))),
            Self::Trailers(trailers) => expected.trailers = Some(expect_fields(trailers)),
            Self::Complete(complete) => expected.complete = Some(complete),
        }
        expected
    }
}

fn expect_fields(fields: Option<Vec<Field>>) -> Expected<HeadersExpectation> {
    let Some(fields) = fields else { return Expected::Nothing(Span::none()) };
    let of = |(name, _): &Field| expect_field(&fields, name);
    let mut all: Vec<FieldExpectation> = Vec::new();
    for field in fields.iter().map(of) {
        if all.iter().all(|known| known.name != field.name) {
            all.push(field);
        }
    }
    Expected::Just(HeadersExpectation(all))
}

/// The field of this name is as it is in `fields`.
#[must_use]
pub fn expect_field(fields: &[Field], name: &[u8]) -> FieldExpectation {
    let values: Vec<Matcher> = fields
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| Matcher::is(value.clone()))
        .collect();
    let values = match values.len() {
        0 => FieldTest::One(Matcher::of(Test::Absent)),
        1 => FieldTest::One(values.into_iter().next().expect("one")),
        _ => FieldTest::Each(values),
    };
    FieldExpectation { span: Span::none(), name: String::from_utf8_lossy(name).into_owned(), values }
}

fn message(oracle: &Message, found: &Message) -> Option<(String, Part)> {
    let of_plugins = |name: &[u8]| !OF_THE_PROXY.iter().any(|known| known.as_bytes() == name);
    let names = oracle.head.iter().chain(&found.head).map(|(name, _)| name.as_slice());
    for name in names.filter(|name| of_plugins(name)) {
        let (was, is): (Vec<&[u8]>, Vec<&[u8]>) = (oracle.all(name).collect(), found.all(name).collect());
        if was != is {
            let show = |values: &[&[u8]]| -> String {
                let all: Vec<String> =
                    values.iter().map(|value| format!("\"{}\"", show_bytes(value))).collect();
                if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
            };
            let what = format!("{}: {} instead of {}", show_bytes(name), show(&is), show(&was));
            return Some((what, Part::Field(expect_field(&oracle.head, name))));
        }
    }
    if oracle.body != found.body {
        let what =
            format!("the body \"{}\" instead of \"{}\"", show_bytes(&found.body), show_bytes(&oracle.body));
        return Some((what, Part::Body(oracle.body.clone())));
    }
    if oracle.trailers != found.trailers {
        return Some(("other trailers".to_owned(), Part::Trailers(oracle.trailers.clone())));
    }
    if oracle.complete != found.complete {
        let what =
            if found.complete { "all of a message that was cut off" } else { "a message that is cut off" };
        return Some((what.to_owned(), Part::Complete(oracle.complete)));
    }
    None
}
