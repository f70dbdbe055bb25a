//! What is checked of a phase.

use std::path::Path;

use proxy_wasm_harness::host::Seen;

use super::matcher::{check, shown};
use super::suite::{Expectation, Immediate};

/// A phase that is over.
pub(super) struct Phase<'t> {
    /// Its name in the file: `request_headers`.
    pub(super) name: &'static str,
    pub(super) seen: &'t Seen,
    /// Its status is judged: a headers callback ran.
    pub(super) has_status: bool,
}

impl Phase<'_> {
    /// Everything that is not as expected.
    pub(super) fn judge(&self, expected: &Expectation, folder: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.headers(expected, &mut wrong) {
            self.matchers(expected, folder, &mut wrong);
            self.immediate(expected.immediate.as_ref(), &mut wrong);
            self.log(expected, folder, &mut wrong);
        }
        wrong.into_iter().map(|what| format!("{}: {what}", self.name)).collect()
    }

    /// The log alone, as of phases of which nothing else counts.
    pub(super) fn judge_log(&self, expected: &Expectation, folder: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        self.log(expected, folder, &mut wrong);
        wrong.into_iter().map(|what| format!("{}: {what}", self.name)).collect()
    }

    /// False when nothing after it is checked: a name is empty.
    fn headers(&self, expected: &Expectation, wrong: &mut Vec<String>) -> bool {
        let find = |key: &str| {
            let same = |name: &[u8]| name.eq_ignore_ascii_case(key.as_bytes());
            self.seen.headers.iter().find(|(name, _)| same(name)).map(|(_, value)| value)
        };
        for (key, value) in &expected.has_header {
            if key.is_empty() {
                wrong.push("has_header without a key".to_owned());
                return false;
            }
            match find(key) {
                None => wrong.push(format!("has_header {key}: there is no such field")),
                Some(found) if found != value => wrong.push(format!(
                    "has_header {key}: expected {:?}, found {:?}",
                    shown(value),
                    shown(found)
                )),
                Some(_) => {}
            }
        }
        for (key, _) in &expected.no_header {
            if key.is_empty() {
                wrong.push("no_header without a key".to_owned());
                return false;
            }
            if let Some(found) = find(key) {
                wrong.push(format!("no_header {key}: it is there: {:?}", shown(found)));
            }
        }
        true
    }

    fn matchers(&self, expected: &Expectation, folder: &Path, wrong: &mut Vec<String>) {
        let line = |(name, value): &(Vec<u8>, Vec<u8>)| [name.as_slice(), b": ", value].concat();
        let lines: Vec<Vec<u8>> = self.seen.headers.iter().map(line).collect();
        for matcher in &expected.headers {
            wrong.extend(check(matcher, folder, &lines).err().map(|why| format!("headers: {why}")));
        }
        let body = [self.seen.body.clone()];
        for matcher in &expected.body {
            wrong.extend(check(matcher, folder, &body).err().map(|why| format!("body: {why}")));
        }
    }

    /// Judged also where the file says nothing: then there must be no local response, and nothing may hold the stream.
    fn immediate(&self, expected: Option<&Immediate>, wrong: &mut Vec<String>) {
        if self.has_status && self.seen.stops != expected.is_some() {
            wrong.push(match self.seen.stops {
                true => "immediate: the callback stops, and none is expected".to_owned(),
                false => "immediate: the callback continues".to_owned(),
            });
        }
        let code = self.seen.reply.as_ref().map_or(0, |reply| reply.status);
        match (expected, code) {
            (Some(_), 0) => wrong.push("immediate: there is no local response".to_owned()),
            (None, 1..) => {
                wrong.push(format!("immediate: a local response with {code}, and none is expected"))
            }
            _ => {}
        }
        let Some(expected) = expected else { return };
        let reply = self.seen.reply.clone().unwrap_or_default();
        let differs = |what: &str, wanted: &str, found: &str| {
            (wanted != found).then(|| format!("immediate.{what}: expected {wanted}, found {found}"))
        };
        let number = |what: &str, wanted: Option<u32>, found: u32| {
            wanted.and_then(|wanted| differs(what, &wanted.to_string(), &found.to_string()))
        };
        wrong.extend(number("http_status", expected.http_status, reply.status));
        wrong.extend(number("grpc_status", expected.grpc_status, reply.grpc_status));
        let details = expected.details.as_ref();
        wrong.extend(details.and_then(|wanted| {
            differs("details", &format!("{wanted:?}"), &format!("{:?}", shown(&reply.details)))
        }));
    }

    fn log(&self, expected: &Expectation, folder: &Path, wrong: &mut Vec<String>) {
        for matcher in &expected.log {
            wrong.extend(check(matcher, folder, &self.seen.log).err().map(|why| format!("log: {why}")));
        }
    }
}
