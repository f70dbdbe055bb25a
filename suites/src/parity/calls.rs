//! Calls of plugins, as the clusters receive and answer them.
//!
//! A connection to a cluster carries one call after another (HTTP/1.1) or many at a time (HTTP/2), and is kept as long as
//! Envoy keeps it: whether one is idle decides what `proxy_http_call` answers to some calls.

use std::collections::BTreeMap;
use std::time::Instant;

use proxy_wasm_harness::state::{Answer, AnswerKind, Protocol};

use super::peer::Peer;
use super::render::{self, Act, Ending, To};
use super::render_h2;
use super::script::Script;
use super::todo::Todo;
use super::wire::{Kind, Message};

/// A connection to a cluster.
#[derive(Debug)]
struct Line {
    cluster: String,
    peer: Peer,
    /// Where the call begins that is under way (HTTP/1.1).
    from: usize,
    /// Calls by stream; in HTTP/1.1 the one that is under way, by 0.
    calls: BTreeMap<u32, usize>,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) cluster: String,
    pub(super) message: Message,
    /// How many calls of the cluster came before it.
    pub(super) number: usize,
    line: usize,
    stream: u32,
    todo: Todo,
    answered: bool,
    /// Pieces of a gRPC server's answer that wait for messages of the plugin, and how many came.
    waiting: Vec<Act>,
    heard: usize,
    after: std::time::Duration,
}

impl Call {
    /// How many pieces of its answer the cluster has sent.
    pub(super) fn answered_pieces(&self) -> usize {
        self.todo.done
    }
}

/// All calls of a scenario.
#[derive(Debug, Default)]
pub(super) struct Calls {
    lines: Vec<Line>,
    pub(super) all: Vec<Call>,
    /// What the clusters answer.
    scripts: BTreeMap<String, (Script, Protocol)>,
}

impl Calls {
    pub(super) fn new(scripts: BTreeMap<String, (Script, Protocol)>) -> Self {
        Self { scripts, ..Self::default() }
    }

    /// Whether the next call of a cluster finds nobody.
    pub(super) fn refuses(&self, cluster: &str) -> bool {
        self.scripts.get(cluster).and_then(|(script, _)| script.peek()).is_some_and(render::is_refusal)
    }

    /// The protocol of a cluster.
    pub(super) fn protocol(&self, cluster: &str) -> Protocol {
        self.scripts.get(cluster).map_or(Protocol::Http1, |(_, protocol)| *protocol)
    }

    /// A connection to a cluster.
    pub(super) fn connected(&mut self, cluster: &str, peer: Peer) {
        self.lines.push(Line { cluster: cluster.to_owned(), peer, from: 0, calls: BTreeMap::new() });
    }

    /// Reads what has come on any connection.
    pub(super) fn read(&mut self) -> bool {
        let mut any = false;
        for line in 0..self.lines.len() {
            any |= self.lines[line].peer.read();
            self.take(line);
        }
        any
    }

    fn take(&mut self, at: usize) {
        let streams: Vec<u32> = match &self.lines[at].peer.h2 {
            Some(h2) => h2.streams().keys().copied().collect(),
            None => vec![0],
        };
        for stream in streams {
            let line = &mut self.lines[at];
            let mut message = line.peer.message_at(Kind::Request, line.from, stream);
            if let Some(call) = line.calls.get(&stream) {
                // What follows a request on its connection is the next one.
                if line.peer.h2.is_none() && message.complete {
                    message.stray.clear();
                }
                self.all[*call].message = message;
                continue;
            }
            if !message.has_head {
                continue;
            }
            let cluster = line.cluster.clone();
            line.calls.insert(stream, self.all.len());
            let number = self.all.iter().filter(|call| call.cluster == cluster).count();
            self.all.push(Call {
                cluster,
                message,
                number,
                line: at,
                stream,
                todo: Todo::default(),
                answered: false,
                waiting: Vec::new(),
                heard: 0,
                after: std::time::Duration::ZERO,
            });
        }
    }

    /// Begins to answer the calls that have come.
    pub(super) fn answer(&mut self) {
        for at in 0..self.all.len() {
            let call = &self.all[at];
            let (cluster, complete) = (call.cluster.clone(), call.message.complete);
            if call.answered {
                self.answer_messages(at);
                continue;
            }
            let script = self.scripts.get_mut(&cluster).map(|(script, _)| script);
            // A stream of messages is answered before its end, anything else when it is there.
            let streams = script.as_ref().is_some_and(|script| {
                script.peek().is_some_and(|answer| matches!(answer.kind, AnswerKind::Grpc(_)))
            });
            if !(complete || streams && self.lines[call.line].peer.h2.is_some()) {
                continue;
            }
            if let Some(answer) = script.and_then(Script::next) {
                self.begin(at, &answer, complete);
            }
        }
    }

    fn begin(&mut self, at: usize, answer: &Answer, complete: bool) {
        let call = &mut self.all[at];
        call.answered = true;
        call.after = answer.after;
        let head_request = call.message.is_head_request();
        let stream = call.stream;
        let acts = match (&mut self.lines[call.line].peer.h2, &answer.kind) {
            (Some(h2), AnswerKind::Grpc(grpc)) if !complete => {
                call.waiting = render_h2::grpc_answer(h2, stream, grpc);
                // Metadata come at once; without messages nothing waits for one.
                let at_once = if grpc.messages.is_empty() { call.waiting.len() } else { 1 };
                call.waiting.drain(..at_once).collect()
            }
            (Some(h2), kind) => render_h2::answer(h2, stream, kind, head_request, Ending::Ends),
            (None, kind) => {
                let to = if head_request { To::Head } else { To::Any };
                render::answer(kind, to, Ending::Ends)
            }
        };
        call.todo.then(answer.after, acts);
        self.answer_messages(at);
    }

    /// Each message of a plugin lets one of the server's go, and the last one the end.
    fn answer_messages(&mut self, at: usize) {
        let call = &mut self.all[at];
        let come = grpc_messages(&call.message.pieces.concat());
        while !call.waiting.is_empty() && (call.heard < come || call.message.complete) {
            call.heard += 1;
            let count = if call.waiting.len() == 2 || call.message.complete { call.waiting.len() } else { 1 };
            let acts: Vec<Act> = call.waiting.drain(..count).collect();
            let after = call.after;
            call.todo.then(after, acts);
        }
    }

    /// When something is to be done next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.all.iter().filter_map(|call| call.todo.due()).min()
    }

    /// The calls that have something to do now.
    pub(super) fn ready(&self) -> impl Iterator<Item = usize> {
        let now = Instant::now();
        (0..self.all.len()).filter(move |at| self.all[*at].todo.due().is_some_and(|due| due <= now))
    }

    /// Does one thing for a call.
    pub(super) fn act(&mut self, at: usize) -> bool {
        let call = &mut self.all[at];
        let line = &mut self.lines[call.line];
        let done = call.todo.act(&mut line.peer);
        if line.peer.h2.is_none() && call.todo.due().is_none() && call.message.complete {
            // Answered: what comes next on the connection is another call.
            let raw = line.peer.socket.raw.len();
            let rest = line.peer.message_at(Kind::Request, line.from, 0).stray.len();
            line.from = raw - rest;
            line.calls.clear();
        }
        done
    }
}

/// How many whole gRPC messages there are.
fn grpc_messages(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
        let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some(next) = rest.get(size..) else { break };
        bytes = next;
        count += 1;
    }
    count
}
