//! What a bare scalar of YAML is to the program that reads it.
//!
//! `kubectl` reads by the rules of YAML 1.1 (`sigs.k8s.io/yaml`, `goyaml.v2`): `yes`, `on` and `y` are true, `0777` is
//! octal, `1_000` is a number, and a date is text. Envoy reads with yaml-cpp: the same booleans, but a number with a
//! fraction stays text until a field asks for a number. Both differ from the YAML 1.2 of our own files.

use serde_json::{Map, Number, Value as Json};

use super::Reading;
use crate::document::source::{Entry, Node, Style, Value};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// `kubectl apply`.
    Kubectl,
    /// Envoy, from a file.
    Envoy,
}

/// What a scalar is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    /// `.nan`, `.inf`: no JSON has them.
    NotFinite,
    Text,
}

impl Yaml {
    /// What a bare `text` is.
    pub(crate) fn scalar(self, text: &str) -> Scalar {
        if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return Scalar::Null;
        }
        if let Some(is) = boolean(text) {
            return Scalar::Bool(is);
        }
        match self {
            Self::Kubectl => kubectl_number(text),
            Self::Envoy => envoy_number(text),
        }
    }

    /// What a node is, quotes respected; text when it is no scalar.
    pub(crate) fn of(self, node: &Node) -> Scalar {
        node.bare().map_or(Scalar::Text, |text| self.scalar(text))
    }
}

/// `y`, `yes`, `true`, `on` and their opposites, in small letters, capitals, or with one capital in front.
fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let mut letters = text.chars();
    let first = letters.next()?;
    let rest = letters.as_str();
    let cased = text == lower
        || text == text.to_ascii_uppercase()
        || (first.is_ascii_uppercase() && rest == rest.to_ascii_lowercase());
    match lower.as_str() {
        "y" | "yes" | "true" | "on" if cased => Some(true),
        "n" | "no" | "false" | "off" if cased => Some(false),
        _ => None,
    }
}

fn kubectl_number(text: &str) -> Scalar {
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
    {
        return Scalar::NotFinite;
    }
    let plain = match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' => text.replace('_', ""),
        b'.' => text.to_owned(),
        _ => return Scalar::Text,
    };
    if let Some(number) = whole(&plain) {
        return Scalar::Number(number);
    }
    let double = if is_float(&plain) { plain.parse().ok().and_then(Number::from_f64) } else { None };
    double.map_or(Scalar::Text, Scalar::Number)
}

fn envoy_number(text: &str) -> Scalar {
    const SAFE: i64 = 1 << 53;
    match whole(text).and_then(|number| number.as_i64()) {
        Some(number) if (-SAFE..=SAFE).contains(&number) => Scalar::Number(number.into()),
        _ => Scalar::Text,
    }
}

/// A whole number of at most 64 bits: decimal, `0x`, `0o` or a leading `0`, `0b`.
fn whole(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if !negative {
        return Some(size.into());
    }
    0i64.checked_sub_unsigned(size).map(Number::from)
}

/// Digits with at most one point and an exponent.
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    digits(before) && digits(after) && !(before.is_empty() && after.is_empty()) && exponent
}

/// A tree as JSON.
pub(crate) fn json(node: &Node, reading: &mut Reading) -> Option<Json> {
    Some(match &node.value {
        Value::Scalar { text, style: Style::Text } => Json::String(text.clone()),
        Value::Scalar { text, style: Style::Plain } => match reading.yaml.scalar(text) {
            Scalar::Null => Json::Null,
            Scalar::Bool(is) => Json::Bool(is),
            Scalar::Number(number) => Json::Number(number),
            Scalar::Text => Json::String(text.clone()),
            Scalar::NotFinite => {
                reading.error(&node.span, format!("`{text}` is no number that JSON can hold"));
                return None;
            }
        },
        Value::Sequence(items) => {
            let read: Vec<Option<Json>> = items.iter().map(|item| json(item, reading)).collect();
            Json::Array(read.into_iter().collect::<Option<_>>()?)
        }
        Value::Mapping(entries) => {
            let read: Vec<Option<(String, Json)>> = entries
                .iter()
                .map(|entry| Some((key(entry, reading)?, json(&entry.value, reading)?)))
                .collect();
            Json::Object(read.into_iter().collect::<Option<Map<_, _>>>()?)
        }
    })
}

/// A key as text: to `kubectl`, a bare `y` is the boolean and becomes `true`.
fn key(entry: &Entry, reading: &mut Reading) -> Option<String> {
    let quoted = entry
        .key_span
        .text()
        .and_then(|line| line.chars().nth(entry.key_span.column() - 1))
        .is_some_and(|c| matches!(c, '"' | '\''));
    if quoted || reading.yaml == Yaml::Envoy {
        return Some(entry.key.clone());
    }
    match reading.yaml.scalar(&entry.key) {
        Scalar::Text => Some(entry.key.clone()),
        Scalar::Bool(is) => {
            let message = format!("the key `{}` without quotes is the boolean {is} to kubectl", entry.key);
            reading.warn(&entry.key_span, message);
            Some(is.to_string())
        }
        Scalar::Number(number) => {
            Some(number.as_f64().filter(|_| number.is_f64()).map_or(number.to_string(), |f| f.to_string()))
        }
        Scalar::Null | Scalar::NotFinite => {
            reading.error(&entry.key_span, format!("`{}` cannot be a key: put it into quotes", entry.key));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scalar, Yaml};
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn table(yaml: Yaml, rows: &[(&str, Json)]) {
        for (text, expected) in rows {
            let found = match yaml.scalar(text) {
                Scalar::Null => Json::Null,
                Scalar::Bool(is) => Json::Bool(is),
                Scalar::Number(number) => Json::Number(number),
                Scalar::Text => Json::String((*text).to_owned()),
                Scalar::NotFinite => json!({}),
            };
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn kubectl_reads_yaml_1_1() {
        table(
            Yaml::Kubectl,
            &[
                ("yes", json!(true)),
                ("Yes", json!(true)),
                ("yEs", json!("yEs")),
                ("y", json!(true)),
                ("N", json!(false)),
                ("off", json!(false)),
                ("~", Json::Null),
                ("", Json::Null),
                ("nil", json!("nil")),
                ("12", json!(12)),
                ("+12", json!(12)),
                ("-12", json!(-12)),
                ("1_000", json!(1000)),
                ("0777", json!(511)),
                ("0o17", json!(15)),
                ("08", json!(8.0)),
                ("0x1F", json!(31)),
                ("0b101", json!(5)),
                ("-0b1", json!(-1)),
                ("18446744073709551615", json!(18_446_744_073_709_551_615u64)),
                ("-9223372036854775808", json!(i64::MIN)),
                ("12345678901234567890123", json!(12_345_678_901_234_567_890_123.0)),
                ("1.5", json!(1.5)),
                (".5", json!(0.5)),
                ("5.", json!(5.0)),
                ("1e3", json!(1000.0)),
                ("1e999", json!("1e999")),
                ("2024-01-01", json!("2024-01-01")),
                ("1.2.3", json!("1.2.3")),
                ("12:30", json!("12:30")),
                ("-", json!("-")),
                ("_1", json!("_1")),
                (".inf", json!({})),
                ("-.INF", json!({})),
                (".nan", json!({})),
                ("é", json!("é")),
            ],
        );
    }

    #[test]
    fn envoy_keeps_fractions_as_text() {
        table(
            Yaml::Envoy,
            &[
                ("yes", json!(true)),
                ("12", json!(12)),
                ("010", json!(8)),
                ("1.5", json!("1.5")),
                ("9007199254740992", json!(9_007_199_254_740_992u64)),
                ("9007199254740993", json!("9007199254740993")),
                ("null", Json::Null),
            ],
        );
    }
}
