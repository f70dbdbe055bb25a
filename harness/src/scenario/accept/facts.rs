//! What a passage showed, as the values of expectations: the status, the header fields that plugins touched, who
//! answered, the calls.

use std::ops::Range;

use super::super::document::source::{Entry, Node};
use super::super::run::{Passage, Run};
use super::super::step::{Step, StepKind};
use super::super::value::bytes::write_bytes;
use crate::abi::{BufferType, MapType, Pairs, Status};
use crate::proxy::transcript::{Arg, Args, Kind, Party, What, show_bytes};
use crate::proxy::{Call, CallKind, StreamId};
use crate::state::show;

/// The keys below `expect`, outermost first, and the value.
pub(super) type Fact = (Vec<String>, Node);

/// The longest body that is written down.
const LONGEST_BODY: usize = 200;

/// What the passage of `step` showed.
pub(super) fn facts(run: &Run, step: &Step, passage: &Passage) -> Vec<Fact> {
    let mut facts = Vec::new();
    let seen = Seen { run, events: passage.events.clone() };
    let touched = seen.touched();
    if let Some(stream) = passage.stream {
        let answered = seen.head(stream, Party::ClientReceives);
        if let Some(head) = &answered {
            facts.push(fact(&["response", "status"], status(head)));
            fields(&mut facts, "response", head, &touched.response);
            let body = seen.body(stream, Party::ClientReceives);
            if touched.response_body {
                facts.extend(body_fact("response", &body));
            }
        }
        let local = seen.local(stream);
        if let Some((plugin, _)) = &local {
            facts.push(fact(&["local_response", "plugin"], Node::text(plugin)));
        }
        match seen.head(stream, Party::UpstreamReceives) {
            Some(head) => {
                fields(&mut facts, "upstream_request", &head, &touched.request);
                if touched.request_body {
                    facts.extend(body_fact("upstream_request", &seen.body(stream, Party::UpstreamReceives)));
                }
            }
            None if local.is_some() && matches!(step.kind, StepKind::Request(_)) => {
                facts.push(fact(&["upstream_request"], Node::text("none")));
            }
            None => {}
        }
    }
    let calls = &run.calls[passage.calls.clone()];
    for (key, http) in [("http_calls", true), ("grpc_calls", false)] {
        let made: Vec<Node> =
            calls.iter().filter(|call| (call.kind == CallKind::Http) == http).map(call_node).collect();
        if !made.is_empty() {
            facts.push(fact(&[key], Node::sequence(made)));
        }
    }
    facts
}

/// What was there in the place of the expectation `what`; nothing when that is no single value.
pub(super) fn actual(run: &Run, passage: &Passage, what: &str) -> Option<Node> {
    let seen = Seen { run, events: 0..passage.events.end };
    if what == "took" {
        return Some(Node::plain(show(passage.took)));
    }
    if let Some((list, key)) = what.split_once("].") {
        let (list, at) = list.split_once('[')?;
        let calls = run.calls[passage.calls.clone()].iter();
        let mut calls = calls.filter(|call| (call.kind == CallKind::Http) == (list == "http_calls"));
        if !matches!(list, "http_calls" | "grpc_calls") {
            return None;
        }
        return call_node(calls.nth(at.parse().ok()?)?).get(key).cloned();
    }
    let (part, key) = what.split_once('.')?;
    let stream = passage.stream?;
    let party = match part {
        "response" => Party::ClientReceives,
        "upstream_request" => Party::UpstreamReceives,
        "local_response" => {
            let (plugin, status) = seen.local(stream)?;
            return match key {
                "plugin" => Some(Node::text(plugin)),
                "status" => Some(Node::plain(status)),
                _ => None,
            };
        }
        _ => return None,
    };
    let head = seen.head(stream, party)?;
    match (part, key) {
        ("response", "status") => Some(status(&head)),
        ("upstream_request", "method" | "path" | "authority") => {
            value(&head, format!(":{key}").as_bytes()).filter(|value| value.scalar().is_some())
        }
        (_, "body") => body_fact(part, &seen.body(stream, party)).map(|(_, body)| body),
        _ => value(&head, key.strip_prefix("headers.")?.as_bytes()),
    }
}

/// What all passages showed, and whether they differ.
pub(super) fn common(seen: &[Vec<Fact>]) -> (Vec<Fact>, bool) {
    let Some((first, rest)) = seen.split_first() else { return (Vec::new(), false) };
    let common: Vec<Fact> =
        first.iter().filter(|fact| rest.iter().all(|other| other.contains(fact))).cloned().collect();
    let differ = seen.iter().any(|one| one.len() != common.len());
    (common, differ)
}

/// The facts as one mapping.
pub(super) fn tree(facts: &[Fact]) -> Node {
    let mut entries: Vec<Entry> = Vec::new();
    let mut keys: Vec<&String> = facts.iter().filter_map(|(path, _)| path.first()).collect();
    keys.dedup();
    for (index, key) in keys.iter().enumerate() {
        if keys[..index].contains(key) {
            continue;
        }
        let below: Vec<Fact> = facts
            .iter()
            .filter(|(path, _)| path.first() == Some(key))
            .map(|(path, value)| (path[1..].to_vec(), value.clone()))
            .collect();
        let value = match below.as_slice() {
            [(path, value)] if path.is_empty() => value.clone(),
            _ => tree(&below),
        };
        entries.push(Entry::new(key.as_str(), value));
    }
    Node::mapping(entries)
}

fn fact(path: &[&str], value: Node) -> Fact {
    (path.iter().map(|key| (*key).to_owned()).collect(), value)
}

/// The fields of a head that plugins touched; a pseudo header has a key of its own.
fn fields(facts: &mut Vec<Fact>, part: &str, head: &[u8], touched: &[Vec<u8>]) {
    for name in touched {
        let value = value(head, name);
        match name.as_slice() {
            b":method" | b":path" | b":authority" => {
                let key = show_bytes(&name[1..]);
                facts.extend(value.map(|value| fact(&[part, &key], value)));
            }
            [b':', ..] => {}
            name if std::str::from_utf8(name).is_err() => {}
            name => {
                let absent = || Node::mapping(vec![Entry::new("absent", Node::plain(true))]);
                let name = String::from_utf8_lossy(name);
                facts.push(fact(&[part, "headers", &name], value.unwrap_or_else(absent)));
            }
        }
    }
}

/// The value of a field, or the list of its values.
fn value(head: &[u8], name: &[u8]) -> Option<Node> {
    let same = |key: &&[u8]| key.eq_ignore_ascii_case(name);
    let values = Pairs::parse(head).ok()?.filter(|(key, _)| same(key)).map(|(_, value)| write_bytes(value));
    let mut values: Vec<Node> = values.collect();
    match values.len() {
        0 => None,
        1 => values.pop(),
        _ => Some(Node::sequence(values)),
    }
}

fn status(head: &[u8]) -> Node {
    let status = value(head, b":status");
    Node::plain(status.as_ref().and_then(Node::scalar).unwrap_or("0"))
}

fn body_fact(part: &str, body: &[u8]) -> Option<Fact> {
    let short = body.len() <= LONGEST_BODY && std::str::from_utf8(body).is_ok();
    short.then(|| fact(&[part, "body"], write_bytes(body)))
}

fn call_node(call: &Call) -> Node {
    let mut entries = vec![Entry::new("cluster", Node::text(&call.cluster))];
    let mut put = |key: &str, value: &str| entries.push(Entry::new(key, Node::text(value)));
    match call.kind {
        CallKind::Http => {
            put("method", call.method());
            put("path", call.path());
        }
        _ => {
            put("service", call.service());
            put("method", call.rpc());
        }
    }
    if call.status != Status::Ok {
        put("status", &call.status.to_string());
    }
    Node::mapping(entries)
}

/// A stretch of a run's transcript.
struct Seen<'r> {
    run: &'r Run,
    events: Range<usize>,
}

/// What plugins touched.
#[derive(Default)]
struct Touched {
    request: Vec<Vec<u8>>,
    response: Vec<Vec<u8>>,
    request_body: bool,
    response_body: bool,
}

impl Seen<'_> {
    fn kinds(&self) -> impl DoubleEndedIterator<Item = Kind> + '_ {
        self.run.transcript.events()[self.events.clone()].iter().map(|event| event.kind)
    }

    fn messages(
        &self,
        stream: StreamId,
        party: Party,
    ) -> impl DoubleEndedIterator<Item = (What, Vec<u8>)> + '_ {
        self.kinds().filter_map(move |kind| match kind {
            Kind::Message { stream: of, party: by, what, data } if of == stream && by == party => {
                Some((what, self.run.transcript.bytes(data).to_vec()))
            }
            _ => None,
        })
    }

    fn head(&self, stream: StreamId, party: Party) -> Option<Vec<u8>> {
        let mut heads = self.messages(stream, party).rev();
        heads.find(|(what, _)| matches!(what, What::Head { .. })).map(|(_, data)| data)
    }

    fn body(&self, stream: StreamId, party: Party) -> Vec<u8> {
        let data = self.messages(stream, party).filter(|(what, _)| matches!(what, What::Data { .. }));
        data.flat_map(|(_, data)| data).collect()
    }

    /// The plugin that answered, and with which status.
    fn local(&self, stream: StreamId) -> Option<(String, u16)> {
        self.kinds().find_map(|kind| match kind {
            Kind::LocalResponse { stream: of, plugin, status, .. } if of == stream => {
                let plugin = show_bytes(self.run.transcript.bytes(plugin));
                (!plugin.is_empty()).then_some((plugin, status))
            }
            _ => None,
        })
    }

    fn touched(&self) -> Touched {
        let mut touched = Touched::default();
        for kind in self.kinds() {
            let Kind::Hostcall { row, args, .. } = kind else { continue };
            let args: Vec<Arg<'_>> = Args(self.run.transcript.bytes(args)).collect();
            let first = match args.first() {
                Some(Arg::Number(number)) => u32::try_from(*number).unwrap_or(u32::MAX),
                _ => u32::MAX,
            };
            match row.name {
                "proxy_add_header_map_value"
                | "proxy_replace_header_map_value"
                | "proxy_remove_header_map_value" => {
                    if let (Some(names), Some(Arg::Bytes(name))) = (touched.map(first), args.get(1)) {
                        note(names, name);
                    }
                }
                "proxy_set_header_map_pairs" => {
                    if let (Some(names), Some(Arg::Pairs(pairs))) = (touched.map(first), args.get(1)) {
                        note_all(names, pairs);
                    }
                }
                "proxy_set_buffer_bytes" => match BufferType::from_abi(first) {
                    Some(BufferType::HttpRequestBody) => touched.request_body = true,
                    Some(BufferType::HttpResponseBody) => touched.response_body = true,
                    _ => {}
                },
                "proxy_send_local_response" => {
                    touched.response_body = true;
                    for arg in &args {
                        if let Arg::Pairs(pairs) = arg {
                            note_all(&mut touched.response, pairs);
                        }
                    }
                }
                _ => {}
            }
        }
        touched
    }
}

impl Touched {
    fn map(&mut self, map: u32) -> Option<&mut Vec<Vec<u8>>> {
        match MapType::from_abi(map)? {
            MapType::RequestHeaders => Some(&mut self.request),
            MapType::ResponseHeaders => Some(&mut self.response),
            _ => None,
        }
    }
}

fn note_all(names: &mut Vec<Vec<u8>>, pairs: &[u8]) {
    for (name, _) in Pairs::parse(pairs).into_iter().flatten() {
        note(names, name);
    }
}

fn note(names: &mut Vec<Vec<u8>>, name: &[u8]) {
    let name = name.to_ascii_lowercase();
    // The date is the clock's, and the framing is the proxy's own.
    let told =
        !name.is_empty() && ![&b"date"[..], b"content-length", b"transfer-encoding"].contains(&&name[..]);
    if told && !names.contains(&name) {
        names.push(name);
    }
}
