//! What plugins share, as it is now: metrics, the key-value store, queues, properties.

use indexmap::IndexMap;

use super::Bench;
use super::text::{count, difference, likeness, quoted};
use crate::proxy::transcript::show_bytes;
use crate::scenario::{
    Expected, MetricExpectation, PropertyExpectation, QueueExpectation, SharedDataExpectation, Span, Test,
};
use crate::state::MetricValue;

/// How many entries a failure shows.
const SHOWN: usize = 12;

impl Bench<'_> {
    pub(super) fn metrics(&mut self, expected: &IndexMap<String, MetricExpectation>) {
        let host = self.host;
        for (name, wanted) in expected {
            let values: Vec<&MetricValue> = host
                .metrics()
                .filter(|(known, _)| *known == name.as_bytes())
                .map(|(_, value)| value)
                .collect();
            let (span, words) = match wanted {
                MetricExpectation::Value(value) => (&value.span, value.describe()),
                MetricExpectation::Histogram(span, values) => (span, format!("a histogram of {values:?}")),
                MetricExpectation::Absent(span) => (span, "no such metric".to_owned()),
            };
            let fits = match wanted {
                MetricExpectation::Value(wanted) => values.iter().any(|value| match value {
                    MetricValue::Counter(value) | MetricValue::Gauge(value) => wanted.matches(value),
                    MetricValue::Histogram(_) => false,
                }),
                MetricExpectation::Histogram(_, wanted) => {
                    values.iter().any(|value| **value == MetricValue::Histogram(wanted.clone()))
                }
                MetricExpectation::Absent(_) => values.is_empty(),
            };
            if fits {
                continue;
            }
            let actual = match values.as_slice() {
                [] => "no such metric".to_owned(),
                all => all.iter().map(|value| shown(value)).collect::<Vec<_>>().join(", "),
            };
            let all: Vec<(String, String)> =
                host.metrics().map(|(name, value)| (show_bytes(name), shown(value))).collect();
            let names = all.iter().map(|(name, _)| name.as_str());
            let nearest = values.is_empty().then(|| alike(name, names)).flatten();
            let because =
                list(all.iter().map(|(name, value)| format!("{name}: {value}")), "no metric is defined");
            let failure = self.fail(span, format!("metrics.{name}"), words, actual);
            failure.nearest = nearest;
            failure.because = because;
        }
    }

    pub(super) fn shared_data(&mut self, expected: &[SharedDataExpectation]) {
        let host = self.host;
        for wanted in expected {
            let entry = host
                .shared_data()
                .find(|(vm_id, key, ..)| *vm_id == wanted.vm_id.as_bytes() && *key == wanted.key);
            let what = format!("shared_data.{}", show_bytes(&wanted.key));
            let because = list(
                host.shared_data().map(|(vm_id, key, value, cas)| {
                    format!("{}{}: {} (number {cas})", scope(vm_id), show_bytes(key), show_bytes(value))
                }),
                "nothing is stored",
            );
            let elsewhere = host
                .shared_data()
                .find(|(_, key, ..)| *key == wanted.key)
                .filter(|_| entry.is_none())
                .map(|(vm_id, ..)| format!("the vm_id {} has this key", quoted(vm_id)));
            let before = self.failures.len();
            match &wanted.value {
                Some(matcher) => self.value(matcher, entry.map(|(_, _, value, _)| value), &what, &because),
                None if entry.is_none() => {
                    self.fail(&wanted.span, &what, "an entry", "nothing").because.clone_from(&because);
                }
                None => {}
            }
            if let (Some(cas), Some((.., number))) = (&wanted.cas, entry)
                && !cas.matches(&number)
            {
                let what = format!("{what}.cas");
                self.fail(&cas.span, what, cas.describe(), number.to_string()).because = because;
            }
            if let (Some(failure), Some(elsewhere)) = (self.failures.get_mut(before), elsewhere) {
                failure.nearest = Some(elsewhere);
            }
        }
    }

    pub(super) fn queues(&mut self, expected: &[QueueExpectation]) {
        let host = self.host;
        for wanted in expected {
            let queue = host.queues().find(|(vm_id, name, _)| {
                *vm_id == wanted.vm_id.as_bytes() && *name == wanted.name.as_bytes()
            });
            let because = list(
                host.queues().map(|(vm_id, name, messages)| {
                    format!("{}{}: {} waiting", scope(vm_id), show_bytes(name), messages.len())
                }),
                "no plugin has registered a queue",
            );
            let what = format!("queues.{}", wanted.name);
            match (&wanted.messages, queue) {
                (None, Some(_)) | (Some(Expected::Nothing(_)), None) => {}
                (None, None) => {
                    self.fail(&wanted.span, what, "a queue", "no such queue").because = because;
                }
                (Some(Expected::Nothing(span)), Some(_)) => {
                    self.fail(span, what, "no such queue", "it is there").because = because;
                }
                (Some(Expected::Just(matchers)), None) => {
                    let expected = format!("a queue with {}", count(matchers.len(), "message"));
                    self.fail(&wanted.span, what, expected, "no such queue").because = because;
                }
                (Some(Expected::Just(matchers)), Some((.., messages))) => {
                    let messages: Vec<Vec<u8>> = messages.into_iter().map(<[u8]>::to_vec).collect();
                    self.messages(matchers, &messages, &what, &wanted.span, &because);
                }
            }
        }
    }

    fn messages(
        &mut self,
        expected: &[crate::scenario::BodyMatcher],
        actual: &[Vec<u8>],
        what: &str,
        span: &Span,
        because: &[String],
    ) {
        if expected.len() == actual.len() {
            for (at, (matcher, message)) in expected.iter().zip(actual).enumerate() {
                self.body(matcher, message, &format!("{what}[{at}]"), because.to_vec());
            }
            return;
        }
        let shown: Vec<String> = actual.iter().take(SHOWN).map(|message| quoted(message)).collect();
        let found = match shown.is_empty() {
            true => count(0, "message"),
            false => format!("{}: {}", count(actual.len(), "message"), shown.join(", ")),
        };
        self.fail(span, what, count(expected.len(), "message"), found).because = because.to_vec();
    }

    pub(super) fn properties(&mut self, expected: &[PropertyExpectation]) {
        for wanted in expected {
            let path: Vec<&str> = wanted.path.0.iter().map(String::as_str).collect();
            let set = self.exchange.and_then(|exchange| exchange.property(&path)).map(<[u8]>::to_vec);
            let stream = self.exchange.map(crate::host::Exchange::stream);
            let value = set.or_else(|| self.host.property(stream, &path));
            if wanted.value.accepts(value.as_deref()) {
                continue;
            }
            let all = self.exchange.map(|exchange| exchange.properties.as_slice()).unwrap_or_default();
            let because = list(
                all.iter().map(|(path, value)| format!("{}: {}", dotted(path), show_bytes(value))),
                "no plugin has set a property of the stream",
            );
            let nearest = match (&wanted.value.test, &value) {
                (Test::Is(expected), Some(value)) => difference(expected, value),
                (_, None) => {
                    let names: Vec<String> = all.iter().map(|(path, _)| dotted(path)).collect();
                    alike(&wanted.path.to_string(), names.iter().map(String::as_str))
                }
                _ => None,
            };
            let actual = value.as_deref().map_or("no such property".to_owned(), quoted);
            let what = format!("properties.{}", wanted.path);
            let failure = self.fail(&wanted.value.span, what, wanted.value.describe(), actual);
            failure.nearest = nearest;
            failure.because = because;
        }
    }
}

fn shown(value: &MetricValue) -> String {
    match value {
        MetricValue::Counter(value) => format!("{value} (a counter)"),
        MetricValue::Gauge(value) => format!("{value} (a gauge)"),
        MetricValue::Histogram(values) => format!("{values:?} (a histogram)"),
    }
}

fn scope(vm_id: &[u8]) -> String {
    if vm_id.is_empty() { String::new() } else { format!("{}/", show_bytes(vm_id)) }
}

/// The path of a property, its parts with dots between them.
fn dotted(path: &[u8]) -> String {
    path.split(|byte| *byte == 0).map(show_bytes).collect::<Vec<_>>().join(".")
}

/// The first entries, and how many there are besides.
fn list(entries: impl Iterator<Item = String>, none: &str) -> Vec<String> {
    let mut lines: Vec<String> = entries.collect();
    match lines.len() {
        0 => lines.push(none.to_owned()),
        all if all > SHOWN => {
            lines.truncate(SHOWN);
            lines.push(format!("... {} more", all - SHOWN));
        }
        _ => {}
    }
    lines
}

/// A name that is almost this one.
fn alike<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let (best, known) =
        names.map(|known| (likeness(name, known), known)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best >= 0.6).then(|| format!("{known} is there"))
}
