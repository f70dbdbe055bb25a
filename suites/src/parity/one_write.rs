//! What we write as one and Envoy reads as several, because no socket takes so much at once.

use std::collections::BTreeSet;

use proxy_wasm_harness::scenario::{Answers, RespondWith, Scenario, StepKind};
use proxy_wasm_harness::state::{Answer, AnswerKind, Chunk, Request};

/// Bytes of a write that loopback delivers as one. A longer one goes in several segments, and Envoy may read when only the
/// first of them is there.
const DELIVERED_AS_ONE: usize = 64 << 10;

/// Callbacks that say how much has come.
const DATA: [&str; 4] = [
    "proxy_on_request_body(",
    "proxy_on_response_body(",
    "proxy_on_downstream_data(",
    "proxy_on_upstream_data(",
];

/// The sizes of what `scenario` writes as one and may arrive in parts.
pub(super) fn sizes(scenario: &Scenario) -> BTreeSet<u64> {
    let mut sizes = BTreeSet::new();
    match &scenario.upstream {
        Answers::Every(one) => of_answer(&mut sizes, one),
        Answers::Each(answers) => answers.iter().for_each(|one| of_answer(&mut sizes, one)),
    }
    for step in &scenario.steps {
        match &step.kind {
            StepKind::Request(request) => of_request(&mut sizes, request),
            StepKind::Open(open) => of_request(&mut sizes, &open.request),
            StepKind::Send(send) => of_chunks(&mut sizes, &send.chunks),
            StepKind::Respond(respond) => match &respond.with {
                RespondWith::Answer(answer) => of_answer(&mut sizes, answer),
                RespondWith::More { chunks, .. } => of_chunks(&mut sizes, chunks),
                RespondWith::Scripted => {}
            },
            StepKind::Data(data) => of_length(&mut sizes, data.bytes.len()),
            _ => {}
        }
    }
    sizes
}

fn of_request(sizes: &mut BTreeSet<u64>, request: &Request) {
    of_chunks(sizes, request.body.pieces());
    request.respond.iter().for_each(|answer| of_answer(sizes, answer));
}

fn of_answer(sizes: &mut BTreeSet<u64>, answer: &Answer) {
    if let AnswerKind::Response(response) = &answer.kind {
        of_chunks(sizes, response.body.pieces());
    }
}

fn of_chunks(sizes: &mut BTreeSet<u64>, chunks: &[Chunk]) {
    chunks.iter().for_each(|chunk| of_length(sizes, chunk.data.len()));
}

fn of_length(sizes: &mut BTreeSet<u64>, length: usize) {
    if length > DELIVERED_AS_ONE {
        sizes.insert(length as u64);
    }
}

/// Makes one callback of those that follow each other, do nothing but go on, and together have seen one of `sizes`.
pub(super) fn join(lines: &mut Vec<String>, sizes: &BTreeSet<u64>) {
    if sizes.is_empty() {
        return;
    }
    let mut at = 0;
    while at < lines.len() {
        if let Some((pairs, joined)) = whole(&lines[at..], sizes) {
            lines.splice(at..at + 2 * pairs - 1, [joined]);
        }
        at += 1;
    }
}

/// The callbacks that begin at the first line and have seen one of `sizes`: how many, and the one that stands for them.
fn whole(lines: &[String], sizes: &BTreeSet<u64>) -> Option<(usize, String)> {
    let (called, mut sum) = part(lines)?;
    let more = lines.chunks_exact(2).skip(1).map_while(part);
    let parts = more.take_while(|(also, _)| *also == called);
    let pairs = 1 + parts
        .take_while(|(_, size)| {
            let goes_on = !sizes.contains(&sum);
            sum += if goes_on { *size } else { 0 };
            goes_on
        })
        .count();
    sizes.contains(&sum).then(|| (pairs, format!("{called}, {sum}, 0)")))
}

/// The call at the first line without its size, and its size, if it is one that goes on at once and is not the last.
fn part(lines: &[String]) -> Option<(&str, u64)> {
    let [call, answer, ..] = lines else { return None };
    let data = DATA.iter().any(|name| call.contains(name));
    let (called, size) = call.strip_suffix(", 0)")?.rsplit_once(", ")?;
    (data && answer == "-> 0").then_some(())?;
    Some((called, size.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(calls: &[&str], sizes: &[u64]) -> Vec<String> {
        let mut lines: Vec<String> =
            calls.iter().flat_map(|call| [(*call).to_owned(), "-> 0".to_owned()]).collect();
        join(&mut lines, &sizes.iter().copied().collect());
        lines.into_iter().filter(|line| line != "-> 0").collect()
    }

    #[test]
    fn the_parts_of_one_write_count_as_one() {
        let (first, rest) = ("p proxy_on_request_body(2, 128000, 0)", "p proxy_on_request_body(2, 72000, 0)");
        let end = "p proxy_on_request_body(2, 0, 1)";
        let whole = "p proxy_on_request_body(2, 200000, 0)";
        assert_eq!(joined(&[first, rest, end], &[200_000]), [whole, end]);
        assert_eq!(joined(&[whole, end], &[200_000]), [whole, end]);
        assert_eq!(joined(&[first, rest, first, rest], &[200_000]), [whole, whole]);
    }

    #[test]
    fn what_is_something_else_stays() {
        let (first, rest) = ("p proxy_on_request_body(2, 128000, 0)", "p proxy_on_request_body(2, 72000, 0)");
        let other = "p proxy_on_response_body(2, 72000, 0)";
        assert_eq!(joined(&[first, rest], &[]), [first, rest]);
        assert_eq!(joined(&[first, rest], &[200_001]), [first, rest]);
        assert_eq!(joined(&[first, other], &[200_000]), [first, other]);
        let mut paused: Vec<String> = [first, "-> 1", rest, "-> 0"].map(str::to_owned).into();
        let as_it_was = paused.clone();
        join(&mut paused, &BTreeSet::from([200_000]));
        assert_eq!(paused, as_it_was);
    }
}
