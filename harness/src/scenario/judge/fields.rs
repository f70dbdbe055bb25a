//! Header and trailer fields.

use super::Bench;
use super::text::{difference, likeness, quoted};
use crate::proxy::transcript::{Party, show_bytes};
use crate::scenario::{Expected, FieldExpectation, FieldTest, HeadersExpectation, Matcher, Test};
use crate::state::{Field, Fields};

/// Where else a field may be, in words, and the fields there.
pub(super) type Elsewhere = (&'static str, Vec<Field>);

/// Fields as they arrived at one end, and what else a missing field could be found in.
pub(super) struct Arrived<'a> {
    /// `response`, `upstream_request`, `local_response`.
    pub(super) what: &'a str,
    /// The fields.
    pub(super) fields: Vec<(&'a [u8], &'a [u8])>,
    /// The fields of the other part of the message, and its name.
    pub(super) elsewhere: Vec<Elsewhere>,
    /// What explains a failure.
    pub(super) because: Vec<String>,
}

/// All fields of a map.
pub(super) fn pairs(fields: &Fields) -> Vec<(&[u8], &[u8])> {
    fields.iter().collect()
}

impl Bench<'_> {
    pub(super) fn headers(&mut self, expected: &HeadersExpectation, arrived: &Arrived<'_>) {
        self.fields(expected, "headers", arrived);
    }

    /// Judges the fields of some part of a message.
    pub(super) fn fields(&mut self, expected: &HeadersExpectation, part: &str, arrived: &Arrived<'_>) {
        for field in &expected.0 {
            self.field(field, part, arrived);
        }
    }

    pub(super) fn trailers(
        &mut self,
        expected: &Expected<HeadersExpectation>,
        trailers: Option<&Fields>,
        party: Party,
        what: &str,
    ) {
        let because = self.trailers_received(party);
        match (expected, trailers) {
            (Expected::Nothing(_), None) => {}
            (Expected::Nothing(span), Some(_)) => {
                self.fail(span, format!("{what}.trailers"), "none", "there are trailers").because = because;
            }
            (Expected::Just(fields), trailers) => {
                let none = trailers.is_none();
                let arrived = Arrived {
                    what,
                    fields: trailers.map(pairs).unwrap_or_default(),
                    elsewhere: Vec::new(),
                    because,
                };
                let before = self.failures.len();
                self.fields(fields, "trailers", &arrived);
                if none {
                    self.no_trailers(before);
                }
            }
        }
    }

    /// Tells in each failure that there are no trailers at all, and why HTTP/1.1 ones may be missing.
    fn no_trailers(&mut self, from: usize) {
        let dropped = !self.host.setup.options.enable_trailers;
        for failure in &mut self.failures[from..] {
            failure.actual = "no trailers".to_owned();
            if dropped {
                failure.nearest =
                    Some("over HTTP/1.1 they are dropped without `host: {enable_trailers: true}`".to_owned());
            }
        }
    }

    fn field(&mut self, expected: &FieldExpectation, part: &str, arrived: &Arrived<'_>) {
        let name = expected.name.to_ascii_lowercase();
        let values: Vec<&[u8]> = arrived
            .fields
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
            .collect();
        if expected.matches(&values) {
            return;
        }
        let actual = match values.as_slice() {
            [] => "no such field".to_owned(),
            [value] => quoted(value),
            values => {
                let all: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("{} fields: {}", all.len(), all.join(", "))
            }
        };
        let nearest = nearest(expected, &name, &values, arrived);
        let what = format!("{}.{part}.{name}", arrived.what);
        let span = match &expected.values {
            FieldTest::One(matcher) => &matcher.span,
            FieldTest::Each(_) => &expected.span,
        };
        let failure = self.fail(span, what, expected.describe(), actual);
        failure.nearest = nearest;
        failure.because.clone_from(&arrived.because);
    }
}

/// What almost matched.
fn nearest(
    expected: &FieldExpectation,
    name: &str,
    values: &[&[u8]],
    arrived: &Arrived<'_>,
) -> Option<String> {
    match (&expected.values, values) {
        (FieldTest::One(matcher), [value]) => match &matcher.test {
            Test::Is(expected) => difference(expected, value),
            _ => None,
        },
        (FieldTest::One(matcher), [_, ..]) if matcher.test != Test::Absent => {
            let fits: Vec<usize> = (0..values.len()).filter(|at| matcher.matches(values[*at])).collect();
            Some(match fits.as_slice() {
                [] => "a single value asks for exactly one field".to_owned(),
                [one] => format!("field {} of them matches; a list expects several: [..]", one + 1),
                _ => {
                    "each of them may match, but a single value asks for exactly one; a list expects several"
                        .to_owned()
                }
            })
        }
        (FieldTest::One(matcher), []) => absent(name, |value| matcher.matches(value), arrived),
        (FieldTest::Each(matchers), []) => {
            absent(name, |value| matchers.iter().any(|matcher| matcher.matches(value)), arrived)
        }
        (FieldTest::Each(matchers), values) if matchers.len() != values.len() => {
            Some(format!("{} expected, {} there", count(matchers.len()), count(values.len())))
        }
        (FieldTest::Each(matchers), values) if in_another_order(matchers, values) => {
            Some("the same fields in another order".to_owned())
        }
        (FieldTest::Each(matchers), values) => {
            let at = matchers.iter().zip(values).position(|(matcher, value)| !matcher.matches(value))?;
            Some(format!(
                "field {} differs: {} in place of {}",
                at + 1,
                quoted(values[at]),
                matchers[at].describe()
            ))
        }
        _ => None,
    }
}

fn in_another_order(matchers: &[Matcher], values: &[&[u8]]) -> bool {
    let mut rest = values.to_vec();
    matchers.iter().all(|matcher| {
        let at = rest.iter().position(|value| matcher.matches(value));
        at.map(|at| rest.remove(at)).is_some()
    })
}

fn count(fields: usize) -> String {
    if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") }
}

/// Where a field went that is not there, or what it was called instead.
fn absent(name: &str, fits: impl Fn(&[u8]) -> bool, arrived: &Arrived<'_>) -> Option<String> {
    for (place, fields) in &arrived.elsewhere {
        if let Some((_, value)) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())) {
            return Some(format!("{place}: {name}: {}", show_bytes(value)));
        }
    }
    let shown = |(key, value): (&[u8], &[u8])| format!("{}: {}", show_bytes(key), show_bytes(value));
    let alike = arrived
        .fields
        .iter()
        .map(|field| (likeness(name, &String::from_utf8_lossy(field.0)), *field))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, field)) = alike {
        return Some(format!("a field of a similar name is there: {}", shown(field)));
    }
    let same_value = arrived
        .fields
        .iter()
        .find(|(key, value)| !key.starts_with(b":") && !value.is_empty() && fits(value))?;
    Some(format!("another field has such a value: {}", shown(*same_value)))
}
