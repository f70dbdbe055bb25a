//! The JSON text that Istio makes of a plugin's configuration.
//!
//! Compact, keys sorted bytewise, every number a double, `<`, `>` and `&` escaped; an empty map, or none, is zero
//! bytes. Serves: Istio's `pluginConfig` (observed with jsonpb v1.5.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Number, Value as Json};

/// The bytes that the plugin reads.
#[must_use]
pub fn plugin_config(json: &Json) -> Vec<u8> {
    if json.as_object().is_some_and(serde_json::Map::is_empty) {
        return Vec::new();
    }
    let mut text = String::new();
    value(json, &mut text);
    text.into_bytes()
}

fn value(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(is) => out.push_str(if *is { "true" } else { "false" }),
        Json::Number(of) => out.push_str(&number(of)),
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                value(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            // Strings order bytewise.
            let sorted: BTreeMap<&str, &Json> = members.iter().map(|(key, of)| (key.as_str(), of)).collect();
            out.push('{');
            for (index, (key, of)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                value(of, out);
            }
            out.push('}');
        }
    }
}

/// The shortest digits that give the double back, with an exponent only below 1e-6 or from 1e21.
fn number(of: &Number) -> String {
    let double = of.as_f64().unwrap_or_default();
    let size = double.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{double:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    double.to_string()
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// The same text as Go before 1.22 writes it, and with it Istio before 1.22: no short forms of backspace and form feed.
#[must_use]
pub(crate) fn without_short_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, (byte == b'\\').then(|| bytes.next()).flatten()) {
            (_, Some(b'b')) => out.extend(b"\\u0008"),
            (_, Some(b'f')) => out.extend(b"\\u000c"),
            (_, Some(&escaped)) => out.extend([byte, escaped]),
            (_, None) => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{plugin_config, without_short_escapes};
    use serde_json::{Value, json};

    #[track_caller]
    fn gives(json: &str, expected: &str) {
        let value: Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(String::from_utf8(plugin_config(&value)).expect("text"), expected, "{json}");
    }

    #[test]
    fn numbers_are_doubles() {
        for (written, expected) in [
            ("1.0", "1"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("1.5e-7", "1.5e-7"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("1.25e300", "1.25e+300"),
            ("-0.0", "-0"),
            ("9007199254740993", "9007199254740992"),
            ("12345678901234567890", "12345678901234567000"),
            ("0.1", "0.1"),
            ("-2", "-2"),
        ] {
            gives(&format!("[{written}]"), &format!("[{expected}]"));
        }
    }

    #[test]
    fn keys_are_sorted_at_every_level() {
        gives(
            r#"{"b": 1, "a": {"z": 1, "Z": 2}, "ä": [], "~": {}}"#,
            r#"{"a":{"Z":2,"z":1},"b":1,"~":{},"ä":[]}"#,
        );
    }

    #[test]
    fn literals_stay_and_null_members_are_kept() {
        gives("[null, true, false]", "[null,true,false]");
        gives(r#"{"a": null}"#, r#"{"a":null}"#);
    }

    #[test]
    fn strings_and_keys_are_escaped_for_html() {
        let value = json!({"<k>": "a&b \u{2028}\u{2029} \u{8}\u{c}\n\r\t\"\\ \u{1} / \u{7f} é 😀"});
        assert_eq!(
            String::from_utf8(plugin_config(&value)).expect("text"),
            "{\"\\u003ck\\u003e\":\"a\\u0026b \\u2028\\u2029 \\b\\f\\n\\r\\t\\\"\\\\ \\u0001 / \u{7f} é 😀\"}"
        );
    }

    #[test]
    fn old_versions_of_go_have_no_short_forms_of_two_controls() {
        let text = plugin_config(&json!({"a\u{8}": "\u{c}\n\\b\\\u{8}\""}));
        assert_eq!(
            String::from_utf8(without_short_escapes(&text)).expect("text"),
            r#"{"a\u0008":"\u000c\n\\b\\\u0008\""}"#
        );
    }

    #[test]
    fn an_empty_map_is_nothing_an_empty_list_is_not() {
        gives("{}", "");
        gives("[]", "[]");
        gives(r#"{"a": {}}"#, r#"{"a":{}}"#);
    }
}
