//! A schedule carried out on a host, and what was seen of it.

use std::collections::BTreeMap;

use proxy_wasm_harness::host::{Exchange, Host, Peer};
use proxy_wasm_harness::proxy::{Injection, StreamId};
use proxy_wasm_harness::scenario::{LimitKey, RateLimit};
use proxy_wasm_harness::state::{Duration, Request, show};

use super::deed::Deed;
use super::trouble::is_trouble;

/// What was seen of a schedule.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The requests, in order.
    pub requests: Vec<Seen>,
    /// What no limiter may do, whatever it claims: traps, streams that never end, answers of its own making.
    pub trouble: Option<Trouble>,
    /// Which worker went on where several met, and of how many.
    pub choices: Vec<(u32, u32)>,
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it stands in the schedule.
    pub place: usize,
    /// When it came: nanoseconds since the host was built.
    pub at: u64,
    /// When it came, by the realtime clock: nanoseconds since 1970.
    pub realtime: u64,
    /// How often the realtime clock had been set by then.
    pub steps_of_clock: u32,
    /// How many configurations had been pushed by then.
    pub pushes: u32,
    /// Hostcalls failed when it came.
    pub troubled: bool,
    /// How often trouble had been healed by then.
    pub healed: u32,
    /// The worker it came to.
    pub worker: usize,
    /// The requests that it came together with have the same number here; nothing if it came alone.
    pub together: Option<usize>,
    /// What it is counted by.
    pub key: Vec<u8>,
    /// Whether it was admitted; nothing as long as it is not decided.
    pub admitted: Option<bool>,
}

/// What no limiter may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// `trap`, `stall` or `answer`.
    pub what: &'static str,
    /// Where in the schedule.
    pub place: usize,
    /// In words.
    pub words: String,
}

struct Play<'a> {
    claim: &'a RateLimit,
    host: &'a mut Host,
    workers: usize,
    interleaving: &'a [u32],
    next_worker: usize,
    steps_of_clock: u32,
    pushes: u32,
    /// The troubles that are not over.
    faults: Vec<Injection>,
    healed: u32,
    /// Streams that were given up in trouble; they have time until it is healed.
    given_up: usize,
    plugins: &'a [(String, Vec<u8>)],
    streams: BTreeMap<String, (StreamId, usize)>,
    trace: Trace,
}

/// Carries out deeds. Every stream is answered at the end.
pub(super) fn play(
    claim: &RateLimit,
    host: &mut Host,
    workers: usize,
    interleaving: &[u32],
    plugins: &[(String, Vec<u8>)],
    deeds: impl IntoIterator<Item = Deed>,
) -> Trace {
    let mut play = Play {
        claim,
        host,
        workers: workers.max(1),
        interleaving,
        next_worker: 0,
        steps_of_clock: 0,
        pushes: 0,
        faults: Vec::new(),
        healed: 0,
        given_up: 0,
        plugins,
        streams: BTreeMap::new(),
        trace: Trace::default(),
    };
    let mut last = 0;
    for (place, deed) in deeds.into_iter().enumerate() {
        last = place;
        play.deed(place, deed);
        play.look_for_trouble(place);
        if play.trace.trouble.is_some() {
            break;
        }
    }
    if play.trace.trouble.is_none() {
        play.end(last);
    }
    play.trace
}

impl Play<'_> {
    fn deed(&mut self, place: usize, deed: Deed) {
        match deed {
            Deed::Wait(span) => self.host.advance(self.bearable(span)),
            Deed::WaitFor(span) => self.host.advance_before(self.bearable(span)),
            Deed::SetClock(nanos) => {
                self.steps_of_clock += 1;
                self.host.set_clock(nanos);
            }
            Deed::Push(push) => self.push(place, push),
            Deed::Race(requests) => self.race(place, requests),
            Deed::Fault(injection) => self.fault(injection),
            Deed::Heal => {
                for fault in self.faults.clone() {
                    self.fault(Injection { count: 0, ..fault });
                }
            }
            Deed::Send(request) => {
                let request = self.arrives(place, request);
                let exchange = self.host.send(request);
                self.judge(self.trace.requests.len() - 1, &exchange);
            }
            Deed::Open(name, request) => {
                let request = self.arrives(place, request);
                let stream = self.host.open(request);
                let number = self.trace.requests.len() - 1;
                self.look_at(stream, number);
                self.streams.insert(name, (stream, number));
            }
            Deed::Respond(name, answer) => {
                if let Some((stream, number)) = self.streams.get(&name).copied()
                    && self.host.is_open(stream)
                {
                    // That the request has not got that far is no mistake: the plugin may hold it.
                    let _ = match answer {
                        Some(answer) => self.host.respond(stream, answer),
                        None => self.host.respond_scripted(stream),
                    };
                    self.look_at(stream, number);
                }
            }
            Deed::Abort(name) => {
                if let Some((stream, _)) = self.streams.remove(&name)
                    && self.host.is_open(stream)
                {
                    self.host.abort(stream, Peer::Client);
                }
            }
        }
    }

    /// A wait, or as much of it as takes a number of ticks that can be waited for.
    fn bearable(&self, span: Duration) -> Duration {
        const MOST_TICKS: u32 = 1000;
        self.host.shortest_tick().map_or(span, |period| span.min(period.saturating_mul(MOST_TICKS)))
    }

    /// A fault begins or, with no times to happen, is over.
    fn fault(&mut self, injection: Injection) {
        self.host.inject(injection.clone());
        if !is_trouble(&injection) {
            return;
        }
        let before = self.faults.len();
        self.faults.retain(|known| known.hostcall != injection.hostcall);
        if injection.count > 0 {
            self.faults.push(injection);
        } else if before > 0 && self.faults.is_empty() {
            self.healed += 1;
        }
    }

    /// Configurations are pushed: the given one, or to all plugins what they have, a space longer or not.
    fn push(&mut self, place: usize, push: Option<(String, Vec<u8>)>) {
        self.pushes += 1;
        let longer = |(name, config): &(String, Vec<u8>), pushes: u32| {
            let space: &[u8] = if pushes % 2 == 1 { b" " } else { b"" };
            (name.clone(), [config, space].concat())
        };
        let all: Vec<(String, Vec<u8>)> = match push {
            Some(one) => vec![one],
            None => self.plugins.iter().map(|plugin| longer(plugin, self.pushes)).collect(),
        };
        for (name, config) in all {
            if let Err(refusal) = self.host.reconfigure(&name, config) {
                let words = format!("a push that changes nothing but a space is refused: {refusal}");
                self.trace.trouble.get_or_insert(Trouble { what: "push", place, words });
            }
        }
    }

    /// Requests that come together.
    fn race(&mut self, place: usize, requests: Vec<Request>) {
        let first = self.trace.requests.len();
        let requests: Vec<Request> =
            requests.into_iter().map(|request| self.arrives(place, request)).collect();
        let (interleaving, choices) = (self.interleaving, &mut self.trace.choices);
        let exchanges = self.host.race(requests, &mut |of| {
            let choice = interleaving.get(choices.len()).map_or(0, |choice| choice % of as u32);
            choices.push((choice, of as u32));
            choice as usize
        });
        for (at, exchange) in exchanges.iter().enumerate() {
            self.trace.requests[first + at].together = Some(first);
            self.judge(first + at, exchange);
        }
    }

    /// A request is about to come.
    fn arrives(&mut self, place: usize, mut request: Request) -> Request {
        let worker = match request.worker {
            Some(worker) => worker as usize % self.workers,
            None => {
                let next = (self.next_worker + 1) % self.workers;
                std::mem::replace(&mut self.next_worker, next)
            }
        };
        request.worker = (self.workers > 1).then_some(worker as u32);
        let key = match &self.claim.key {
            LimitKey::None => Vec::new(),
            LimitKey::Header(name) => {
                let same = |field: &&(Vec<u8>, Vec<u8>)| field.0.eq_ignore_ascii_case(name.as_bytes());
                request.headers.iter().find(same).map(|(_, value)| value.clone()).unwrap_or_default()
            }
        };
        self.trace.requests.push(Seen {
            place,
            at: self.host.now().as_nanos(),
            realtime: self.host.clock().realtime(),
            steps_of_clock: self.steps_of_clock,
            pushes: self.pushes,
            troubled: !self.faults.is_empty(),
            healed: self.healed,
            worker,
            together: None,
            key,
            admitted: None,
        });
        request
    }

    fn look_at(&mut self, stream: StreamId, number: usize) {
        if self.trace.requests[number].admitted.is_none() {
            let exchange = self.host.exchange(stream);
            self.judge(number, &exchange);
        }
    }

    /// Whether the request of this number was admitted, as far as it can be told.
    fn judge(&mut self, number: usize, exchange: &Exchange) {
        let seen = &mut self.trace.requests[number];
        let status = exchange.try_response().map(|response| response.status());
        seen.admitted = match (exchange.upstream_request(), status) {
            (Some(_), _) => Some(true),
            (None, Some(status)) if self.claim.refused.status.matches(&status) => Some(false),
            // In trouble it may say so as it likes.
            (None, Some(_)) if seen.troubled => None,
            (None, Some(status)) => {
                let words = format!(
                    "request {} got {status} and did not reach the upstream; refused is {}",
                    number + 1,
                    self.claim.refused.status.describe()
                );
                self.trace.trouble.get_or_insert(Trouble { what: "answer", place: seen.place, words });
                None
            }
            (None, None) => None,
        };
    }

    fn look_for_trouble(&mut self, place: usize) {
        let found = if let Some(trapped) = self.host.traps().first() {
            let words =
                format!("{} trapped in {}: {}", trapped.plugin, trapped.callback.name(), trapped.trap);
            Some(("trap", words))
        } else if !self.faults.is_empty() {
            self.given_up = self.host.stalls().len();
            None
        } else if let Some(stall) = self.host.stalls().get(self.given_up) {
            Some(("stall", stall.to_string()))
        } else {
            self.host.findings().first().map(|found| ("finding", format!("{}: {}", found.id, found.message)))
        };
        if let Some((what, words)) = found {
            self.trace.trouble.get_or_insert(Trouble { what, place, words });
        }
    }

    /// Answers what is open; every stream has to end then.
    fn end(&mut self, place: usize) {
        for (stream, number) in std::mem::take(&mut self.streams).into_values() {
            if self.host.is_open(stream) {
                let _ = self.host.respond_scripted(stream);
            }
            self.look_at(stream, number);
        }
        // What waits for a timeout gets it.
        if !self.host.open_streams().is_empty() {
            self.host.advance(proxy_wasm_harness::scenario::Scenario::PATIENCE);
        }
        self.look_for_trouble(place);
        let open = self.host.open_streams();
        if let (Some(first), None) = (open.first(), &self.trace.trouble) {
            let words = format!(
                "exchange #{} is still open at {}, and everything that it waited for has happened",
                first.0 + 1,
                show(self.host.now().since(proxy_wasm_harness::state::Instant::ZERO))
            );
            self.trace.trouble = Some(Trouble { what: "stall", place, words });
        }
    }
}
