//! What is compared: the exchanges, the log and the ABI trace of a scenario, each as lines.
//!
//! Both sides are brought into this one form: Envoy's from sockets and its log, the mock's from its transcript.

use proxy_wasm_harness::abi::{Hostcall, hostcall_in_any, wasi_function};
use proxy_wasm_harness::proxy::transcript::show_bytes;
use proxy_wasm_harness::scenario::Mask;

use super::calls::Call;
use super::exchange::Exchange;
use super::normalise;
use super::play::Played;
use super::trace::{Block, What};
use super::wire::Message;

/// A view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// What client and upstream received.
    Http,
    /// What plugins logged.
    Log,
    /// Every callback and hostcall.
    Abi,
    /// Counters and gauges that plugins defined.
    Stats,
}

impl View {
    /// All views.
    pub const ALL: [Self; 4] = [Self::Http, Self::Log, Self::Abi, Self::Stats];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Log => "log",
            Self::Abi => "abi",
            Self::Stats => "stats",
        }
    }

    /// The view of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }
}

/// The views of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views {
    pub(super) http: Vec<String>,
    pub(super) log: Vec<String>,
    pub(super) abi: Vec<String>,
    pub(super) stats: Vec<String>,
}

impl Views {
    /// Masks what a scenario says cannot be equal.
    pub(super) fn mask(&mut self, masks: &[Mask]) {
        for line in &mut self.log {
            for mask in masks {
                let masked = mask.regex.regex().replace_all(line.as_bytes(), &b"*"[..]);
                *line = String::from_utf8_lossy(&masked).into_owned();
            }
        }
    }

    /// The lines of a view.
    #[must_use]
    pub fn lines(&self, view: View) -> &[String] {
        match view {
            View::Http => &self.http,
            View::Log => &self.log,
            View::Abi => &self.abi,
            View::Stats => &self.stats,
        }
    }
}

/// The views of what was played on Envoy. `vms` are the names of the scenario's VMs by mark; `prefixes` what may stand
/// before a plugin's message.
pub(super) fn of_envoy(
    played: &Played,
    blocks: &[Block],
    vms: &dyn Fn(u32) -> Option<String>,
    prefixes: &[String],
) -> Views {
    let mut views = Views { stats: played.stats.clone(), ..Views::default() };
    for (at, exchange) in played.exchanges.iter().enumerate() {
        http_of_envoy(&mut views.http, at, exchange);
    }
    for (at, link) in played.links.iter().enumerate() {
        for (who, end) in ["upstream", "client"].into_iter().zip(link.ends()) {
            if let Some((received, closed)) = end {
                bytes(&mut views.http, &format!("#{} {who} receives", at + 1), received, closed);
            }
        }
    }
    let mut calls: Vec<&Call> = played.calls.iter().collect();
    calls.sort_by_key(|call| (&call.cluster, call.number));
    for call in calls {
        let ending = ending(call.message.complete, call.message.reset);
        let mut received = call.message.clone();
        received.join();
        message(&mut views.http, &call_title(&call.cluster, call.number), &received, ending);
    }
    trace_lines(&mut views, blocks, vms, prefixes);
    views
}

/// The views of a start: what came of it, and what its VMs did.
pub(super) fn of_start(
    said: &str,
    blocks: &[Block],
    vms: &dyn Fn(u32) -> Option<String>,
    prefixes: &[String],
) -> Views {
    let mut views = Views { http: vec![said.to_owned()], ..Views::default() };
    trace_lines(&mut views, blocks, vms, prefixes);
    views
}

fn trace_lines(
    views: &mut Views,
    blocks: &[Block],
    vms: &dyn Fn(u32) -> Option<String>,
    prefixes: &[String],
) {
    for block in blocks {
        let Some(vm) = block.vm.and_then(vms) else { continue };
        block_lines(views, &vm, block, prefixes);
    }
    normalise::clock_reads(&mut views.abi);
}

fn block_lines(views: &mut Views, vm: &str, block: &Block, prefixes: &[String]) {
    for event in &block.events {
        let indent = "  ".repeat(event.depth);
        match &event.what {
            What::Callback { name, args } => {
                let args: Vec<String> = args.iter().map(i64::to_string).collect();
                views.abi.push(format!("{indent}{vm} {name}({})", args.join(", ")));
            }
            What::Returned(value) => {
                let of_allocator = event.depth > 0;
                views.abi.push(format!("{indent}-> {}", normalise::returned(*value, of_allocator)));
            }
            What::Hostcall { module, name, args } => {
                let row = hostcall_in_any(module, name).or_else(|| wasi_function(module, name));
                let args = row.map_or_else(Vec::new, |row| named_args(row, args));
                views.abi.push(format!("{indent}{name}({})", args.join(", ")));
            }
            What::Answered(value) => {
                let value = value.map_or("void".to_owned(), |value| value.to_string());
                views.abi.push(format!("{indent}-> {value}"));
            }
            What::Log { level, message } => {
                let message = without_prefix(message, prefixes);
                views.log.push(log_line(vm, level, message));
            }
            What::Trap { callback, message } => {
                let line = trap_line(vm, callback, message);
                views.abi.push(format!("{indent}{line}"));
                views.log.push(line);
            }
        }
    }
}

/// The line of a message that a plugin logged.
pub(super) fn log_line(vm: &str, level: &str, message: &[u8]) -> String {
    format!("{vm} {level}: {}", show_bytes(&normalise::message(message)))
}

pub(super) fn trap_line(vm: &str, callback: &str, message: &str) -> String {
    format!("{vm} trap in {}: {}", normalise::trapped_function(callback), normalise::trap(message))
}

/// The arguments that are no pointers: a pointer and its length are the length.
fn named_args(row: &Hostcall, args: &[i64]) -> Vec<String> {
    if row.module != "env" {
        return Vec::new();
    }
    let mut shown = Vec::new();
    let mut at = 0;
    while let (Some(name), Some(arg)) = (row.names.get(at), args.get(at)) {
        let size = row.names.get(at + 1).filter(|next| {
            name.strip_suffix("_data").is_some() && next.strip_suffix("_size") == name.strip_suffix("_data")
        });
        if name.starts_with("return_") {
            at += 1;
        } else if size.is_some() {
            shown.push(format!("#{}", args.get(at + 1).copied().unwrap_or_default()));
            at += 2;
        } else {
            shown.push(arg.to_string());
            at += 1;
        }
    }
    shown
}

/// What the plugin logged, without what Envoy writes before it.
fn without_prefix<'a>(message: &'a [u8], prefixes: &[String]) -> &'a [u8] {
    prefixes
        .iter()
        .filter_map(|prefix| message.strip_prefix(prefix.as_bytes()))
        .min_by_key(|rest| rest.len())
        .unwrap_or(message)
}

fn http_of_envoy(out: &mut Vec<String>, at: usize, exchange: &Exchange) {
    let number = at + 1;
    for (request, closed) in exchange.requests() {
        // A connection that is made and not used is no request.
        if request != Message::default() {
            let ending = ending(request.complete, closed || exchange.over());
            message(out, &format!("#{number} upstream receives"), &request, ending);
        }
    }
    let response = exchange.response();
    let (closed, left) = exchange.closed();
    let ending = if left && !response.complete { LEFT } else { ending(response.complete, closed) };
    message(out, &format!("#{number} client receives"), &response, ending);
}

/// What one end of a TCP connection received.
pub(super) fn bytes(out: &mut Vec<String>, title: &str, received: &[u8], closed: bool) {
    out.push(title.to_owned());
    if !received.is_empty() {
        out.push(piece_line(received));
    }
    out.push(if closed { "  closed" } else { "  open" }.to_owned());
}

/// How a call is called.
pub(super) fn call_title(cluster: &str, at: usize) -> String {
    format!("{cluster} receives call {}", at + 1)
}

/// How a response ends whose client has gone.
pub(super) const LEFT: &str = "  the client has left";

/// How a message ended.
pub(super) fn ending(complete: bool, cut: bool) -> &'static str {
    match (complete, cut) {
        (true, _) => "  complete",
        (false, true) => "  cut",
        (false, false) => "  open",
    }
}

/// The lines of a message.
pub(super) fn message(out: &mut Vec<String>, title: &str, message: &Message, ending: &str) {
    out.push(title.to_owned());
    if let Some((first, fields)) = message.head.split_first() {
        out.push(format!("  {}", show_bytes(&normalise::first_line(first))));
        out.extend(fields.iter().map(|field| format!("  {}", show_bytes(&normalise::field(field)))));
    }
    if message.chunked {
        out.extend(message.pieces.iter().map(|piece| piece_line(piece)));
    } else if !message.pieces.is_empty() {
        out.push(piece_line(&message.pieces.concat()));
    }
    out.extend(message.metadata.iter().map(|frame| format!("  METADATA {}", show_bytes(frame))));
    out.extend(message.trailers.iter().map(|trailer| format!("  trailer {}", show_bytes(trailer))));
    if !message.stray.is_empty() {
        out.push(format!("  stray bytes: {}", show_bytes(&message.stray)));
    }
    out.push(ending.to_owned());
}

fn piece_line(piece: &[u8]) -> String {
    format!("  {} bytes: {}", piece.len(), show_bytes(piece))
}
