//! Lists of calls with arguments that are right, nearly right, or anything at all.

use proptest::collection::vec;
use proptest::prelude::*;
use proxy_wasm_harness::abi::Hostcall;

use crate::guest::{CLUSTER, END, ENTRY, LIST, REQUEST, texts};

/// A call: its row, what its callback returns, its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    row: u32,
    name: &'static str,
    result: u32,
    arguments: Vec<i64>,
}

/// Lists for a guest with these rows. What ends a stream is rarer than the rest.
pub(crate) fn lists(rows: &[&'static Hostcall]) -> impl Strategy<Value = Vec<Entry>> + use<> {
    let of_row = |(index, row): (usize, &&'static Hostcall)| {
        let ends =
            ["proxy_send_local_response", "proxy_close_stream", "proxy_continue_stream"].contains(&row.name);
        (
            if ends {
                1
            } else if row.name == "proxy_http_call" {
                16
            } else {
                8
            },
            entry(index as u32, row).boxed(),
        )
    };
    vec(proptest::strategy::Union::new_weighted(rows.iter().enumerate().map(of_row).collect()), 300..500)
}

fn entry(index: u32, row: &'static Hostcall) -> impl Strategy<Value = Entry> + use<> {
    // A pointer and the size behind it are drawn together.
    let mut parts: Vec<BoxedStrategy<Vec<i64>>> = Vec::new();
    let mut names = row.names.iter().peekable();
    while let Some(name) = names.next() {
        let sized = name.ends_with("_data") && names.peek().is_some_and(|next| next.ends_with("_size"));
        if sized && !name.starts_with("return_") {
            names.next();
            parts.push(text(name).boxed());
        } else if name.starts_with("return_") {
            parts.push(place().prop_map(|place| vec![place]).boxed());
        } else {
            parts.push(number().prop_map(|number| vec![number]).boxed());
        }
    }
    (prop_oneof![8 => Just(0_u32), 2 => Just(1), 1 => 2..6_u32, 1 => any::<u32>()], parts).prop_map(
        move |(result, parts)| Entry { row: index, name: row.name, result, arguments: parts.concat() },
    )
}

/// Pointer and size: of the text that is right there, of another, of nothing, of too much, of anything.
fn text(name: &str) -> impl Strategy<Value = Vec<i64>> + use<> {
    let known: Vec<Vec<i64>> =
        texts().into_iter().map(|(at, text)| vec![i64::from(at), text.len() as i64]).collect();
    let right = match name {
        "upstream_name_data" => known[CLUSTER].clone(),
        "headers_map_data" => known[REQUEST].clone(),
        "trailers_map_data" => known[known.len() - 1].clone(),
        _ => known[0].clone(),
    };
    prop_oneof![
        if name.ends_with("map_data") || name == "upstream_name_data" { 30 } else { 1 } => Just(right),
        8 => proptest::sample::select(known),
        1 => (place(), number()).prop_map(|(place, size)| vec![place, size]),
        1 => (0..=64_i64).prop_map(|back| vec![i64::from(END) - back, 32]),
        1 => any::<(u32, u32)>().prop_map(|(at, size)| vec![at.into(), size.into()]),
    ]
}

/// Where an output goes: below the texts, at the edges of the memory, outside of it.
fn place() -> impl Strategy<Value = i64> {
    prop_oneof![
        12 => (1..256_i64).prop_map(|slot| 8 * slot),
        1 => Just(0),
        1 => (0..=16_i64).prop_map(|back| i64::from(END) - back),
        1 => any::<u32>().prop_map(|at| if (LIST..END).contains(&at) { i64::from(END) } else { at.into() }),
        1 => Just(i64::from(u32::MAX)),
    ]
}

/// Ids, kinds, sizes: small, round, largest, anything.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 0..12_i64,
        2 => (0..40_i64).prop_map(|id| 4 * id + 1),
        2 => prop_oneof![Just(-1_i64), Just(i64::from(u32::MAX)), Just(i64::from(i32::MIN)), Just(i64::MIN), Just(i64::MAX)],
        1 => any::<i64>(),
    ]
}

/// The list as the guest reads it.
pub(crate) fn encoded(list: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(list.len() * ENTRY);
    for entry in list {
        let head = [i64::from(entry.row), i64::from(entry.result)];
        let arguments = entry.arguments.iter().copied().chain(std::iter::repeat(0));
        for word in head.into_iter().chain(arguments).take(ENTRY / 8) {
            out.extend_from_slice(&word.to_le_bytes());
        }
        debug_assert!(!entry.name.is_empty());
    }
    out
}
