//! From the record of a run to the rows of its timeline: who sent what to whom, and what each plugin did about it.

use std::collections::{BTreeMap, VecDeque};

use proxy_wasm_harness::abi::{LogLevel, Pairs, Status};
use proxy_wasm_harness::proxy::transcript::{Arg, Args, CallSide, Kind, Moved, Party, What, show_bytes};
use proxy_wasm_harness::proxy::{StreamId, Transcript};
use proxy_wasm_harness::scenario::Run;
use proxy_wasm_harness::state::{Duration, Instant, show};

use super::stamps::stamps;

/// The most rows that a scenario gets.
const MOST: usize = 400;
/// Bytes up to this many are shown whole beside their arrow.
const SHORT: usize = 48;
/// The most lines that a callback unfolds to.
const MOST_CALLS: usize = 200;

/// A timeline.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Names of the lanes: the client, the plugins, the upstream, the clusters.
    pub(super) lanes: Vec<String>,
    /// How many of them are plugins.
    pub(super) plugins: usize,
    pub(super) rows: Vec<Row>,
    /// Rows that were left out.
    pub(super) more: usize,
    /// The most fuel that one callback used.
    pub(super) most_fuel: u64,
}

/// A row, and when it happened.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) at: Instant,
    pub(super) what: Happened,
}

/// What a row shows.
#[derive(Debug)]
pub(super) enum Happened {
    /// A step begins; and its index, once it is known.
    Step(String),
    /// The clock moved.
    Clock { by: Duration, why: &'static str },
    /// From one lane to another.
    Sent { from: usize, to: usize, title: String, lines: Vec<String>, tone: Tone },
    /// A plugin's callback.
    Callback(Box<Card>),
    /// Something else that happened in a lane.
    Note { lane: usize, text: String, tone: Tone },
}

/// A callback.
#[derive(Debug, Default)]
pub(super) struct Card {
    pub(super) lane: usize,
    pub(super) name: String,
    pub(super) returned: Option<String>,
    /// What it logged.
    pub(super) log: Vec<Line>,
    /// What it did to header fields.
    pub(super) changes: Vec<String>,
    /// Its hostcalls, line by line.
    pub(super) calls: Vec<String>,
    pub(super) fuel: Option<u64>,
}

/// A line of the log.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) level: LogLevel,
    pub(super) text: String,
    /// Numbers in it that are points in time, and where these are on the virtual clock.
    pub(super) stamps: Vec<(String, String)>,
}

impl Card {
    /// Nothing of it needs to be seen: it comes and goes with a stream.
    fn is_quiet(&self) -> bool {
        self.log.is_empty()
            && self.changes.is_empty()
            && !self.name.contains("_headers")
            && !self.name.contains("_body")
    }

    /// Takes the one that follows in, where both are quiet.
    fn takes(&mut self, next: &Self) -> bool {
        if self.lane != next.lane || !self.is_quiet() || !next.is_quiet() || self.name.contains("_tick") {
            return false;
        }
        let name = next.name.strip_prefix("proxy_").unwrap_or(&next.name);
        self.name = format!("{}, {name}", self.name);
        self.returned = None;
        self.calls.extend(next.calls.iter().map(|line| format!("{name}: {line}")));
        self.fuel = self.fuel.zip(next.fuel).map(|(one, other)| one + other);
        true
    }
}

/// How a row is meant to strike the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Noted,
    Bad,
}

/// The timeline of a run.
pub(super) fn timeline(run: &Run) -> Timeline {
    let transcript = &run.transcript;
    let mut weaver = Weaver::new(run);
    for (index, event) in transcript.events().iter().enumerate() {
        weaver.event(index, event.at, &event.kind);
    }
    weaver.end()
}

struct Weaver<'r> {
    run: &'r Run,
    transcript: &'r Transcript,
    timeline: Timeline,
    /// The callbacks that run, outermost first; the first is a card.
    depth: usize,
    card: Option<(Instant, Card)>,
    /// Hostcalls that wait for their answer: line in the card, and what is done if it is Ok.
    waiting: Vec<(Option<usize>, Option<String>)>,
    fuel: BTreeMap<(usize, &'static str), VecDeque<u64>>,
    /// Who answered a stream in the upstream's place.
    answered_by: BTreeMap<usize, usize>,
    reached_upstream: Vec<StreamId>,
    last_callback: Option<String>,
    /// The realtime when virtual time was 0, in nanoseconds since the epoch.
    zero: u64,
}

impl<'r> Weaver<'r> {
    fn new(run: &'r Run) -> Self {
        let mut lanes = vec!["client".to_owned()];
        lanes.extend(run.plugins.iter().cloned());
        lanes.push("upstream".to_owned());
        let mut clusters: Vec<String> = run.calls.iter().map(|call| call.cluster.clone()).collect();
        clusters.sort();
        clusters.dedup();
        lanes.extend(clusters.into_iter().map(|cluster| format!("cluster {cluster}")));
        let mut fuel: BTreeMap<(usize, &'static str), VecDeque<u64>> = BTreeMap::new();
        for spent in &run.spent {
            fuel.entry((spent.vm.0, spent.callback.name())).or_default().push_back(spent.fuel);
        }
        // The start costs more than all else, and would leave no bar to be seen.
        let of_streams = run.spent.iter().filter(|spent| spent.stream.is_some());
        let most_fuel = of_streams.map(|spent| spent.fuel).max().unwrap_or(0);
        let timeline = Timeline { lanes, plugins: run.plugins.len(), most_fuel, ..Timeline::default() };
        Self {
            run,
            transcript: &run.transcript,
            timeline,
            depth: 0,
            card: None,
            waiting: Vec::new(),
            fuel,
            answered_by: BTreeMap::new(),
            reached_upstream: Vec::new(),
            last_callback: None,
            zero: run.realtime,
        }
    }

    fn push(&mut self, at: Instant, what: Happened) {
        let last = self.timeline.rows.last_mut();
        if let (Happened::Callback(card), Some(Row { at: before, what: Happened::Callback(known) })) =
            (&what, last)
            && *before == at
            && known.takes(card)
        {
            return;
        }
        if self.timeline.rows.len() < MOST {
            self.timeline.rows.push(Row { at, what });
        } else {
            self.timeline.more += 1;
        }
    }

    fn text(&self, text: proxy_wasm_harness::proxy::transcript::Text) -> String {
        show_bytes(self.transcript.bytes(text))
    }

    fn upstream(&self) -> usize {
        self.timeline.plugins + 1
    }

    /// The lane of a plugin by its name; the first plugin's where it is not known.
    fn lane(&self, plugin: &str) -> usize {
        let named = |name: &String| name == plugin || plugin.split(['+', '@']).any(|part| part == name);
        self.run.plugins.iter().position(named).map_or(1, |at| at + 1).min(self.upstream())
    }

    fn note(&mut self, at: Instant, lane: usize, text: String, tone: Tone) {
        self.push(at, Happened::Note { lane, text, tone });
    }

    fn event(&mut self, index: usize, at: Instant, kind: &Kind) {
        match *kind {
            Kind::Step { text } => {
                let text = self.text(text);
                self.push(at, Happened::Step(text));
            }
            Kind::Clock { from, why } => {
                let why = match why {
                    Moved::Advance => "as the script says",
                    Moved::Waiting => "waiting for the exchange",
                    Moved::Every => "until the next repetition",
                };
                self.push(at, Happened::Clock { by: at - from, why });
            }
            Kind::Callback { vm, callback, plugin, .. } => {
                let line = self.transcript.lines_of(index).first().cloned().unwrap_or_default();
                if self.depth == 0 {
                    let name = self.transcript.vm_name(vm).to_owned();
                    let lane = plugin.map_or_else(|| self.lane(&name), |plugin| usize::from(plugin) + 1);
                    let fuel = self.fuel.get_mut(&(vm.0, callback.name())).and_then(VecDeque::pop_front);
                    self.last_callback = Some(callback.name().to_owned());
                    let card = Card { lane, name: callback.name().to_owned(), fuel, ..Card::default() };
                    self.card = Some((at, card));
                } else {
                    self.call_line(&without_time(&line));
                }
                self.depth += 1;
            }
            Kind::Returned { value, .. } => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0
                    && let Some((at, mut card)) = self.card.take()
                {
                    card.returned = value.map(|value| meaning(&card.name, value));
                    self.push(at, Happened::Callback(Box::new(card)));
                }
            }
            Kind::Hostcall { row, args, .. } => {
                let line = self.transcript.lines_of(index).first().cloned().unwrap_or_default();
                let change = change(row.name, self.transcript.bytes(args));
                let line = self.call_line(&without_time(&line));
                self.waiting.push((line, change));
            }
            Kind::Answered { status, errno, .. } => {
                let Some((line, change)) = self.waiting.pop() else { return };
                let answer = match (status, errno) {
                    (Some(status), _) => status.to_string(),
                    (None, Some(errno)) => errno.name().to_owned(),
                    (None, None) => return,
                };
                if let Some((_, card)) = &mut self.card {
                    if let Some(line) = line.and_then(|line| card.calls.get_mut(line)) {
                        line.push_str(" → ");
                        line.push_str(&answer);
                    }
                    if status == Some(Status::Ok) {
                        card.changes.extend(change);
                    }
                }
            }
            Kind::Log { vm, plugin, level, message } => {
                let line = self.text(message);
                match &mut self.card {
                    Some((_, card)) => {
                        let stamps = stamps(&line, self.zero, at.as_nanos());
                        card.log.push(Line { level, text: line, stamps });
                    }
                    None => {
                        let name =
                            plugin.map_or_else(|| self.transcript.vm_name(vm).to_owned(), |of| self.text(of));
                        let lane = self.lane(&name);
                        self.note(at, lane, line, tone_of(level));
                    }
                }
            }
            Kind::Message { stream, party, what, data } => self.message(at, stream, party, what, data),
            Kind::LocalResponse { stream, plugin, status, details } => {
                let (name, details) = (self.text(plugin), self.text(details));
                self.local(at, stream, &name, status, &details);
            }
            Kind::Call { plugin, cluster, side, what, data, .. } => {
                let (name, cluster) = (self.text(plugin), self.text(cluster));
                self.cluster_call(at, (&name, &cluster), side, what, data);
            }
            Kind::Trap { vm, callback, message } => {
                let lane = self.lane(self.transcript.vm_name(vm));
                let text = format!("trapped in {}: {}", callback.name(), self.text(message));
                if let Some((began, card)) = self.card.take() {
                    self.push(began, Happened::Callback(Box::new(card)));
                }
                self.depth = 0;
                self.waiting.clear();
                self.note(at, lane, text, Tone::Bad);
            }
            Kind::RealtimeSet { to } => {
                self.zero = to.saturating_sub(at.as_nanos());
                self.note(at, 0, "the realtime clock is set, and nothing else moves".to_owned(), Tone::Plain);
            }
            Kind::Stalled { .. } => {
                self.note(at, 0, "still waits, and nothing is left that could end it".to_owned(), Tone::Bad);
            }
            _ => {
                for line in self.transcript.lines_of(index) {
                    self.note(at, 1.min(self.upstream()), without_time(&line), Tone::Noted);
                }
            }
        }
    }

    /// A line of the card that is open; its place there.
    fn call_line(&mut self, line: &str) -> Option<usize> {
        let (_, card) = self.card.as_mut()?;
        match card.calls.len() {
            MOST_CALLS => card.calls.push("…".to_owned()),
            len if len > MOST_CALLS => {}
            _ => card.calls.push(format!("{}{line}", "  ".repeat(self.depth.saturating_sub(1)))),
        }
        Some(card.calls.len() - 1)
    }

    fn message(
        &mut self,
        at: Instant,
        stream: StreamId,
        party: Party,
        what: What,
        data: proxy_wasm_harness::proxy::transcript::Text,
    ) {
        let (first, last) = (1.min(self.upstream()), self.timeline.plugins.max(1).min(self.upstream()));
        let (from, to) = match party {
            Party::ClientSends => (0, first),
            Party::UpstreamReceives => {
                self.reached_upstream.push(stream);
                (last, self.upstream())
            }
            Party::UpstreamSends => (self.upstream(), last),
            Party::ClientReceives => (self.answered_by.get(&stream.0).copied().unwrap_or(first), 0),
        };
        let bytes = self.transcript.bytes(data);
        let (title, lines, tone) = part(what, bytes);
        self.push(at, Happened::Sent { from, to, title, lines, tone });
    }

    fn local(&mut self, at: Instant, stream: StreamId, plugin: &str, status: u16, details: &str) {
        let lane = if plugin.is_empty() { self.timeline.plugins.max(1) } else { self.lane(plugin) };
        self.answered_by.insert(stream.0, lane);
        let who = if plugin.is_empty() { "the proxy" } else { plugin };
        let within = match (&self.last_callback, plugin.is_empty()) {
            (Some(callback), false) => format!(", in {callback}"),
            _ => String::new(),
        };
        let seen = if self.reached_upstream.contains(&stream) {
            "in place of the upstream's response"
        } else {
            "and the request goes no further: the upstream never sees it"
        };
        let details = if details.is_empty() { String::new() } else { format!(" ({details})") };
        self.note(at, lane, format!("{who} itself answers {status}{within}{details}, {seen}"), Tone::Noted);
    }

    fn cluster_call(
        &mut self,
        at: Instant,
        (plugin, cluster): (&str, &str),
        side: CallSide,
        what: What,
        data: proxy_wasm_harness::proxy::transcript::Text,
    ) {
        let lane = self.lane(plugin);
        let label = format!("cluster {cluster}");
        let of = self.timeline.lanes.iter().position(|name| *name == label).unwrap_or(self.upstream());
        let (mut title, lines, tone) = part(what, self.transcript.bytes(data));
        let (from, to) = match side {
            CallSide::Calls | CallSide::Sends => (lane, of),
            CallSide::Answers => (of, lane),
            CallSide::TimedOut => {
                return self.note(at, lane, format!("its call to {cluster} has timed out"), Tone::Noted);
            }
            CallSide::Cancels => {
                return self.note(at, lane, format!("gives its call to {cluster} up"), Tone::Noted);
            }
        };
        if side == CallSide::Calls {
            title = format!("asks {cluster}: {title}");
        }
        self.push(at, Happened::Sent { from, to, title, lines, tone });
    }

    fn end(mut self) -> Timeline {
        if let Some((at, card)) = self.card.take() {
            self.push(at, Happened::Callback(Box::new(card)));
        }
        self.timeline
    }
}

/// A part of a message: its title, what it unfolds to, and how it strikes the eye.
fn part(what: What, bytes: &[u8]) -> (String, Vec<String>, Tone) {
    let pairs: Vec<(String, String)> = Pairs::parse(bytes)
        .map(|pairs| pairs.map(|(name, value)| (show_bytes(name), show_bytes(value))).collect())
        .unwrap_or_default();
    let fields = |all: &[(String, String)]| -> Vec<String> {
        let plain = all.iter().filter(|(name, _)| !name.starts_with(':'));
        plain.map(|(name, value)| format!("{name}: {value}")).collect()
    };
    match what {
        What::Head { .. } => {
            let find =
                |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            let title = match find(":status") {
                Some(status) => status.to_owned(),
                None => format!("{} {}", find(":method").unwrap_or("?"), find(":path").unwrap_or("")),
            };
            let bad =
                find(":status").and_then(|status| status.parse::<u16>().ok()).is_some_and(|code| code >= 400);
            (title, fields(&pairs), if bad { Tone::Noted } else { Tone::Plain })
        }
        What::Data { .. } => {
            let one = if bytes.len() == 1 { "" } else { "s" };
            let (count, shown) = (bytes.len(), show_bytes(bytes));
            if shown.len() <= SHORT {
                return (format!("{count} byte{one}: {shown}"), Vec::new(), Tone::Plain);
            }
            (format!("{count} byte{one}"), vec![shown], Tone::Plain)
        }
        What::Metadata => ("METADATA".to_owned(), fields(&pairs), Tone::Plain),
        What::Trailers => ("trailers".to_owned(), fields(&pairs), Tone::Plain),
        What::End => ("the end".to_owned(), Vec::new(), Tone::Plain),
        What::Reset => {
            let why = show_bytes(bytes);
            ("a reset".to_owned(), (!why.is_empty()).then_some(why).into_iter().collect(), Tone::Bad)
        }
    }
}

/// What a hostcall does to header fields, as a line of a difference.
fn change(hostcall: &str, args: &[u8]) -> Option<String> {
    let args: Vec<Arg<'_>> = Args(args).collect();
    let text = |at: usize| match args.get(at) {
        Some(Arg::Bytes(bytes)) => show_bytes(bytes),
        _ => String::new(),
    };
    match hostcall {
        "proxy_add_header_map_value" => Some(format!("+ {}: {}", text(1), text(2))),
        "proxy_replace_header_map_value" => Some(format!("~ {}: {}", text(1), text(2))),
        "proxy_remove_header_map_value" => Some(format!("− {}", text(1))),
        "proxy_set_header_map_pairs" => Some("~ all header fields".to_owned()),
        "proxy_set_buffer_bytes" => Some("~ the body".to_owned()),
        _ => None,
    }
}

/// What a number means that a callback returns.
fn meaning(callback: &str, value: u32) -> String {
    let paused = |names: &[&str]| {
        names.get(value as usize).map_or_else(|| value.to_string(), |name| (*name).to_owned())
    };
    match callback {
        "proxy_on_request_headers" | "proxy_on_response_headers" => paused(&[
            "Continue",
            "StopIteration",
            "ContinueAndEndStream",
            "StopAllIterationAndBuffer",
            "StopAllIterationAndWatermark",
        ]),
        "proxy_on_request_body" | "proxy_on_response_body" => paused(&[
            "Continue",
            "StopIterationAndBuffer",
            "StopIterationAndWatermark",
            "StopIterationNoBuffer",
        ]),
        "proxy_on_vm_start" | "proxy_on_configure" => paused(&["refused", "true"]),
        _ => value.to_string(),
    }
}

pub(super) fn tone_of(level: LogLevel) -> Tone {
    match level {
        LogLevel::Warn => Tone::Noted,
        LogLevel::Error | LogLevel::Critical => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// A line of a view without the time in front.
fn without_time(line: &str) -> String {
    let rest = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    rest.map_or(line, |(_, rest)| rest).to_owned()
}

/// A point on the time line, for people.
pub(super) fn time(at: Instant) -> String {
    show(at - Instant::ZERO)
}
