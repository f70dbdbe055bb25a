//! The same scenario on the mock, and its views.

use proxy_wasm_harness::abi::{Pairs, pairs::Pair};
use proxy_wasm_harness::proxy::Transcript;
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind, Party, What, show_bytes};

use super::normalise;
use super::views::{self, Views};

/// The views of a transcript.
pub(super) fn views(transcript: &Transcript) -> Views {
    let mut views = Views { http: http(transcript), ..Views::default() };
    let mut depth = 0;
    for event in transcript.events() {
        calls(&mut views, transcript, event.kind, &mut depth);
    }
    views
}

fn calls(views: &mut Views, transcript: &Transcript, kind: Kind, depth: &mut usize) {
    let indent = |depth: usize| "  ".repeat(depth);
    match kind {
        Kind::Callback { vm, callback, args, len } => {
            let args: Vec<String> =
                args[..usize::from(len)].iter().map(|arg| (*arg as i32 as u32).to_string()).collect();
            let (vm, name) = (transcript.vm_name(vm), callback.name());
            views.abi.push(format!("{}{vm} {name}({})", indent(*depth), args.join(", ")));
            *depth += 1;
        }
        Kind::Returned { value, .. } => {
            *depth = depth.saturating_sub(1);
            let value = normalise::returned(value.map(i64::from), *depth > 0);
            views.abi.push(format!("{}-> {value}", indent(*depth)));
        }
        Kind::Hostcall { row, args, .. } => {
            let shown: Vec<String> = if row.module == "env" {
                Args(transcript.bytes(args)).map(arg).collect()
            } else {
                Vec::new()
            };
            views.abi.push(format!("{}{}({})", indent(*depth), row.name, shown.join(", ")));
            *depth += 1;
        }
        Kind::Answered { status, errno, .. } => {
            *depth = depth.saturating_sub(1);
            let value = status
                .map(|status| status.to_abi().to_string())
                .or_else(|| errno.map(|errno| errno.to_string()))
                .unwrap_or_else(|| "void".to_owned());
            views.abi.push(format!("{}-> {value}", indent(*depth)));
        }
        Kind::Trap { vm, callback, message } => {
            *depth = depth.saturating_sub(1);
            let message = String::from_utf8_lossy(transcript.bytes(message)).into_owned();
            let line = views::trap_line(transcript.vm_name(vm), callback.name(), &message);
            views.abi.push(format!("{}{line}", indent(*depth)));
            views.log.push(line);
        }
        Kind::Unimplemented { row, .. } => {
            views.abi.push(format!("{}{} is not implemented", indent(*depth), row.name));
        }
        Kind::Log { vm, level, message, .. } => {
            let message = show_bytes(transcript.bytes(message));
            views.log.push(format!("{} {}: {message}", transcript.vm_name(vm), level_word(level)));
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
        Arg::Bytes(bytes) | Arg::Pairs(bytes) => format!("#{}", bytes.len()),
        Arg::OutOfBounds(len) => format!("#{len}"),
    }
}

/// What each end of each stream received.
fn http(transcript: &Transcript) -> Vec<String> {
    let mut streams: Vec<Ends> = Vec::new();
    for event in transcript.events() {
        let Kind::Message { stream, party, what, data } = event.kind else { continue };
        if streams.len() <= stream.0 {
            streams.resize_with(stream.0 + 1, Ends::default);
        }
        let ends = &mut streams[stream.0];
        let bytes = transcript.bytes(data);
        match party {
            Party::UpstreamReceives => ends.upstream.part(what, bytes),
            Party::ClientReceives => ends.client.part(what, bytes),
            Party::ClientSends if what == What::Reset => ends.left = true,
            Party::ClientSends | Party::UpstreamSends => {}
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
    left: bool,
}

impl Ends {
    fn lines(&self, out: &mut Vec<String>, number: usize) {
        if self.upstream.has_head {
            out.push(format!("#{number} upstream receives"));
            self.upstream.lines(out);
            let over = self.upstream.cut || self.left || self.client.complete || self.client.cut;
            out.push(views::ending(self.upstream.complete, over).to_owned());
        }
        out.push(format!("#{number} client receives"));
        self.client.lines(out);
        let left = self.left && !self.client.complete;
        let ending =
            if left { "  the client has left" } else { views::ending(self.client.complete, self.client.cut) };
        out.push(ending.to_owned());
    }
}

/// What one end received.
#[derive(Default)]
struct End {
    has_head: bool,
    head: Vec<String>,
    chunked: bool,
    pieces: Vec<Vec<u8>>,
    trailers: Vec<String>,
    complete: bool,
    cut: bool,
}

impl End {
    fn part(&mut self, what: What, bytes: &[u8]) {
        match what {
            What::Head { end_stream } => {
                self.has_head = true;
                self.complete = end_stream;
                let fields: Vec<Pair<'_>> = Pairs::parse(bytes).into_iter().flatten().collect();
                self.chunked = fields.iter().any(|(name, value)| {
                    name.eq_ignore_ascii_case(b"transfer-encoding") && value.ends_with(b"chunked")
                });
                head(&mut self.head, &fields);
            }
            What::Data { end_stream } => {
                self.pieces.push(bytes.to_vec());
                self.complete |= end_stream;
            }
            What::Trailers => {
                for (name, value) in Pairs::parse(bytes).into_iter().flatten() {
                    self.trailers.push(format!("  trailer {}", show_bytes(&[name, b": ", value].concat())));
                }
                self.complete = true;
            }
            What::End => self.complete = true,
            What::Reset => self.cut = true,
        }
    }

    fn lines(&self, out: &mut Vec<String>) {
        out.extend(self.head.iter().cloned());
        if self.chunked {
            out.extend(self.pieces.iter().map(|piece| views::piece_line(piece)));
        } else if !self.pieces.is_empty() {
            out.push(views::piece_line(&self.pieces.concat()));
        }
        out.extend(self.trailers.iter().cloned());
    }
}

/// The lines that HTTP/1.1 makes of a head.
fn head(out: &mut Vec<String>, fields: &[Pair<'_>]) {
    let find = |name: &[u8]| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let first = match (find(b":status"), find(b":method")) {
        (Some(status), _) => [b"HTTP/1.1 ", status].concat(),
        (None, method) => {
            [method.unwrap_or_default(), b" ", find(b":path").unwrap_or_default(), b" HTTP/1.1"].concat()
        }
    };
    let written: Vec<Vec<u8>> = fields
        .iter()
        .filter_map(|(name, value)| match *name {
            b":authority" => Some([b"host: ", *value].concat()),
            name if name.starts_with(b":") => None,
            name => Some([name, b": ", *value].concat()),
        })
        // What a line end in a name or value does on the wire is to begin a line.
        .flat_map(|line| {
            let text: Vec<Vec<u8>> = split_lines(&line);
            text
        })
        .collect();
    views::head_lines(out, &first, written.iter().map(Vec::as_slice));
}

fn split_lines(line: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(at) = super::wire::find(rest, b"\r\n") {
        out.push(rest[..at].to_vec());
        rest = &rest[at + 2..];
    }
    out.push(rest.to_vec());
    out
}
