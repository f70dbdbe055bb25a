//! Header fields left out, repeated, emptied, reordered, and filled with bytes that are no text.

use proxy_wasm_harness::state::{Field, Request, Response};

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Field `n` of the request's headers.
    Request(usize),
    /// Field `n` of the response's headers.
    Response(usize),
}

/// The fields that may be in [`Place`]s of an exchange.
#[must_use]
pub fn places(request: &Request, response: Option<&Response>) -> Vec<Place> {
    let of_request = (0..request.headers.len()).map(Place::Request);
    let of_response = (0..response.map_or(0, |response| response.headers.len())).map(Place::Response);
    of_request.chain(of_response).collect()
}

/// Bytes that a field may have on the wire and that are no UTF-8 (RFC 9110, section 5.5, obs-text): a lone continuation,
/// a sequence cut off, an overlong one, and Latin-1.
pub const NOT_UTF8: [&[u8]; 4] = [b"\x80", b"caf\xc3", b"\xc0\xaf", b"na\xefve \xff"];

/// Without every field of the name that field `at` has.
#[must_use]
pub fn without(fields: &[Field], at: usize) -> Vec<Field> {
    fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(&fields[at].0)).cloned().collect()
}

/// With another value in field `at`.
#[must_use]
pub fn with_value(fields: &[Field], at: usize, value: &[u8]) -> Vec<Field> {
    let mut fields = fields.to_vec();
    fields[at].1 = value.to_vec();
    fields
}

/// With field `at` a second time behind it, of this value.
#[must_use]
pub fn repeated_behind(fields: &[Field], at: usize, value: &[u8]) -> Vec<Field> {
    let mut fields = fields.to_vec();
    fields.insert(at + 1, (fields[at].0.clone(), value.to_vec()));
    fields
}

/// With a field of the name of field `at` before it, of this value.
#[must_use]
pub fn repeated_before(fields: &[Field], at: usize, value: &[u8]) -> Vec<Field> {
    let mut fields = fields.to_vec();
    fields.insert(at, (fields[at].0.clone(), value.to_vec()));
    fields
}

/// In the opposite order; fields of one name keep theirs, since that order has a meaning (RFC 9110, section 5.3).
#[must_use]
pub fn reversed(fields: &[Field]) -> Vec<Field> {
    let mut names: Vec<&[u8]> = Vec::new();
    for (name, _) in fields {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    let of_name = |wanted: &[u8]| {
        fields.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).cloned().collect::<Vec<_>>()
    };
    names.into_iter().rev().flat_map(of_name).collect()
}

/// With names in upper case, as HTTP/1.1 clients may send them.
#[must_use]
pub fn upper_case(fields: &[Field]) -> Vec<Field> {
    fields.iter().map(|(name, value)| (name.to_ascii_uppercase(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Vec<Field> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn fields_change_where_they_are_told_to() {
        let all = fields(&[("a", "1"), ("B", "2"), ("b", "3"), ("c", "4")]);
        assert_eq!(without(&all, 2), fields(&[("a", "1"), ("c", "4")]));
        assert_eq!(with_value(&all, 0, b"x")[0], fields(&[("a", "x")])[0]);
        assert_eq!(repeated_behind(&all, 0, b"9")[..2], fields(&[("a", "1"), ("a", "9")]));
        assert_eq!(repeated_before(&all, 0, b"9")[..2], fields(&[("a", "9"), ("a", "1")]));
        assert_eq!(reversed(&all), fields(&[("c", "4"), ("B", "2"), ("b", "3"), ("a", "1")]));
        assert_eq!(upper_case(&all)[0].0, b"A");
    }

    #[test]
    fn the_values_that_are_no_text_are_none_and_pass_the_wire() {
        for value in NOT_UTF8 {
            assert!(std::str::from_utf8(value).is_err());
            assert!(value.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f));
        }
    }
}
