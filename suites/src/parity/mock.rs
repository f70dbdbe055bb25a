//! The same scenario on the mock, and its views.

use proxy_wasm_harness::abi::{Pairs, pairs::Pair};
use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind as EventKind, Party, What};

use super::normalise;
use super::views::{self, Views};
use super::wire::{self, Kind, Message};

/// The views of a transcript.
pub(super) fn views(transcript: &Transcript) -> Views {
    let mut views = Views { http: http(transcript), ..Views::default() };
    let mut depth = 0;
    for event in transcript.events() {
        calls(&mut views, transcript, event.kind, &mut depth);
    }
    normalise::clock_reads(&mut views.abi);
    views
}

fn calls(views: &mut Views, transcript: &Transcript, kind: EventKind, depth: &mut usize) {
    let indent = |depth: usize| "  ".repeat(depth);
    match kind {
        EventKind::Callback { vm, callback, args, len, .. } => {
            let args: Vec<String> =
                args[..usize::from(len)].iter().map(|arg| (*arg as i32 as u32).to_string()).collect();
            let (vm, name) = (transcript.vm_name(vm), callback.name());
            views.abi.push(format!("{}{vm} {name}({})", indent(*depth), args.join(", ")));
            *depth += 1;
        }
        EventKind::Returned { value, .. } => {
            *depth = depth.saturating_sub(1);
            let value = normalise::returned(value.map(i64::from), *depth > 0);
            views.abi.push(format!("{}-> {value}", indent(*depth)));
        }
        EventKind::Hostcall { row, args, .. } => {
            let shown: Vec<String> = if row.module == "env" {
                Args(transcript.bytes(args)).map(arg).collect()
            } else {
                Vec::new()
            };
            views.abi.push(format!("{}{}({})", indent(*depth), row.name, shown.join(", ")));
            *depth += 1;
        }
        EventKind::Answered { status, errno, .. } => {
            *depth = depth.saturating_sub(1);
            let value = status
                .map(|status| status.to_abi().to_string())
                .or_else(|| errno.map(|errno| errno.to_abi().to_string()))
                .unwrap_or_else(|| "void".to_owned());
            views.abi.push(format!("{}-> {value}", indent(*depth)));
        }
        EventKind::Trap { vm, callback, message } => {
            *depth = depth.saturating_sub(1);
            let message = String::from_utf8_lossy(transcript.bytes(message)).into_owned();
            let line = views::trap_line(transcript.vm_name(vm), callback.name(), &message);
            views.abi.push(format!("{}{line}", indent(*depth)));
            views.log.push(line);
        }
        EventKind::Unimplemented { row, .. } => {
            views.abi.push(format!("{}{} is not implemented", indent(*depth), row.name));
        }
        EventKind::Log { vm, level, message, .. } => {
            let message = transcript.bytes(message);
            views.log.push(views::log_line(transcript.vm_name(vm), level_word(level), message));
        }
        _ => {}
    }
}

/// A level as Envoy's log names it.
fn level_word(level: proxy_wasm_harness::abi::LogLevel) -> &'static str {
    use proxy_wasm_harness::abi::LogLevel;
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warning",
        LogLevel::Error => "error",
        LogLevel::Critical => "critical",
    }
}

fn arg(arg: Arg<'_>) -> String {
    match arg {
        Arg::Number(number) => (number as i64).to_string(),
        Arg::Signed(number) => number.to_string(),
        Arg::Bytes(bytes) | Arg::Pairs(bytes) => format!("#{}", bytes.len()),
        Arg::OutOfBounds(len) => format!("#{len}"),
    }
}

/// What each end of each stream received.
fn http(transcript: &Transcript) -> Vec<String> {
    let mut streams: Vec<Ends> = Vec::new();
    for event in transcript.events() {
        let EventKind::Message { stream, party, what, data } = event.kind else { continue };
        if streams.len() <= stream.0 {
            streams.resize_with(stream.0 + 1, Ends::default);
        }
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
            Party::UpstreamSends => {}
        }
    }
    let mut out = Vec::new();
    for (at, ends) in streams.iter().enumerate() {
        ends.lines(&mut out, at + 1);
    }
    out
}

/// What the two ends of a stream received.
#[derive(Default)]
struct Ends {
    upstream: End,
    client: End,
    head_request: bool,
    left: bool,
}

const RESPONSE: Kind = Kind::Response { head_request: false };

impl Ends {
    fn lines(&self, out: &mut Vec<String>, number: usize) {
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
}

impl End {
    fn part(&mut self, receiver: Kind, what: What, bytes: &[u8]) {
        let message = &mut self.message;
        match what {
            What::Head { end_stream } => {
                self.has_head = true;
                self.ended = end_stream;
                let fields: Vec<Pair<'_>> = Pairs::parse(bytes).into_iter().flatten().collect();
                message.head = head(receiver, &fields);
                message.chunked = wire::field(&message.head, "transfer-encoding")
                    .is_some_and(|value| value.ends_with(b"chunked"));
            }
            What::Data { end_stream } => {
                message.pieces.push(bytes.to_vec());
                self.ended |= end_stream;
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
