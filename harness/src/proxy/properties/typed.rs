//! Properties that a plugin declared as protobuf messages, read as values and field by field.
//!
//! Envoy reads any message that it is built with. Here are the well-known types and Envoy's `Metadata`; of other types the
//! whole is read, and no field. A type that Envoy does not know is no value at all (Envoy 1.40, observed).

use std::net::SocketAddr;

use crate::abi::protobuf::{ProtoFields, ProtoValue};
use crate::state::PropertyValue;

/// What stands before the name of a type.
const PREFIX: &str = "type.googleapis.com/";

/// Types are known by these packages.
const PACKAGES: [&str; 4] = ["google.protobuf.", "google.rpc.", "envoy.", "xds."];

/// The message as a value: those that stand for a value are that value, others are their bytes. `Null` for what is no
/// message of its type, or of no type that Envoy knows.
pub(super) fn message(type_url: &str, bytes: &[u8]) -> PropertyValue {
    value(type_url, bytes).unwrap_or(PropertyValue::Null)
}

fn value(type_url: &str, bytes: &[u8]) -> Option<PropertyValue> {
    let name = type_url.strip_prefix(PREFIX)?;
    if !PACKAGES.iter().any(|package| name.starts_with(package)) {
        return None;
    }
    Some(match name {
        "google.protobuf.Struct" => PropertyValue::Map(structure(bytes)?),
        "google.protobuf.ListValue" => PropertyValue::List(list(bytes)?),
        "google.protobuf.Value" => any(bytes)?,
        "google.protobuf.StringValue" | "google.protobuf.BytesValue" => {
            PropertyValue::Bytes(match last(bytes, 1)? {
                Some(ProtoValue::Bytes(text)) => text.to_vec(),
                _ => Vec::new(),
            })
        }
        "google.protobuf.BoolValue" => PropertyValue::Bool(number(bytes, 1)? != 0),
        "google.protobuf.Int32Value" | "google.protobuf.Int64Value" => {
            PropertyValue::Int(number(bytes, 1)?.cast_signed())
        }
        "google.protobuf.UInt32Value" | "google.protobuf.UInt64Value" => {
            PropertyValue::Uint(number(bytes, 1)?)
        }
        "google.protobuf.DoubleValue" => PropertyValue::Double(double(last(bytes, 1)?)),
        "google.protobuf.FloatValue" => PropertyValue::Double(match last(bytes, 1)? {
            Some(ProtoValue::Fixed32(bits)) => f32::from_le_bytes(bits).into(),
            _ => 0.0,
        }),
        "google.protobuf.Duration" | "google.protobuf.Timestamp" => {
            let seconds = number(bytes, 1)?.cast_signed();
            let nanos = number(bytes, 2)?.cast_signed();
            PropertyValue::Int(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
        }
        _ => {
            last(bytes, 1)?;
            PropertyValue::Bytes(bytes.to_vec())
        }
    })
}

/// What can be read below the name of a message.
pub(super) fn fields(type_url: &str, bytes: &[u8]) -> Option<PropertyValue> {
    match type_url.strip_prefix(PREFIX)? {
        "envoy.config.core.v3.Metadata" => {
            let namespaces = entries(bytes, |inner| structure(inner).map(PropertyValue::Map))?;
            Some(PropertyValue::Map(vec![(b"filter_metadata".to_vec(), PropertyValue::Map(namespaces))]))
        }
        _ => value(type_url, bytes)
            .filter(|value| matches!(value, PropertyValue::Map(_) | PropertyValue::List(_))),
    }
}

/// The fields of an address.
pub(super) fn address(text: &[u8]) -> Option<PropertyValue> {
    let address: SocketAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
    let ip = PropertyValue::Bytes(address.ip().to_string().into_bytes());
    let port = PropertyValue::Int(address.port().into());
    Some(PropertyValue::Map(vec![(b"ip".to_vec(), ip), (b"port".to_vec(), port)]))
}

/// The last value of a field: `Some(None)` when it is not set, `None` when the bytes are no message.
fn last(bytes: &[u8], field: u32) -> Option<Option<ProtoValue<'_>>> {
    let mut found = None;
    for one in ProtoFields(bytes) {
        let (number, value) = one.ok()?;
        if number == field {
            found = Some(value);
        }
    }
    Some(found)
}

fn number(bytes: &[u8], field: u32) -> Option<u64> {
    match last(bytes, field)? {
        Some(ProtoValue::Varint(number)) => Some(number),
        _ => Some(0),
    }
}

fn double(value: Option<ProtoValue<'_>>) -> f64 {
    match value {
        Some(ProtoValue::Fixed64(bits)) => f64::from_le_bytes(bits),
        _ => 0.0,
    }
}

/// The fields of a `google.protobuf.Struct`.
fn structure(bytes: &[u8]) -> Option<Vec<(Vec<u8>, PropertyValue)>> {
    entries(bytes, any)
}

/// The entries of a map in field 1, by name; of two with one name the last counts.
fn entries(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Option<PropertyValue>,
) -> Option<Vec<(Vec<u8>, PropertyValue)>> {
    let mut found: Vec<(Vec<u8>, PropertyValue)> = Vec::new();
    for one in ProtoFields(bytes) {
        let (1, ProtoValue::Bytes(entry)) = one.ok()? else { continue };
        let part = |field| match last(entry, field)? {
            Some(ProtoValue::Bytes(part)) => Some(part),
            _ => Some(&b""[..]),
        };
        let (key, value) = (part(1)?, read(part(2)?)?);
        found.retain(|(known, _)| known != key);
        found.push((key.to_vec(), value));
    }
    Some(found)
}

fn list(bytes: &[u8]) -> Option<Vec<PropertyValue>> {
    let mut found = Vec::new();
    for one in ProtoFields(bytes) {
        if let (1, ProtoValue::Bytes(element)) = one.ok()? {
            found.push(any(element)?);
        }
    }
    Some(found)
}

/// A `google.protobuf.Value`: its last field counts.
fn any(bytes: &[u8]) -> Option<PropertyValue> {
    let mut value = PropertyValue::Null;
    for one in ProtoFields(bytes) {
        value = match one.ok()? {
            (2, ProtoValue::Fixed64(bits)) => PropertyValue::Double(f64::from_le_bytes(bits)),
            (3, ProtoValue::Bytes(text)) => PropertyValue::Bytes(text.to_vec()),
            (4, ProtoValue::Varint(truth)) => PropertyValue::Bool(truth != 0),
            (5, ProtoValue::Bytes(inner)) => PropertyValue::Map(structure(inner)?),
            (6, ProtoValue::Bytes(inner)) => PropertyValue::List(list(inner)?),
            (1..=6, _) => PropertyValue::Null,
            _ => value,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRUCT: &[u8] = b"\x0a\x09\x0a\x01k\x12\x04\x1a\x02vv";

    fn of(name: &str, bytes: &[u8]) -> PropertyValue {
        message(&format!("{PREFIX}{name}"), bytes)
    }

    fn text(text: &str) -> PropertyValue {
        PropertyValue::Bytes(text.as_bytes().to_vec())
    }

    /// As Envoy 1.40 read them.
    #[test]
    fn what_stands_for_a_value_is_that_value() {
        let map = PropertyValue::Map(vec![(b"k".to_vec(), text("vv"))]);
        assert_eq!(of("google.protobuf.Struct", STRUCT), map);
        assert_eq!(of("google.protobuf.StringValue", b"\x0a\x02hi"), text("hi"));
        assert_eq!(
            of("google.protobuf.ListValue", b"\x0a\x03\x1a\x01a"),
            PropertyValue::List(vec![text("a")])
        );
        assert_eq!(of("google.protobuf.Value", b"\x1a\x01a"), text("a"));
        assert_eq!(of("google.protobuf.Duration", b"\x08\x05"), PropertyValue::Int(5_000_000_000));
        assert_eq!(of("google.protobuf.Timestamp", b"\x08\x05"), PropertyValue::Int(5_000_000_000));
        assert_eq!(of("google.protobuf.BoolValue", b"\x08\x01"), PropertyValue::Bool(true));
        assert_eq!(message("google.protobuf.Struct", STRUCT), PropertyValue::Null);
        assert_eq!(of("no.such.Type", STRUCT), PropertyValue::Null);
    }

    #[test]
    fn fields_are_read_below_maps_and_lists() {
        let url = format!("{PREFIX}google.protobuf.Struct");
        let down = |bytes: &[u8]| fields(&url, bytes)?.descend([&b"k"[..]]).ok().cloned();
        assert_eq!(down(STRUCT), Some(text("vv")));
        assert_eq!(down(b"\xff\xff\xff"), None);
        assert_eq!(fields(&format!("{PREFIX}google.protobuf.StringValue"), b"\x0a\x02hi"), None);
        let metadata = b"\x0a\x10\x0a\x02ns\x12\x0a\x0a\x08\x0a\x01a\x12\x03\x1a\x01b";
        let read = fields(&format!("{PREFIX}envoy.config.core.v3.Metadata"), metadata).unwrap();
        assert_eq!(read.descend([&b"filter_metadata"[..], b"ns", b"a"]), Ok(&text("b")));
        let ports = address(b"1.2.3.4:80").unwrap();
        assert_eq!(ports.descend([&b"port"[..]]), Ok(&PropertyValue::Int(80)));
    }
}
