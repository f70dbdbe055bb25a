//! HTTP and gRPC calls to clusters: exactly the expected ones, in order.

use super::Bench;
use super::fields::{Arrived, pairs};
use super::text::{count, difference, quoted};
use crate::abi::Status;
use crate::proxy::transcript::show_bytes;
use crate::proxy::{Call, CallKind};
use crate::scenario::{
    BodyMatcher, Expected, Failure, GrpcCallExpectation, HeadersExpectation, HttpCallExpectation, Matcher,
    Quantity, Span, Test,
};
use crate::state::{Duration, show};

/// How many calls a failure shows.
const SHOWN: usize = 12;

/// What both kinds of expectations have.
struct Named<'e> {
    span: &'e Span,
    plugin: Option<&'e String>,
    parts: [(&'static str, Option<&'e Matcher>); 3],
    timeout: Option<&'e Quantity<Duration>>,
    status: Option<Status>,
}

impl Bench<'_> {
    pub(super) fn http_calls(&mut self, expected: &Expected<Vec<HttpCallExpectation>>) {
        let made = self.calls_of(|kind| kind == CallKind::Http);
        self.calls("http_calls", expected, &made, |wanted| &wanted.span, Self::http_call);
    }

    pub(super) fn grpc_calls(&mut self, expected: &Expected<Vec<GrpcCallExpectation>>) {
        let made = self.calls_of(|kind| kind != CallKind::Http);
        self.calls("grpc_calls", expected, &made, |wanted| &wanted.span, Self::grpc_call);
    }

    fn calls_of(&self, is: impl Fn(CallKind) -> bool) -> Vec<Call> {
        self.host.calls()[self.stage.calls()].iter().filter(|call| is(call.kind)).cloned().collect()
    }

    /// `judge` judges one call under a name.
    fn calls<E>(
        &mut self,
        what: &str,
        expected: &Expected<Vec<E>>,
        made: &[Call],
        span: impl Fn(&E) -> &Span,
        judge: impl Fn(&mut Self, &E, &Call, &str),
    ) {
        let because = summary(made);
        let wanted = match expected {
            Expected::Nothing(span) => {
                if !made.is_empty() {
                    self.fail(span, what, "no call", count(made.len(), "call")).because = because;
                }
                return;
            }
            Expected::Just(wanted) => wanted,
        };
        if wanted.len() == made.len() {
            for (at, (wanted, call)) in wanted.iter().zip(made).enumerate() {
                judge(self, wanted, call, &format!("{what}[{at}]"));
            }
            return;
        }
        // Which one is missing, or too many: the first pair that does not fit shows it.
        let fits = |bench: &mut Self, wanted: &E, call: &Call| {
            bench.tried(|bench| judge(bench, wanted, call, "")).is_empty()
        };
        let together = wanted.iter().zip(made).take_while(|(wanted, call)| fits(self, wanted, call)).count();
        let at = wanted
            .get(together)
            .or(wanted.last())
            .map_or_else(|| self.stage.span.clone(), |wanted| span(wanted).clone());
        let nearest = match (wanted.get(together), made.get(together)) {
            (Some(_), None) => Some(format!("call {} of this list was not made", together + 1)),
            (None, Some(call)) => Some(format!("one too many: {}", told(call))),
            (Some(_), Some(call)) => Some(format!("the first that differs from this list: {}", told(call))),
            (None, None) => None,
        };
        let failure = self.fail(&at, what, count(wanted.len(), "call"), count(made.len(), "call"));
        failure.because = because;
        failure.nearest = nearest;
    }

    /// The failures of a judgement that does not count.
    fn tried(&mut self, judge: impl FnOnce(&mut Self)) -> Vec<Failure> {
        let before = self.failures.len();
        judge(self);
        self.failures.split_off(before)
    }

    fn http_call(&mut self, wanted: &HttpCallExpectation, call: &Call, what: &str) {
        let named = Named {
            span: &wanted.span,
            plugin: wanted.plugin.as_ref(),
            parts: [
                ("cluster", wanted.cluster.as_ref()),
                ("method", wanted.method.as_ref()),
                ("path", wanted.path.as_ref()),
            ],
            timeout: wanted.timeout.as_ref(),
            status: wanted.status,
        };
        self.named(&named, [&call.cluster, call.method(), call.path()], call, what);
        if let Some(headers) = &wanted.headers {
            self.call_headers(headers, "headers", call, what);
        }
        if let Some(body) = &wanted.body {
            self.body(body, &call.body, &format!("{what}.body"), vec![told(call)]);
        }
        match (&wanted.trailers, &call.trailers) {
            (Some(Expected::Nothing(span)), Some(_)) => {
                self.fail(span, format!("{what}.trailers"), "none", "there are trailers").because =
                    vec![told(call)];
            }
            (Some(Expected::Just(trailers)), given) => {
                let fields = given.as_ref().map(pairs).unwrap_or_default();
                let arrived = Arrived { what, fields, elsewhere: Vec::new(), because: vec![told(call)] };
                self.fields(trailers, "trailers", &arrived);
            }
            _ => {}
        }
    }

    fn grpc_call(&mut self, wanted: &GrpcCallExpectation, call: &Call, what: &str) {
        let named = Named {
            span: &wanted.span,
            plugin: wanted.plugin.as_ref(),
            parts: [
                ("cluster", wanted.cluster.as_ref()),
                ("service", wanted.service.as_ref()),
                ("method", wanted.method.as_ref()),
            ],
            timeout: wanted.timeout.as_ref(),
            status: wanted.status,
        };
        self.named(&named, [&call.cluster, call.service(), call.rpc()], call, what);
        if let Some(metadata) = &wanted.metadata {
            self.call_headers(metadata, "metadata", call, what);
        }
        if let Some(messages) = &wanted.messages {
            self.call_messages(messages, call, what, &wanted.span);
        }
    }

    fn call_messages(&mut self, wanted: &[BodyMatcher], call: &Call, what: &str, span: &Span) {
        if wanted.len() != call.messages.len() {
            let shown: Vec<String> =
                call.messages.iter().take(SHOWN).map(|message| quoted(message)).collect();
            let mut actual = count(call.messages.len(), "message");
            if !shown.is_empty() {
                actual.push_str(&format!(": {}", shown.join(", ")));
            }
            let expected = count(wanted.len(), "message");
            let failure = self.fail(span, format!("{what}.messages"), expected, actual);
            failure.because = vec![told(call)];
            return;
        }
        for (at, (matcher, message)) in wanted.iter().zip(&call.messages).enumerate() {
            self.body(matcher, message, &format!("{what}.messages[{at}]"), vec![told(call)]);
        }
    }

    fn named(&mut self, wanted: &Named<'_>, values: [&str; 3], call: &Call, what: &str) {
        let because = vec![told(call)];
        if let Some(plugin) = wanted.plugin.filter(|plugin| **plugin != call.plugin) {
            self.fail(wanted.span, format!("{what}.plugin"), plugin, &call.plugin)
                .because
                .clone_from(&because);
        }
        for ((name, matcher), value) in wanted.parts.iter().zip(values) {
            let Some(matcher) = matcher.filter(|matcher| !matcher.matches(value.as_bytes())) else {
                continue;
            };
            let nearest = match &matcher.test {
                Test::Is(expected) => difference(expected, value.as_bytes()),
                _ => None,
            };
            let failure = self.fail(
                &matcher.span,
                format!("{what}.{name}"),
                matcher.describe(),
                quoted(value.as_bytes()),
            );
            failure.because.clone_from(&because);
            failure.nearest = nearest;
        }
        if let Some(timeout) = wanted.timeout.filter(|timeout| !timeout.matches(&call.timeout)) {
            let failure =
                self.fail(&timeout.span, format!("{what}.timeout"), timeout.describe(), show(call.timeout));
            failure.because.clone_from(&because);
        }
        if let Some(status) = wanted.status.filter(|status| *status != call.status) {
            let failure =
                self.fail(wanted.span, format!("{what}.status"), status.to_string(), call.status.to_string());
            failure.because = because;
        }
    }

    fn call_headers(&mut self, wanted: &HeadersExpectation, part: &str, call: &Call, what: &str) {
        let mut because = vec![told(call)];
        let fields = call.headers.iter().filter(|(name, _)| !name.starts_with(b":"));
        because
            .extend(fields.map(|(name, value)| format!("    {}: {}", show_bytes(name), show_bytes(value))));
        let arrived = Arrived { what, fields: pairs(&call.headers), elsewhere: Vec::new(), because };
        self.fields(wanted, part, &arrived);
    }
}

/// A call in one line.
fn told(call: &Call) -> String {
    let Call { plugin, cluster, at, status, .. } = call;
    format!("[{at}] {plugin} calls cluster {cluster}: {} {} -> {status}", call.method(), call.path())
}

fn summary(made: &[Call]) -> Vec<String> {
    let mut lines: Vec<String> = made.iter().take(SHOWN).map(told).collect();
    match made.len() {
        0 => lines.push("no plugin has called a cluster".to_owned()),
        all if all > SHOWN => lines.push(format!("... {} more", all - SHOWN)),
        _ => {}
    }
    lines
}
