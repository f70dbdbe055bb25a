//! The `abi` view: every callback and hostcall, nested as they ran, between what the other views show.
//!
//! Pointers do not appear: an argument is shown as the bytes that it points at, a result as the bytes written.

use std::fmt::Write as _;

use super::event::{Arg, Args, Kind};
use super::text::show_bytes;
use super::{Event, Transcript};
use crate::abi::{
    AbiVersion, BufferType, CallbackId, Hostcall, LogLevel, MapType, MetricType, Pairs, PeerType, StreamType,
    callback_row,
};

impl Transcript {
    /// Everything.
    #[must_use]
    pub fn abi(&self) -> String {
        self.abi_since(0)
    }

    /// Everything from event `mark` on.
    #[must_use]
    pub fn abi_since(&self, mark: usize) -> String {
        let mut out = String::new();
        let mut depth = 0;
        // The callbacks that run, with their depths: a trap ends one, and the hostcalls in it.
        let mut running = Vec::new();
        let events = &self.events()[mark.min(self.events().len())..];
        let mut index = 0;
        while index < events.len() {
            let event = &events[index];
            match event.kind {
                Kind::Callback { vm, callback, args, len, .. } => {
                    indent(&mut out, event, depth);
                    let _ =
                        writeln!(out, "{} {}", self.vm_name(vm), call(callback, &args[..usize::from(len)]));
                    running.push((callback, depth));
                    depth += 1;
                }
                Kind::Returned { value, .. } => {
                    running.pop();
                    depth = depth.saturating_sub(1);
                    indent(&mut out, event, depth);
                    let _ = match value {
                        Some(value) => writeln!(out, "-> {value}"),
                        None => writeln!(out, "->"),
                    };
                }
                Kind::Hostcall { row, args, .. } => {
                    indent(&mut out, event, depth);
                    let _ = write!(out, "{}({})", row.name, self.arguments(row, args));
                    // A call that nothing happened in is one line.
                    if let Some(Event { kind: answer @ Kind::Answered { .. }, .. }) = events.get(index + 1) {
                        let _ = writeln!(out, "{}", self.answer(answer));
                        index += 1;
                    } else {
                        out.push('\n');
                        depth += 1;
                    }
                }
                Kind::Answered { .. } => {
                    depth = depth.saturating_sub(1);
                    indent(&mut out, event, depth);
                    let _ = writeln!(out, "{}", self.answer(&event.kind).trim_start());
                }
                _ => {
                    if let Kind::Trap { callback, .. } = event.kind
                        && let Some(at) = running.iter().rposition(|(of, _)| *of == callback)
                    {
                        depth = running[at].1;
                        running.truncate(at);
                    }
                    self.http_event(&mut out, event);
                    self.log_event(&mut out, event);
                }
            }
            index += 1;
        }
        out
    }

    pub(super) fn arguments(&self, row: &Hostcall, args: super::Text) -> String {
        let names = named(row);
        let shown: Vec<String> = Args(self.bytes(args))
            .enumerate()
            .map(|(at, arg)| show_arg(names.get(at).copied().unwrap_or(""), arg))
            .collect();
        shown.join(", ")
    }

    fn answer(&self, kind: &Kind) -> String {
        let Kind::Answered { status, errno, results } = *kind else { return String::new() };
        let mut out = match (status, errno) {
            (Some(status), _) => format!(" -> {status}"),
            (None, Some(errno)) => format!(" -> {}", errno.name()),
            (None, None) => String::from(" ->"),
        };
        for arg in Args(self.bytes(results)) {
            let _ = write!(out, " {}", show_arg("", arg));
        }
        out
    }
}

fn indent(out: &mut String, event: &Event, depth: usize) {
    let _ = write!(out, "[{}] {:indent$}", event.at, "", indent = depth * 2);
}

/// Names of the arguments as they are recorded: a pointer and its size are one, outputs are none.
fn named(row: &Hostcall) -> Vec<&'static str> {
    row.names
        .iter()
        .copied()
        .filter(|name| !name.starts_with("return_"))
        .filter(|name| {
            // Not the size of what the data before it points at.
            let what = name.strip_suffix("_size").or_else(|| name.strip_suffix("_count"));
            what.is_none_or(|what| row.names.iter().all(|other| other.strip_suffix("_data") != Some(what)))
        })
        .collect()
}

fn show_arg(name: &str, arg: Arg<'_>) -> String {
    match arg {
        Arg::Number(number) => show_number(name, number),
        Arg::Signed(number) => number.to_string(),
        Arg::Bytes(bytes) => format!("{:?}", show_bytes(bytes)).replace("\\\\", "\\"),
        Arg::OutOfBounds(len) => format!("<{len} bytes out of bounds>"),
        Arg::Pairs(b"") => "{}".to_owned(),
        Arg::Pairs(bytes) => match Pairs::parse(bytes) {
            Ok(pairs) => {
                let fields: Vec<String> =
                    pairs.map(|(key, value)| format!("{}: {}", show_bytes(key), show_bytes(value))).collect();
                format!("{{{}}}", fields.join(", "))
            }
            Err(_) => format!("<malformed pairs {}>", show_bytes(bytes)),
        },
    }
}

fn show_number(name: &str, number: u64) -> String {
    let known = |found: Option<&'static str>| found.map_or_else(|| number.to_string(), str::to_owned);
    let Ok(small) = u32::try_from(number) else { return number.to_string() };
    match name {
        "map_type" => known(MapType::from_abi(small).map(MapType::name)),
        "buffer_type" => known(BufferType::from_abi(small).map(BufferType::name)),
        "stream_type" => known(StreamType::from_abi(small).map(StreamType::name)),
        "log_level" => known(LogLevel::from_abi(small).map(LogLevel::name)),
        "metric_type" => known(MetricType::from_abi(small).map(MetricType::name)),
        "peer_type" => known(PeerType::from_abi(small).map(PeerType::name)),
        _ => number.to_string(),
    }
}

/// A callback with its arguments by name, where the name says more than the number.
pub(super) fn call(callback: CallbackId, args: &[u32]) -> String {
    let row = AbiVersion::ALL
        .into_iter()
        .filter_map(|version| callback_row(callback, version))
        .find(|row| row.params.len() == args.len());
    let shown: Vec<String> = args
        .iter()
        .enumerate()
        .map(|(at, value)| match row.and_then(|row| row.names.get(at)) {
            Some(&name) if name != "context_id" => format!("{name}={}", show_number(name, u64::from(*value))),
            _ => value.to_string(),
        })
        .collect();
    format!("{}({})", callback.name(), shown.join(", "))
}
