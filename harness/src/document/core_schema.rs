//! What a bare scalar stands for, by the core schema of YAML 1.2.

use serde_json::{Number, Value as Json};

/// The value of a bare scalar; `None` for numbers without one in JSON (`.inf`, `1e999`).
pub(crate) fn bare(text: &str) -> Option<Json> {
    let (sign, rest) = match text.as_bytes() {
        [b'-', ..] => ("-", &text[1..]),
        [b'+', ..] => ("", &text[1..]),
        _ => ("", text),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return None,
        _ if matches!(rest, ".inf" | ".Inf" | ".INF") => return None,
        _ if digits(rest) => whole(sign, rest, 10)?,
        _ if text.len() > 2
            && text.starts_with("0o")
            && text[2..].bytes().all(|b| matches!(b, b'0'..=b'7')) =>
        {
            whole("", &text[2..], 8)?
        }
        _ if text.len() > 2 && text.starts_with("0x") && text[2..].bytes().all(|b| b.is_ascii_hexdigit()) => {
            whole("", &text[2..], 16)?
        }
        _ if is_float(rest) => Json::Number(Number::from_f64(format!("{sign}{rest}").parse().ok()?)?),
        _ => Json::String(text.to_owned()),
    })
}

/// A whole number; one that 64 bits cannot hold, and `-0`, become a double.
fn whole(sign: &str, digits: &str, radix: u32) -> Option<Json> {
    let signed = format!("{sign}{digits}");
    if let Ok(number) = u64::from_str_radix(&signed, radix) {
        return Some(Json::from(number));
    }
    match i64::from_str_radix(&signed, radix) {
        Ok(number) if number != 0 => Some(Json::from(number)),
        _ if radix == 10 => Number::from_f64(signed.parse().ok()?).map(Json::Number),
        _ => None,
    }
}

/// `1.5`, `.5`, `5.`, `1e3`, as YAML's core schema has them.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && all_digits(e)
    });
    all_digits(before) && all_digits(after) && !(before.is_empty() && after.is_empty()) && exponent
}
