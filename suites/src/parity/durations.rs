//! Durations that Envoy measures, and what their digits do to lengths.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::views::Views;

/// By how many digits the durations in some bytes have more than one, which is what the mock's have.
pub(super) fn more_digits(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    static LONG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(?-u)x-envoy-upstream-service-time[=: ]+[0-9]([0-9]+)").expect("a constant")
    });
    LONG.captures_iter(bytes).map(|found| found[1].len() as u64)
}

/// Makes Envoy's lines that differ from the mock's by the lengths of measured durations alone as the mock's are.
pub(super) fn shorten(envoy: &mut Views, mock: &Views, more: &BTreeSet<u64>) {
    if more.is_empty() {
        return;
    }
    for (one, other) in envoy.log.iter_mut().zip(&mock.log) {
        if longer(one, other, more) {
            one.clone_from(other);
        }
    }
    for (one, other) in envoy.abi.iter_mut().zip(&mock.abi) {
        if is_length(one) && longer(one, other, more) {
            one.clone_from(other);
        }
    }
}

/// Whether a line of the trace tells a length: a call of an allocator, or of the host with bytes. An answer never does.
fn is_length(line: &str) -> bool {
    ["malloc(", "proxy_on_memory_allocate(", "(#", ", #"].iter().any(|what| line.contains(what))
}

/// Whether two lines are equal but for numbers that are larger in the first by one of `more`.
fn longer(one: &str, other: &str, more: &BTreeSet<u64>) -> bool {
    let (ones, others) = (parts(one), parts(other));
    one != other
        && ones.len() == others.len()
        && ones.iter().zip(&others).all(|(one, other)| {
            let numbers = one.parse::<u64>().ok().zip(other.parse::<u64>().ok());
            one == other || numbers.is_some_and(|(one, other)| more.iter().any(|by| other + by == one))
        })
}

/// A line as numbers and what stands between them.
fn parts(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|next: char| next.is_ascii_digit() != digits).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views(log: &str, abi: &[&str]) -> Views {
        Views {
            log: vec![log.to_owned()],
            abi: abi.iter().map(|line| (*line).to_owned()).collect(),
            ..Views::default()
        }
    }

    #[test]
    fn the_digits_of_a_duration_are_taken_out_of_lengths_and_of_nothing_else() {
        let raw = b"x-envoy-upstream-service-time: 123\r\nx-envoy-upstream-service-time: 4";
        let more: BTreeSet<u64> = more_digits(raw).collect();
        assert_eq!(more, BTreeSet::from([2]));
        let mock =
            views("p info: p 2 95 [a=1]", &["p malloc(95)", "proxy_log(2, #17)", "-> 0", "p malloc(7)"]);
        let mut envoy =
            views("p info: p 2 97 [a=1]", &["p malloc(97)", "proxy_log(2, #19)", "-> 2", "p malloc(8)"]);
        shorten(&mut envoy, &mock, &more);
        assert_eq!(envoy.log, mock.log);
        assert_eq!(envoy.abi, ["p malloc(95)", "proxy_log(2, #17)", "-> 2", "p malloc(8)"]);
        assert!(!longer("p 2 97 [a=1]", "p 2 95 [b=1]", &more));
    }
}
