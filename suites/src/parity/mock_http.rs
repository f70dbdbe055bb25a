//! What client, upstream and clusters received on the mock, as the lines that a real proxy's are compared with.

use std::collections::BTreeMap;

use proxy_wasm_harness::abi::{Pairs, pairs::Pair};
use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::{CallSide, Kind as EventKind, Party, TcpEvent, What};
use proxy_wasm_harness::scenario::{Scenario, StepKind};
use proxy_wasm_harness::state::Protocol;

use super::h2::FIRST_LINE;
use super::simulate::{Called, Simulated};
use super::views;
use super::wire::{self, Kind, Message};

/// The lines of the `http` view: streams in their order, then calls by cluster.
pub(super) fn lines(scenario: &Scenario, simulated: &Simulated) -> Vec<String> {
    let transcript = &simulated.transcript;
    let mut out = Vec::new();
    for (at, ends) in streams(scenario, transcript).iter().enumerate() {
        ends.lines(&mut out, at + 1);
    }
    let mut clusters: BTreeMap<&str, Vec<&Called>> = BTreeMap::new();
    for call in &simulated.calls {
        clusters.entry(&call.cluster).or_default().push(call);
    }
    for (cluster, calls) in clusters {
        let answers = scenario.clusters.get(cluster);
        let protocol = answers.map_or(Protocol::Http1, |all| simulated.cluster_protocol(cluster, all));
        for (at, call) in calls.iter().enumerate() {
            let (mut message, ended) = received(transcript, call, protocol);
            message.join();
            let ending = views::ending(message.complete, ended);
            views::message(&mut out, &views::call_title(cluster, at), &message, ending);
        }
    }
    out
}

/// What a cluster received of a call, and whether the call was given up.
fn received(transcript: &Transcript, call: &Called, protocol: Protocol) -> (Message, bool) {
    let mut end = End { protocol, ..End::default() };
    let mut given_up = false;
    for at in &call.received {
        let EventKind::Call { side, what, data, .. } = transcript.events()[*at].kind else { continue };
        let bytes = transcript.bytes(data);
        match (side, what) {
            (CallSide::Cancels, _) => given_up = true,
            // gRPC messages stand in the transcript without their frames.
            (_, What::Data { .. }) if is_grpc(&end.message) => {
                let framed = [&[0][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat();
                end.part(Kind::Request, what, &framed);
            }
            _ => end.part(Kind::Request, what, bytes),
        }
    }
    (end.read(Kind::Request), given_up)
}

fn is_grpc(message: &Message) -> bool {
    message.head.iter().any(|line| line.starts_with(b"content-type: application/grpc"))
}

/// The protocol of each client, in the order in which streams begin.
fn clients(scenario: &Scenario) -> Vec<Protocol> {
    let steps = scenario.steps.iter().flat_map(|step| {
        let (protocol, count) = match &step.kind {
            StepKind::Request(request) => (request.protocol, step.repeat),
            StepKind::Open(open) => (open.request.protocol, 1),
            StepKind::Connect(_) => (Protocol::Http1, 1),
            _ => (Protocol::Http1, 0),
        };
        std::iter::repeat_n(protocol, count as usize)
    });
    steps.collect()
}

/// What each end of each stream received.
fn streams(scenario: &Scenario, transcript: &Transcript) -> Vec<Ends> {
    let (clients, upstream) = (clients(scenario), scenario.upstream_protocol());
    let mut streams: Vec<Ends> = Vec::new();
    let make_room = |streams: &mut Vec<Ends>, at: usize| {
        while streams.len() <= at {
            let protocol = clients.get(streams.len()).copied().unwrap_or_default();
            let mut ends = Ends::default();
            (ends.client.protocol, ends.upstream.protocol) = (protocol, upstream);
            streams.push(ends);
        }
    };
    for event in transcript.events() {
        let (stream, party, what, data) = match event.kind {
            EventKind::Message { stream, party, what, data } => (stream, party, what, data),
            EventKind::Tcp { stream, event } => {
                make_room(&mut streams, stream.0);
                let ends = &mut streams[stream.0];
                let closed = matches!(event, TcpEvent::Closed(_));
                ends.tcp = Some(ends.tcp.unwrap_or_default() || closed);
                ends.upstream.has_head |= event == TcpEvent::Accepted;
                continue;
            }
            _ => continue,
        };
        make_room(&mut streams, stream.0);
        let ends = &mut streams[stream.0];
        let bytes = transcript.bytes(data);
        match party {
            Party::UpstreamReceives => ends.upstream.part(Kind::Request, what, bytes),
            Party::ClientReceives => ends.client.part(RESPONSE, what, bytes),
            Party::ClientSends => match what {
                What::Reset => ends.left = true,
                What::Head { .. } => ends.head_request = is_head_request(bytes),
                _ => {}
            },
            // Who leaves hears no more.
            Party::UpstreamSends => ends.upstream.cut |= what == What::Reset,
        }
    }
    streams
}

/// What the two ends of a stream received.
#[derive(Default)]
struct Ends {
    upstream: End,
    client: End,
    head_request: bool,
    left: bool,
    /// It is a connection, not an exchange; whether it is closed.
    tcp: Option<bool>,
}

const RESPONSE: Kind = Kind::Response { head_request: false };

impl Ends {
    fn lines(&self, out: &mut Vec<String>, number: usize) {
        if let Some(closed) = self.tcp {
            for (who, end) in [("upstream", &self.upstream), ("client", &self.client)] {
                let bytes = end.message.pieces.concat();
                if who == "client" || end.has_head {
                    views::bytes(out, &format!("#{number} {who} receives"), &bytes, closed || end.ended);
                }
            }
            return;
        }
        let response = self.client.read(Kind::Response { head_request: self.head_request });
        if self.upstream.has_head {
            let request = self.upstream.read(Kind::Request);
            let over = self.upstream.cut || self.left || response.complete || self.client.cut;
            let ending = views::ending(request.complete, over);
            views::message(out, &format!("#{number} upstream receives"), &request, ending);
        }
        let left = self.left && !response.complete;
        let ending = if left { views::LEFT } else { views::ending(response.complete, self.client.cut) };
        views::message(out, &format!("#{number} client receives"), &response, ending);
    }
}

fn is_head_request(fields: &[u8]) -> bool {
    Pairs::parse(fields).into_iter().flatten().any(|(name, value)| name == b":method" && value == b"HEAD")
}

/// What one end received.
#[derive(Default)]
struct End {
    has_head: bool,
    message: Message,
    /// Said to be over.
    ended: bool,
    cut: bool,
    protocol: Protocol,
}

impl End {
    fn part(&mut self, receiver: Kind, what: What, bytes: &[u8]) {
        let message = &mut self.message;
        match what {
            What::Head { end_stream } => {
                self.has_head = true;
                self.ended = end_stream;
                let fields: Vec<Pair<'_>> = Pairs::parse(bytes).into_iter().flatten().collect();
                if self.protocol == Protocol::Http2 {
                    let lines = fields.iter().map(|(name, value)| [name, &b": "[..], value].concat());
                    message.head = std::iter::once(FIRST_LINE.to_vec()).chain(lines).collect();
                    message.chunked = true;
                    return;
                }
                message.head = head(receiver, &fields);
                message.chunked = wire::field(&message.head, "transfer-encoding")
                    .is_some_and(|value| value.ends_with(b"chunked"));
            }
            What::Data { end_stream } => {
                if !bytes.is_empty() {
                    message.pieces.push(bytes.to_vec());
                }
                self.ended |= end_stream;
            }
            What::Metadata => {
                message.metadata.push(wire::metadata(Pairs::parse(bytes).into_iter().flatten()))
            }
            What::Trailers => {
                for (name, value) in Pairs::parse(bytes).into_iter().flatten() {
                    message.trailers.push([name, b": ", value].concat());
                }
                self.ended = true;
            }
            What::End => self.ended = true,
            What::Reset => self.cut = true,
        }
    }

    /// The message as one who believes its framing reads it.
    fn read(&self, receiver: Kind) -> Message {
        let mut message = self.message.clone();
        let head_request = receiver == Kind::Response { head_request: true };
        if !self.has_head || (message.chunked && !head_request) {
            message.complete = self.ended;
            return message;
        }
        let body = message.pieces.concat();
        let raw = [&message.head.join(&b"\r\n"[..])[..], b"\r\n\r\n", &body].concat();
        let read = wire::read(&raw, receiver, self.ended || self.cut);
        message.pieces = read.pieces;
        message.stray = read.stray;
        message.complete = read.complete;
        message
    }
}

/// The lines that HTTP/1.1 makes of a head.
fn head(receiver: Kind, fields: &[Pair<'_>]) -> Vec<Vec<u8>> {
    let find = |name: &[u8]| {
        fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value).unwrap_or_default()
    };
    let first = match receiver {
        Kind::Response { .. } => [b"HTTP/1.1 ", find(b":status")].concat(),
        Kind::Request if find(b":method") == b"CONNECT" => {
            [b"CONNECT ", find(b":authority"), b" HTTP/1.1"].concat()
        }
        Kind::Request => [find(b":method"), b" ", find(b":path"), b" HTTP/1.1"].concat(),
    };
    let written = fields.iter().filter_map(|(name, value)| match *name {
        b":authority" => Some([b"host: ", *value].concat()),
        name if name.starts_with(b":") => None,
        name => Some([name, b": ", *value].concat()),
    });
    // What a line end in a name or value does on the wire is to begin a line.
    std::iter::once(first).chain(written).flat_map(|line| wire::lines(&line)).collect()
}
