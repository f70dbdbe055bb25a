//! Properties that are protobuf messages: read as a whole in serialized form, or field by field.
//!
//! Serves: the node of the proxy and the metadata of routes, clusters and listeners (Envoy 1.40, observed).

use super::PropertyValue;
use crate::abi::protobuf::{put_bytes, put_double, put_number};

/// A message: the fields that can be asked for, set or not. An unset field reads as the default of its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message(Vec<Field>);

#[derive(Clone, Debug, PartialEq)]
struct Field {
    number: u32,
    name: &'static str,
    kind: FieldKind,
    value: PropertyValue,
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// By its value: number, text, message, or a list of these.
    Plain,
    /// A map, as `google.protobuf.Struct`.
    Struct,
    /// A map of maps, as `map<string, google.protobuf.Struct>`.
    Structs,
}

impl Message {
    /// Adds a field.
    #[must_use]
    pub fn field(mut self, number: u32, name: &'static str, kind: FieldKind, value: PropertyValue) -> Self {
        self.0.push(Field { number, name, kind, value });
        self
    }

    /// Every field: its name and its value.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &PropertyValue)> {
        self.0.iter().map(|field| (field.name, &field.value))
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&PropertyValue> {
        self.0.iter().find(|field| field.name.as_bytes() == name).map(|field| &field.value)
    }

    pub(super) fn get_mut(&mut self, name: &[u8]) -> Option<&mut PropertyValue> {
        self.0.iter_mut().find(|field| field.name.as_bytes() == name).map(|field| &mut field.value)
    }

    /// Appends the serialized form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for field in &self.0 {
            match (field.kind, &field.value) {
                (FieldKind::Plain, PropertyValue::List(elements)) => {
                    elements.iter().for_each(|element| put_plain(out, field.number, element));
                }
                (FieldKind::Plain, value) => put_plain(out, field.number, value),
                (FieldKind::Struct, PropertyValue::Map(entries)) if !entries.is_empty() => {
                    put_bytes(out, field.number, &struct_of(entries));
                }
                (FieldKind::Structs, PropertyValue::Map(entries)) => {
                    for (key, value) in entries {
                        let inner =
                            if let PropertyValue::Map(inner) = value { struct_of(inner) } else { Vec::new() };
                        put_entry(out, field.number, key, &inner);
                    }
                }
                (FieldKind::Struct | FieldKind::Structs, _) => {}
            }
        }
    }
}

/// A field that has its default is not written.
fn put_plain(out: &mut Vec<u8>, number: u32, value: &PropertyValue) {
    match value {
        PropertyValue::Bytes(bytes) if !bytes.is_empty() => put_bytes(out, number, bytes),
        PropertyValue::Int(value) if *value != 0 => put_number(out, number, value.cast_unsigned()),
        PropertyValue::Uint(value) if *value != 0 => put_number(out, number, *value),
        PropertyValue::Bool(true) => put_number(out, number, 1),
        PropertyValue::Double(value) if *value != 0.0 => put_double(out, number, *value),
        PropertyValue::Message(message) => {
            let mut inner = Vec::new();
            message.encode(&mut inner);
            if !inner.is_empty() {
                put_bytes(out, number, &inner);
            }
        }
        _ => {}
    }
}

/// An entry of a protobuf map from text to messages.
fn put_entry(out: &mut Vec<u8>, number: u32, key: &[u8], value: &[u8]) {
    let mut entry = Vec::new();
    put_bytes(&mut entry, 1, key);
    put_bytes(&mut entry, 2, value);
    put_bytes(out, number, &entry);
}

/// `google.protobuf.Struct`.
fn struct_of(entries: &[(Vec<u8>, PropertyValue)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in entries {
        put_entry(&mut out, 1, key, &value_of(value));
    }
    out
}

/// `google.protobuf.Value`.
fn value_of(value: &PropertyValue) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        PropertyValue::Bytes(text) => put_bytes(&mut out, 3, text),
        PropertyValue::Int(number) => put_double(&mut out, 2, *number as f64),
        PropertyValue::Uint(number) => put_double(&mut out, 2, *number as f64),
        PropertyValue::Double(number) => put_double(&mut out, 2, *number),
        PropertyValue::Bool(truth) => put_number(&mut out, 4, u64::from(*truth)),
        PropertyValue::Map(entries) => put_bytes(&mut out, 5, &struct_of(entries)),
        PropertyValue::List(elements) => {
            let mut list = Vec::new();
            elements.iter().for_each(|element| put_bytes(&mut list, 1, &value_of(element)));
            put_bytes(&mut out, 6, &list);
        }
        _ => put_number(&mut out, 1, 0),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> PropertyValue {
        PropertyValue::Bytes(text.as_bytes().to_vec())
    }

    fn map(entries: &[(&str, PropertyValue)]) -> PropertyValue {
        PropertyValue::Map(
            entries.iter().map(|(key, value)| (key.as_bytes().to_vec(), value.clone())).collect(),
        )
    }

    fn encoded(message: Message) -> Vec<u8> {
        let mut out = Vec::new();
        PropertyValue::Message(message).encode(&mut out).unwrap();
        out
    }

    #[test]
    fn defaults_are_not_written() {
        let inner = Message::default().field(1, "zone", FieldKind::Plain, text(""));
        let message = Message::default()
            .field(1, "id", FieldKind::Plain, text(""))
            .field(3, "metadata", FieldKind::Struct, map(&[]))
            .field(4, "locality", FieldKind::Plain, PropertyValue::Message(inner))
            .field(5, "number", FieldKind::Plain, PropertyValue::Uint(0));
        assert_eq!(encoded(message), b"");
    }

    #[test]
    fn fields_structs_and_maps_of_structs() {
        let structure =
            map(&[("k", text("v")), ("n", PropertyValue::Int(1)), ("t", PropertyValue::Bool(true))]);
        let message = Message::default()
            .field(2, "names", FieldKind::Plain, PropertyValue::List(vec![text("a"), text("b")]))
            .field(3, "metadata", FieldKind::Struct, map(&[("k", text("v"))]))
            .field(4, "all", FieldKind::Structs, map(&[("ns", structure)]));
        let want = b"\x12\x01a\x12\x01b\
            \x1a\x0a\x0a\x08\x0a\x01k\x12\x03\x1a\x01v\
            \x22\x29\x0a\x02ns\x12\x23\x0a\x08\x0a\x01k\x12\x03\x1a\x01v\
            \x0a\x0e\x0a\x01n\x12\x09\x11\0\0\0\0\0\0\xf0\x3f\x0a\x07\x0a\x01t\x12\x02\x20\x01";
        let got = encoded(message);
        assert_eq!(got[..18], want[..18]);
        assert_eq!(got.escape_ascii().to_string(), want.escape_ascii().to_string());
    }

    #[test]
    fn one_descends_by_name_and_a_map_reads_as_pairs() {
        let node = Message::default().field(3, "metadata", FieldKind::Struct, map(&[("k", text("v"))]));
        let node = PropertyValue::Message(node);
        assert_eq!(node.descend([&b"metadata"[..], b"k"]), Ok(&text("v")));
        assert!(node.descend([&b"nope"[..]]).is_err());
    }
}
