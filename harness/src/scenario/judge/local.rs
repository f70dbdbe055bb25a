//! The response that a plugin asked for in place of the upstream's.

use super::Bench;
use super::fields::Arrived;
use crate::host::LocalResponse;
use crate::scenario::{Expected, LocalResponseExpectation};

impl Bench<'_> {
    pub(super) fn local_response(&mut self, expected: &Expected<LocalResponseExpectation>) {
        let all = self.exchange.map(|exchange| exchange.local_responses()).unwrap_or_default();
        match (expected, all) {
            (Expected::Nothing(_), []) => {}
            (Expected::Nothing(span), [first, ..]) => {
                let actual = format!("{} of plugin {}", first.reply.status, first.plugin);
                let because = self.who_answered();
                self.fail(span, "local_response", "none", actual).because = because;
            }
            (Expected::Just(expected), []) => {
                let mut because = self.who_answered();
                because.extend(self.log_lines(3));
                let wanted = match &expected.plugin {
                    Some(plugin) => format!("one of plugin {plugin}"),
                    None => "one".to_owned(),
                };
                self.fail(&expected.span, "local_response", wanted, "none").because = because;
            }
            (Expected::Just(expected), all) => self.one_of(expected, all),
        }
    }

    /// One of several has to match; failures are told of the likeliest.
    fn one_of(&mut self, expected: &LocalResponseExpectation, all: &[LocalResponse]) {
        let before = self.failures.len();
        let mut best: Option<Vec<_>> = None;
        for local in all {
            self.local(expected, local);
            let failures = self.failures.split_off(before);
            if failures.is_empty() {
                return;
            }
            if best.as_ref().is_none_or(|best| failures.len() < best.len()) {
                best = Some(failures);
            }
        }
        self.failures.extend(best.unwrap_or_default());
    }

    fn local(
        &mut self,
        expected: &LocalResponseExpectation,
        LocalResponse { plugin, reply }: &LocalResponse,
    ) {
        let because = self.who_answered();
        if let Some(wanted) = expected.plugin.as_ref().filter(|wanted| *wanted != plugin) {
            self.fail(&expected.span, "local_response.plugin", wanted, plugin).because.clone_from(&because);
        }
        if let Some(status) = &expected.status
            && !status.matches(&reply.status)
        {
            let actual = reply.status.to_string();
            self.fail(&status.span, "local_response.status", status.describe(), actual)
                .because
                .clone_from(&because);
        }
        if let Some(headers) = &expected.headers {
            let fields =
                reply.headers.iter().map(|(key, value)| (key.as_slice(), value.as_slice())).collect();
            let arrived =
                Arrived { what: "local_response", fields, elsewhere: Vec::new(), because: because.clone() };
            self.headers(headers, &arrived);
        }
        if let Some(body) = &expected.body {
            self.body(body, &reply.body, "local_response.body", because.clone());
        }
        if let Some(details) = &expected.details {
            let value = (!reply.details.is_empty()).then_some(reply.details.as_slice());
            self.value(details, value, "local_response.details", &because);
        }
        if let Some(grpc_status) = &expected.grpc_status {
            let value = reply.grpc_status.map(|status| (status as i32).to_string());
            self.value(
                grpc_status,
                value.as_deref().map(str::as_bytes),
                "local_response.grpc_status",
                &because,
            );
        }
    }
}
