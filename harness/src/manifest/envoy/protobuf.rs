//! The few messages of protobuf whose bytes a plugin can get as its configuration.
//!
//! Source: protobuf's encoding, `google/protobuf/struct.proto`, `wrappers.proto`. Keys of a map are written sorted here;
//! Envoy writes them in no defined order.

use serde_json::Value as Json;

/// The wire type of a field.
const VARINT: u8 = 0;
const DOUBLE: u8 = 1;
const BYTES: u8 = 2;
const FLOAT: u8 = 5;

/// A message while it is written.
#[derive(Debug, Default)]
pub(crate) struct Encoder(pub(crate) Vec<u8>);

impl Encoder {
    fn tag(&mut self, field: u8, wire: u8) {
        self.0.push(field << 3 | wire);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A number, a boolean or a word, in the one field 1 of a wrapper: zero is left out.
    pub(crate) fn number(&mut self, value: u64) {
        if value != 0 {
            self.tag(1, VARINT);
            self.varint(value);
        }
    }

    pub(crate) fn double(&mut self, value: f64) {
        if value.to_bits() != 0 {
            self.tag(1, DOUBLE);
            self.0.extend(value.to_le_bytes());
        }
    }

    pub(crate) fn float(&mut self, value: f32) {
        if value.to_bits() != 0 {
            self.tag(1, FLOAT);
            self.0.extend(value.to_le_bytes());
        }
    }

    pub(crate) fn bytes(&mut self, field: u8, value: &[u8]) {
        self.tag(field, BYTES);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    /// A `google.protobuf.Struct`.
    pub(crate) fn object(&mut self, json: &serde_json::Map<String, Json>) {
        let mut members: Vec<(&String, &Json)> = json.iter().collect();
        members.sort_by_key(|(key, _)| *key);
        for (key, member) in members {
            let mut entry = Self::default();
            entry.bytes(1, key.as_bytes());
            entry.nested(2, |value| value.value(member));
            self.bytes(1, &entry.0);
        }
    }

    /// A `google.protobuf.ListValue`.
    pub(crate) fn list(&mut self, items: &[Json]) {
        for item in items {
            self.nested(1, |value| value.value(item));
        }
    }

    /// A `google.protobuf.Value`: what is chosen is written even if it is zero.
    pub(crate) fn value(&mut self, json: &Json) {
        match json {
            Json::Null => self.0.extend([1 << 3 | VARINT, 0]),
            Json::Number(number) => {
                self.tag(2, DOUBLE);
                self.0.extend(number.as_f64().unwrap_or_default().to_le_bytes());
            }
            Json::String(text) => self.bytes(3, text.as_bytes()),
            Json::Bool(is) => self.0.extend([4 << 3 | VARINT, u8::from(*is)]),
            Json::Object(members) => self.nested(5, |inner| inner.object(members)),
            Json::Array(items) => self.nested(6, |inner| inner.list(items)),
        }
    }

    pub(crate) fn nested(&mut self, field: u8, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Encoder;
    use serde_json::json;

    #[test]
    fn a_struct_is_written_as_protobuf_does() {
        let mut encoder = Encoder::default();
        encoder.object(
            json!({"s": "x", "n": 1.5, "b": false, "z": null, "l": [true], "o": {}})
                .as_object()
                .expect("one"),
        );
        // Written by hand from the encoding: each entry is 0a LEN 0a 01 KEY 12 LEN VALUE.
        let expected: Vec<u8> = [
            &[0x0a, 0x07, 0x0a, 0x01, b'b', 0x12, 0x02, 0x20, 0x00][..],
            &[0x0a, 0x0b, 0x0a, 0x01, b'l', 0x12, 0x06, 0x32, 0x04, 0x0a, 0x02, 0x20, 0x01],
            &[0x0a, 0x0e, 0x0a, 0x01, b'n', 0x12, 0x09, 0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f],
            &[0x0a, 0x07, 0x0a, 0x01, b'o', 0x12, 0x02, 0x2a, 0x00],
            &[0x0a, 0x08, 0x0a, 0x01, b's', 0x12, 0x03, 0x1a, 0x01, b'x'],
            &[0x0a, 0x07, 0x0a, 0x01, b'z', 0x12, 0x02, 0x08, 0x00],
        ]
        .concat();
        assert_eq!(encoder.0, expected);
    }

    #[test]
    fn long_texts_have_long_lengths() {
        let mut encoder = Encoder::default();
        encoder.bytes(1, &[7; 300]);
        assert_eq!(encoder.0[..3], [0x0a, 0xac, 0x02]);
        assert_eq!(encoder.0.len(), 303);
    }

    #[test]
    fn a_wrapper_leaves_zero_out() {
        let mut encoder = Encoder::default();
        encoder.number(0);
        encoder.double(0.0);
        assert!(encoder.0.is_empty());
        encoder.number(300);
        assert_eq!(encoder.0, [0x08, 0xac, 0x02]);
    }
}
