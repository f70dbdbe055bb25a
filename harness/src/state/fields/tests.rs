//! The rules of Envoy's header maps one by one, then all of them against a naive model.

use proptest::prelude::*;

use super::*;
use crate::abi::{Pairs, pairs};

fn fields(kind: FieldsKind, pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new(kind);
    fields.set_pairs(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    fields
}

fn request(pairs: &[(&str, &str)]) -> Fields {
    fields(FieldsKind::Request, pairs)
}

fn shown(fields: &Fields) -> String {
    format!("{fields:?}")
}

#[test]
fn get_ignores_case_and_tells_missing() {
    let map = request(&[(":path", "/"), ("x-m", "1"), ("", "e"), ("x-empty", "")]);
    assert_eq!(map.get(b"X-M"), Some(&b"1"[..]));
    assert_eq!(map.get(b":Path"), Some(&b"/"[..]));
    assert_eq!(map.get(b"x-empty"), Some(&b""[..]));
    assert_eq!(map.get(b"x-none"), None);
    assert_eq!(request(&[]).get(b""), None);
}

#[test]
fn get_host_is_authority_on_requests_only() {
    let map = request(&[(":authority", "a.b")]);
    assert_eq!(map.get(b"Host"), Some(&b"a.b"[..]));
    assert_eq!(fields(FieldsKind::Response, &[(":authority", "a.b")]).get(b"host"), None);
}

#[test]
fn get_of_a_repeated_header_is_the_first() {
    let map = request(&[("x-m", "1"), ("a", ""), ("x-m", "2"), ("x-m", "3")]);
    assert_eq!(map.get(b"x-m"), Some(&b"1"[..]));
    assert_eq!(map.get_all(b"X-m").collect::<Vec<_>>(), [b"1", b"2", b"3"]);
}

#[test]
fn add_plain_header_appends_and_keeps_duplicates() {
    let mut map = request(&[("x-m", "1"), ("b", "2")]);
    map.add(b"x-m", b"3");
    map.add(b"cookie", b"a=1");
    map.add(b"cookie", b"b=2");
    assert_eq!(shown(&map), "[x-m=1][b=2][x-m=3][cookie=a=1][cookie=b=2]");
}

#[test]
fn add_to_inline_header_joins_in_place() {
    let mut map = request(&[("accept", "a"), ("b", "2")]);
    map.add(b"Accept", b"c");
    map.add(b"accept", b"");
    assert_eq!(shown(&map), "[accept=a,c][b=2]");
    let mut map = request(&[("via", "")]);
    map.add(b"via", b"x");
    assert_eq!(shown(&map), "[via=x]");
}

#[test]
fn inline_headers_depend_on_the_kind() {
    let twice = [("etag", "1"), ("accept", "1"), ("etag", "2"), ("accept", "2")];
    assert_eq!(shown(&request(&twice)), "[etag=1][accept=1,2][etag=2]");
    assert_eq!(shown(&fields(FieldsKind::Response, &twice)), "[etag=1,2][accept=1][accept=2]");
    assert_eq!(shown(&fields(FieldsKind::Trailers, &twice)), "[etag=1][accept=1][etag=2][accept=2]");
    let status = [(":status", "200"), (":status", "404")];
    assert_eq!(shown(&fields(FieldsKind::Response, &status)), "[:status=200,404]");
    assert_eq!(shown(&request(&status)), "[:status=200][:status=404]");
}

#[test]
fn add_pseudo_header_joins() {
    let mut map = request(&[(":path", "/p"), (":method", "GET"), (":authority", "ex.com")]);
    map.add(b":path", b"/added");
    map.add(b":method", b"PUT");
    map.add(b":authority", b"other");
    assert_eq!(shown(&map), "[:path=/p,/added][:method=GET,PUT][:authority=ex.com,other]");
}

#[test]
fn add_host_joins_to_authority() {
    let mut map = request(&[(":authority", "ex.com"), ("a", "1")]);
    map.add(b"HOST", b"other");
    assert_eq!(shown(&map), "[:authority=ex.com,other][a=1]");
    let mut map = request(&[("a", "1")]);
    map.add(b"host", b"other");
    assert_eq!(shown(&map), "[:authority=other][a=1]");
}

#[test]
fn add_unknown_pseudo_upper_case_and_empty_names() {
    let mut map = request(&[(":path", "/"), ("a", "1")]);
    map.add(b":weird", b"w");
    map.add(b"X-Up", b"V");
    map.add(b"", b"v");
    assert_eq!(shown(&map), "[:path=/][:weird=w][a=1][x-up=V][=v]");
    map.add(b":weird", b"x");
    assert_eq!(map.get_all(b":weird").count(), 2);
}

#[test]
fn replace_missing_adds() {
    let mut map = request(&[("a", "1")]);
    map.replace(b"B", b"2");
    assert_eq!(shown(&map), "[a=1][b=2]");
}

#[test]
fn replace_existing_moves_to_the_end() {
    let mut map = request(&[(":path", "/"), (":method", "GET"), ("a", "1"), ("b", "2"), ("a", "3")]);
    map.replace(b"a", b"4");
    map.replace(b":path", b"/q");
    assert_eq!(shown(&map), "[:method=GET][:path=/q][b=2][a=4]");
    map.replace(b"host", b"h");
    assert_eq!(shown(&map), "[:method=GET][:path=/q][:authority=h][b=2][a=4]");
}

#[test]
fn replace_with_empty_value_keeps_the_header() {
    let mut map = request(&[("a", "1")]);
    map.replace(b"a", b"");
    assert_eq!((shown(&map).as_str(), map.get(b"a")), ("[a=]", Some(&b""[..])));
}

#[test]
fn remove_missing_and_repeated() {
    let mut map = request(&[(":path", "/"), ("a", "1"), ("b", "2"), ("A", "3")]);
    assert_eq!(map.remove(b"none"), 0);
    assert_eq!(map.remove(b"A"), 2);
    assert_eq!(map.remove(b":path"), 1);
    map.add(b":late", b"");
    assert_eq!(shown(&map), "[:late=][b=2]");
}

#[test]
fn set_pairs_clears_orders_joins_and_folds() {
    let mut map = request(&[("old", "1")]);
    let pairs = [("X-A", "1"), ("accept", "x"), (":path", "/"), ("Accept", "y"), (":method", "GET")];
    map.set_pairs(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    assert_eq!(shown(&map), "[:path=/][:method=GET][x-a=1][accept=x,y]");
    map.set_pairs([]);
    assert!(map.is_empty());
}

#[test]
fn set_pairs_of_a_malformed_list_empties() {
    let mut map = request(&[("old", "1")]);
    map.set_pairs(Pairs::parse(b"\x01").unwrap_or_default());
    assert!(map.is_empty());
}

#[test]
fn overwrite_keeps_the_position() {
    let mut map = fields(FieldsKind::Response, &[(":status", "200"), ("server", "plugin"), ("a", "1")]);
    map.overwrite(b"server", b"envoy");
    map.overwrite(b"date", b"d");
    assert_eq!(shown(&map), "[:status=200][server=envoy][a=1][date=d]");
    map.overwrite(b"a", b"2");
    assert_eq!(map.get(b"a"), Some(&b"2"[..]));
}

#[test]
fn byte_size_counts_names_and_values() {
    assert_eq!(request(&[("accept", "a"), ("accept", "b"), ("x", "")]).byte_size(), 6 + 3 + 1);
    assert_eq!(request(&[]).byte_size(), 0);
}

#[test]
fn edits_without_end_do_not_grow_the_arena() {
    let mut map = request(&[("x-a", "1")]);
    for _ in 0..100_000 {
        map.replace(b"x-a", b"some value");
    }
    assert!(map.arena.capacity() < 4096, "{}", map.arena.capacity());
}

#[derive(Clone, Debug)]
enum Op {
    Add(String, Vec<u8>),
    Replace(String, Vec<u8>),
    Overwrite(String, Vec<u8>),
    Remove(String),
    Set(Vec<(String, Vec<u8>)>),
}

fn name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 12] =
        ["", "a", "A", "x-b", "Accept", "via", "host", "etag", ":path", ":Path", ":weird", ":authority"];
    prop::sample::select(&NAMES).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => prop::collection::vec(any::<u8>(), 0..4), 1 => prop::collection::vec(any::<u8>(), 300)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (name(), value()).prop_map(|(n, v)| Op::Add(n, v)),
        3 => (name(), value()).prop_map(|(n, v)| Op::Replace(n, v)),
        2 => (name(), value()).prop_map(|(n, v)| Op::Overwrite(n, v)),
        2 => name().prop_map(Op::Remove),
        1 => prop::collection::vec((name(), value()), 0..8).prop_map(Op::Set),
    ]
}

/// The rules once more, on a plain list and without care for cost.
struct Model(FieldsKind, Vec<(Vec<u8>, Vec<u8>)>);

impl Model {
    fn key(&self, name: &str) -> Vec<u8> {
        match name.to_ascii_lowercase().as_str() {
            "host" if self.0 == FieldsKind::Request => b":authority".to_vec(),
            lower => lower.as_bytes().to_vec(),
        }
    }

    fn add(&mut self, name: &str, value: &[u8]) {
        let key = self.key(name);
        let first = self.1.iter_mut().find(|(other, _)| *other == key);
        match first {
            Some((_, old)) if self.0.is_inline(&key) => {
                let parts: Vec<&[u8]> = [&old[..], value].into_iter().filter(|p| !p.is_empty()).collect();
                *old = parts.join(&b","[..]);
            }
            _ => {
                self.1.push((key, value.to_vec()));
                self.1.sort_by_key(|(name, _)| name.first() != Some(&b':'));
            }
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Add(name, value) => self.add(name, value),
            Op::Replace(name, value) => {
                self.apply(&Op::Remove(name.clone()));
                self.add(name, value);
            }
            Op::Overwrite(name, value) => {
                let key = self.key(name);
                match self.1.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, old)) => old.clone_from(value),
                    None => self.add(name, value),
                }
            }
            Op::Remove(name) => {
                let key = self.key(name);
                self.1.retain(|(other, _)| *other != key);
            }
            Op::Set(pairs) => {
                self.1.clear();
                pairs.iter().for_each(|(name, value)| self.add(name, value));
            }
        }
    }
}

fn apply(map: &mut Fields, op: &Op) {
    match op {
        Op::Add(name, value) => map.add(name.as_bytes(), value),
        Op::Replace(name, value) => map.replace(name.as_bytes(), value),
        Op::Overwrite(name, value) => map.overwrite(name.as_bytes(), value),
        Op::Remove(name) => {
            map.remove(name.as_bytes());
        }
        Op::Set(pairs) => map.set_pairs(pairs.iter().map(|(name, value)| (name.as_bytes(), &value[..]))),
    }
}

proptest! {
    #[test]
    fn any_edits_give_what_the_model_gives(
        kind in prop::sample::select(&[FieldsKind::Request, FieldsKind::Response, FieldsKind::Trailers][..]),
        ops in prop::collection::vec(op(), 0..40),
    ) {
        let mut map = Fields::new(kind);
        let mut model = Model(kind, Vec::new());
        for op in &ops {
            apply(&mut map, op);
            model.apply(op);
            let want = model.1.iter().map(|(name, value)| (&name[..], &value[..]));
            prop_assert!(map.iter().eq(want.clone()), "{op:?}: {map:?}");
            prop_assert_eq!(map.len(), model.1.len());
            prop_assert_eq!(map.byte_size(), model.1.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>());
            let mut bytes = vec![0xee; map.serialized_len()];
            map.serialize_into(&mut bytes);
            prop_assert_eq!(bytes, pairs::serialize(want));
            prop_assert_eq!(&map.clone(), &map);
        }
    }
}
