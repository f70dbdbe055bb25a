//! Bodies, whole or in pieces.

use serde_json::Value as Json;

use super::Bench;
use super::text::{diff, difference, likeness, lines_diff, quoted};
use crate::scenario::value::json;
use crate::scenario::{BodyMatcher, Matcher, Test};

impl Bench<'_> {
    /// Judges a body; an empty one is there, but for `{absent: true}`.
    pub(super) fn body(&mut self, expected: &BodyMatcher, actual: &[u8], what: &str, because: Vec<String>) {
        let there = !(actual.is_empty() && asks_for_absence(&expected.0));
        if expected.accepts(there.then_some(actual)) {
            return;
        }
        let told = Told::of(&expected.0, actual);
        let found = if actual.is_empty() { "no bytes".to_owned() } else { quoted(actual) };
        let failure = self.fail(&expected.span, what, expected.describe(), told.actual.unwrap_or(found));
        failure.diff = told.diff;
        failure.nearest = told.nearest;
        failure.because = because;
    }

    pub(super) fn chunks(
        &mut self,
        expected: &[BodyMatcher],
        actual: &[Vec<u8>],
        what: &str,
        because: &[String],
    ) {
        if expected.len() != actual.len() {
            let (wanted, found): (Vec<String>, Vec<String>) = (
                expected.iter().map(|matcher| matcher.describe()).collect(),
                actual.iter().map(|chunk| quoted(chunk)).collect(),
            );
            let list = |all: &[String]| match all {
                [] => "no pieces".to_owned(),
                all => format!("{} pieces: {}", all.len(), all.join(", ")),
            };
            let span = expected.first().map_or_else(|| self.stage.span.clone(), |first| first.span.clone());
            let joined: Vec<u8> = actual.concat();
            let same = expected.iter().map(|matcher| match &matcher.test {
                Test::Is(bytes) => Some(bytes.as_slice()),
                _ => None,
            });
            let same = same.collect::<Option<Vec<_>>>().is_some_and(|all| all.concat() == joined);
            let failure = self.fail(&span, format!("{what}.chunks"), list(&wanted), list(&found));
            failure.nearest =
                same.then(|| "the bytes are the same, cut elsewhere: `body` judges them whole".to_owned());
            failure.because = because.to_vec();
            return;
        }
        for (at, (matcher, chunk)) in expected.iter().zip(actual).enumerate() {
            self.body(matcher, chunk, &format!("{what}.chunks[{at}]"), because.to_vec());
        }
    }
}

fn asks_for_absence(matcher: &Matcher) -> bool {
    match &matcher.test {
        Test::Absent => true,
        Test::Not(inner) => asks_for_absence(inner),
        _ => false,
    }
}

/// What can be said of a body that does not match.
#[derive(Default)]
struct Told {
    actual: Option<String>,
    diff: Option<String>,
    nearest: Option<String>,
}

impl Told {
    fn of(expected: &Matcher, actual: &[u8]) -> Self {
        match &expected.test {
            Test::Is(bytes) => Self {
                diff: diff(bytes, actual),
                nearest: same_json(bytes, actual).or_else(|| difference(bytes, actual)),
                actual: None,
            },
            Test::Json(wanted) => Self::json(wanted, actual),
            Test::Size(_) => Self { actual: Some(format!("{} bytes", actual.len())), ..Self::default() },
            Test::Contains(part) => Self { nearest: nearest_line(part, actual), ..Self::default() },
            _ => Self::default(),
        }
    }

    fn json(wanted: &Json, actual: &[u8]) -> Self {
        let found: Json = match serde_json::from_slice(actual) {
            Ok(found) => found,
            Err(error) => {
                return Self { nearest: Some(format!("it is no JSON: {error}")), ..Self::default() };
            }
        };
        let pretty = |json: &Json| format!("{json:#}\n");
        Self {
            diff: Some(lines_diff(&pretty(wanted), &pretty(&narrowed(&found, wanted)))),
            nearest: first_difference(wanted, &found, "$"),
            actual: None,
        }
    }
}

/// The members of `found` that `wanted` speaks of: the others are not judged.
fn narrowed(found: &Json, wanted: &Json) -> Json {
    match (found, wanted) {
        (Json::Object(found), Json::Object(wanted)) => wanted
            .iter()
            .filter_map(|(key, want)| Some((key.clone(), narrowed(found.get(key)?, want))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (Json::Array(found), Json::Array(wanted)) if found.len() == wanted.len() => {
            found.iter().zip(wanted).map(|(found, want)| narrowed(found, want)).collect()
        }
        _ => found.clone(),
    }
}

/// Where two JSON values differ first.
fn first_difference(wanted: &Json, found: &Json, path: &str) -> Option<String> {
    if json::matches(wanted, found) {
        return None;
    }
    match (wanted, found) {
        (Json::Object(wanted), Json::Object(found)) => {
            wanted.iter().find_map(|(key, want)| match found.get(key) {
                Some(got) => first_difference(want, got, &format!("{path}.{key}")),
                None => Some(format!("{path} has no member {key:?}")),
            })
        }
        (Json::Array(wanted), Json::Array(found)) if wanted.len() == found.len() => wanted
            .iter()
            .zip(found)
            .enumerate()
            .find_map(|(at, (want, got))| first_difference(want, got, &format!("{path}[{at}]"))),
        (Json::Array(wanted), Json::Array(found)) => {
            Some(format!("{path} has {} items, {} are expected", found.len(), wanted.len()))
        }
        _ => Some(format!("{path} is {found}, {wanted} is expected")),
    }
}

/// Two texts of the same JSON value.
fn same_json(expected: &[u8], actual: &[u8]) -> Option<String> {
    let read = |bytes: &[u8]| {
        serde_json::from_slice::<Json>(bytes).ok().filter(|json| json.is_object() || json.is_array())
    };
    let (expected, actual) = (read(expected)?, read(actual)?);
    (json::matches(&expected, &actual) && json::matches(&actual, &expected))
        .then(|| "it is the same JSON, written in another way: `{json: ..}` judges the value".to_owned())
}

/// The line that is most like what was looked for.
fn nearest_line(part: &[u8], actual: &[u8]) -> Option<String> {
    let (part, actual) = (std::str::from_utf8(part).ok()?, std::str::from_utf8(actual).ok()?);
    if actual.to_lowercase().contains(&part.to_lowercase()) {
        return Some("it is there in other upper and lower case".to_owned());
    }
    let (likeness, line) = actual
        .lines()
        .take(1000)
        .map(|line| (likeness(part, line.trim()), line.trim()))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= 0.5 && actual.lines().nth(1).is_some())
        .then(|| format!("the line {}", quoted(line.as_bytes())))
}
