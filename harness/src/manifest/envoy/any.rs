//! `google.protobuf.Any`: what type a message has, and the bytes that a plugin gets of it.
//!
//! Source: Envoy 1.40, `source/common/protobuf/utility.h`: the text of a `StringValue`, the bytes of a `BytesValue`, and of
//! everything else, `Struct` included, the serialized message, although the comment in `wasm.proto` promises JSON.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use serde_json::Value as Json;

use super::protobuf::Encoder;
use crate::manifest::read::Reading;
use crate::manifest::read::field::{Field, Message};

/// The types of Envoy's own way to hold a message whose type it does not know.
pub(crate) const TYPED_STRUCTS: [&str; 2] = ["udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct"];

/// The name of the type in an url of one, which is what follows its last slash.
pub(crate) fn type_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// The bytes of a configuration; nothing, with an error, when they cannot be known.
pub(crate) fn bytes(field: &Field<'_>, reading: &mut Reading) -> Option<Vec<u8>> {
    let mut any = field.message(reading)?;
    let Some(url) = any.field("@type") else {
        if any.node.entries().is_some_and(|entries| !entries.is_empty()) {
            field.wrong("has no `@type`, which says what it is", reading);
            return None;
        }
        return Some(Vec::new());
    };
    let url = url.text(reading)?;
    let name = type_name(&url);
    let done = known(name, &mut any, field, reading);
    match done {
        Done::Bytes(bytes) => {
            any.close(reading);
            bytes
        }
        Done::Unknown => {
            let message = format!(
                "{}: a configuration of type {name} reaches the plugin as a serialized protobuf message, which is \
                 not known here",
                field.path
            );
            let hint = "google.protobuf.StringValue gives the plugin its text".to_owned();
            reading.error_with(field.span(), message, Some(hint));
            None
        }
    }
}

enum Done {
    Bytes(Option<Vec<u8>>),
    Unknown,
}

fn known(name: &str, any: &mut Message<'_>, field: &Field<'_>, reading: &mut Reading) -> Done {
    let mut encoder = Encoder::default();
    let Some(kind) = name.strip_prefix("google.protobuf.") else {
        return if TYPED_STRUCTS.contains(&name) {
            Done::Bytes(typed_struct(any, field, reading))
        } else {
            Done::Unknown
        };
    };
    let value = any.field("value");
    let bytes = match (kind, value) {
        ("Empty", _) => Some(Vec::new()),
        ("StringValue", Some(value)) => value.text(reading).map(String::into_bytes),
        ("BytesValue", Some(value)) => base64(&value, reading),
        ("Struct", value) => {
            serialized(field, reading);
            let json = value.map_or(Some(Json::Object(serde_json::Map::new())), |value| value.json(reading));
            match json {
                Some(Json::Object(members)) => {
                    encoder.object(&members);
                    Some(encoder.0)
                }
                Some(_) => {
                    field.wrong("a Struct has a mapping as its `value`", reading);
                    None
                }
                None => None,
            }
        }
        ("BoolValue", Some(value)) => value.boolean(reading).map(|is| {
            encoder.number(u64::from(is));
            encoder.0
        }),
        ("Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value", Some(value)) => {
            value.whole(i64::MIN, i64::MAX, reading).map(|number| {
                encoder.number(number.cast_unsigned());
                encoder.0
            })
        }
        ("DoubleValue" | "FloatValue", Some(value)) => {
            let number = value.node.scalar().and_then(|text| text.parse::<f64>().ok());
            if number.is_none() {
                value.wrong("expected a number", reading);
            }
            number.map(|number| {
                if kind == "FloatValue" {
                    encoder.float(number as f32)
                } else {
                    encoder.double(number)
                }
                encoder.0
            })
        }
        (
            "StringValue" | "BytesValue" | "BoolValue" | "Int32Value" | "Int64Value" | "UInt32Value"
            | "UInt64Value" | "DoubleValue" | "FloatValue",
            None,
        ) => Some(Vec::new()),
        _ => return Done::Unknown,
    };
    Done::Bytes(bytes)
}

fn serialized(field: &Field<'_>, reading: &mut Reading) {
    let message = format!(
        "{}: the plugin gets a serialized protobuf message, not JSON text; its keys come in no defined order",
        field.path
    );
    reading.warn(field.span(), message);
}

fn typed_struct(any: &mut Message<'_>, field: &Field<'_>, reading: &mut Reading) -> Option<Vec<u8>> {
    serialized(field, reading);
    let mut encoder = Encoder::default();
    if let Some(url) = any.field("type_url") {
        encoder.bytes(1, url.text(reading)?.as_bytes());
    }
    if let Some(Json::Object(members)) = any.field("value").and_then(|value| value.json(reading)) {
        encoder.nested(2, |inner| inner.object(&members));
    }
    Some(encoder.0)
}

/// Bytes in protobuf's JSON form: base64 of either alphabet, padded or not.
pub(crate) fn base64(field: &Field<'_>, reading: &mut Reading) -> Option<Vec<u8>> {
    let text = field.text(reading)?;
    let text: String = text.split_whitespace().collect();
    let decoded = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD]
        .iter()
        .find_map(|alphabet| alphabet.decode(text.as_bytes()).ok());
    if decoded.is_none() {
        field.wrong("is no base64", reading);
    }
    decoded
}
