//! A scenario's steps, carried out on a real proxy.
//!
//! Plays what is written at once and waits for what follows from it; where the script says that time passes, it passes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proxy_wasm_harness::scenario::{Peer as Abandons, RespondWith, Scenario, Side, Step, StepKind};
use proxy_wasm_harness::state::{Protocol, Request};

use super::calls::{Call, Calls};
use super::config::UPSTREAM;
use super::error::ParityError;
use super::exchange::Exchange;
use super::peer::Peer;
use super::render::{self, Ending};
use super::script::Script;
use super::simulate::Simulated;
use super::socket::Socket;
use super::stage::Stage;
use super::tcp::Link;

/// How long what the mock says will happen may take in reality, beyond the time that the script gives it.
pub(super) const GRACE: Duration = Duration::from_secs(6);

/// How long nothing may happen before it is believed that nothing will.
pub(super) const SILENCE: Duration = Duration::from_millis(150);

/// What the mock made of a scenario, as far as it helps to know when to stop waiting.
#[derive(Clone, Debug, Default)]
pub(super) struct Forecast {
    /// After how long each exchange stalls, in the order in which they begin; nothing for one that does not.
    pub(super) stalls: Vec<Option<Duration>>,
    /// How long all of it takes in virtual time.
    pub(super) took: Duration,
    /// Who answers before whom.
    pub(super) order: Order,
}

/// The order in which streams and calls are answered: what answers at the same time in the script, answers in this order.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// By stream, piece by piece.
    pub(super) streams: Vec<Vec<usize>>,
    /// By cluster, for one call after another, piece by piece.
    pub(super) calls: BTreeMap<String, Vec<Vec<usize>>>,
}

impl Order {
    /// When a stream has its next piece.
    pub(super) fn of_stream(&self, at: usize, exchange: &Exchange) -> usize {
        Self::piece(self.streams.get(at), exchange.answered_pieces())
    }

    /// When a call has its next piece.
    pub(super) fn of_call(&self, call: &Call) -> usize {
        let pieces = self.calls.get(&call.cluster).and_then(|all| all.get(call.number));
        Self::piece(pieces, call.answered_pieces())
    }

    fn piece(pieces: Option<&Vec<usize>>, at: usize) -> usize {
        pieces.and_then(|all| all.get(at).or(all.last())).copied().unwrap_or(usize::MAX)
    }

    /// What comes first among what has not been.
    pub(super) fn next(&self, been: &BTreeSet<usize>) -> Option<usize> {
        let all =
            self.streams.iter().chain(self.calls.values().flatten()).filter_map(|pieces| pieces.first());
        all.copied().filter(|rank| !been.contains(rank)).min()
    }
}

/// What came of a scenario on a real proxy.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) links: Vec<Link>,
    pub(super) calls: Vec<Call>,
    /// Counters and gauges of plugins, where the scenario has an Envoy to itself.
    pub(super) stats: Vec<String>,
    /// The records of Envoy's log that belong to it lie before this one.
    pub(super) end: usize,
}

/// Plays `scenario` on the listener of this name.
pub(super) fn play(
    stage: &mut Stage,
    listener: &str,
    scenario: &Scenario,
    simulated: &Simulated,
) -> Result<Played, ParityError> {
    let clusters = scenario.clusters.iter().map(|(name, answers)| {
        (name.clone(), (Script::new(answers), simulated.cluster_protocol(name, answers)))
    });
    let mut player = Player {
        stage,
        listener,
        answers: Script::new(&scenario.upstream),
        protocol: scenario.upstream_protocol(),
        forecast: &simulated.forecast,
        warm: simulated.fleeting,
        exchanges: Vec::new(),
        arriving: Vec::new(),
        links: Vec::new(),
        calls: Calls::new(clusters.collect()),
        acting: None,
        answered: BTreeSet::new(),
    };
    let ended = player.steps(&scenario.steps);
    // Without Envoy there is nothing to settle: what there is is all there will be.
    let end = player.stage.process.records.all().len();
    let Player { stage, exchanges, links, calls, .. } = player;
    for server in &mut stage.servers {
        let _ = server.refuse(false);
    }
    ended.map(|()| Played { exchanges, links, calls: calls.all, stats: Vec::new(), end })
}

/// Who plays, and what is under way. What happens between the steps is in [`super::turns`].
pub(super) struct Player<'a> {
    pub(super) stage: &'a mut Stage,
    listener: &'a str,
    pub(super) answers: Script,
    /// The upstream's protocol.
    pub(super) protocol: Protocol,
    pub(super) forecast: &'a Forecast,
    /// Each stream finds a connection to the upstream open.
    warm: bool,
    pub(super) exchanges: Vec<Exchange>,
    /// Connections to the upstream of which it is not known yet whose they are.
    pub(super) arriving: Vec<Peer>,
    pub(super) links: Vec<Link>,
    pub(super) calls: Calls,
    /// The exchange that the script is busy with: a connection to the upstream is likely its.
    pub(super) acting: Option<usize>,
    /// What has been answered, by its place in the order.
    pub(super) answered: BTreeSet<usize>,
}

pub(super) type Done = Result<(), ParityError>;

impl Player<'_> {
    fn steps(&mut self, steps: &[Step]) -> Done {
        for step in steps {
            match &step.kind {
                StepKind::Request(request) => {
                    for _ in 0..step.repeat {
                        let began = Instant::now();
                        self.request(request)?;
                        if let Some(every) = step.every {
                            self.run_until(began + every)?;
                        }
                    }
                }
                StepKind::Open(open) => {
                    let ending = if open.end { Ending::Ends } else { Ending::Open };
                    self.open(Some(&open.stream), &open.request, true, ending)?;
                    self.quiet()?;
                }
                StepKind::Send(send) => {
                    let ending = if send.end { Ending::Ends } else { Ending::Open };
                    if let Some(at) = self.named(&send.stream) {
                        self.exchanges[at].send(&send.chunks, send.trailers.as_deref(), ending);
                    }
                    self.quiet()?;
                }
                StepKind::Respond(respond) => {
                    if let Some(at) = self.named(&respond.stream) {
                        let ending = if respond.end { Ending::Ends } else { Ending::Open };
                        match &respond.with {
                            RespondWith::Scripted => {
                                let own = self.exchanges[at].own_answer.take();
                                if let Some(answer) = own.or_else(|| self.answers.next()) {
                                    self.exchanges[at].answer(&answer, ending);
                                }
                            }
                            RespondWith::Answer(answer) => self.exchanges[at].answer(answer, ending),
                            RespondWith::More { chunks, trailers } => {
                                self.exchanges[at].answer_more(chunks, trailers.as_deref(), ending);
                            }
                        }
                    }
                    self.quiet()?;
                }
                StepKind::Abort(abort) => {
                    if let Some(at) = self.named(&abort.stream) {
                        match abort.by {
                            Abandons::Client => self.exchanges[at].client_leaves(),
                            Abandons::Upstream => self.exchanges[at].upstream_leaves(),
                        }
                    } else if let Some(link) = self.link(&abort.stream) {
                        link.reset(match abort.by {
                            Abandons::Client => Side::Client,
                            Abandons::Upstream => Side::Server,
                        });
                    }
                    self.quiet()?;
                }
                StepKind::Metadata(of) => {
                    if let Some(at) = self.named(&of.stream) {
                        self.exchanges[at].metadata(of.from, &of.elements.0);
                    }
                    self.quiet()?;
                }
                StepKind::Reconfigure(of) => self.reconfigure(of)?,
                StepKind::Advance(span) => {
                    self.acting = None;
                    self.run_until(Instant::now() + *span)?;
                    self.quiet()?;
                }
                StepKind::Connect(connect) => {
                    let client = self.connect()?;
                    let refuse = self.answers.peek().is_some_and(render::is_refusal);
                    self.refuse(UPSTREAM, refuse)?;
                    self.links.push(Link::new(&connect.stream, client));
                    self.quiet()?;
                    if refuse {
                        self.answers.next();
                    }
                }
                StepKind::Data(data) => {
                    if let Some(link) = self.link(&data.stream) {
                        link.send(data.from, &data.bytes, data.end);
                    }
                    self.quiet()?;
                }
                StepKind::Close(close) => {
                    if let Some(link) = self.link(&close.stream) {
                        link.close(close.by);
                    }
                    self.quiet()?;
                }
                // What cannot be played has been sorted out before.
                _ => {}
            }
        }
        self.quiet().map(|_| ())
    }

    fn named(&mut self, name: &str) -> Option<usize> {
        let at = self.exchanges.iter().rposition(|exchange| exchange.name.as_deref() == Some(name));
        self.acting = at;
        at
    }

    fn link(&mut self, name: &str) -> Option<&mut Link> {
        self.links.iter_mut().rfind(|link| link.name == name)
    }

    fn connect(&self) -> Result<Socket, ParityError> {
        self.connect_to(self.listener)
    }

    pub(super) fn connect_to(&self, listener: &str) -> Result<Socket, ParityError> {
        let address = self.stage.address(listener).ok_or(std::io::ErrorKind::AddrNotAvailable);
        let client = address.map_err(Into::into).and_then(Socket::connect);
        client.map_err(ParityError::io("connecting to Envoy"))
    }

    fn open(&mut self, name: Option<&str>, request: &Request, by_hand: bool, ending: Ending) -> Done {
        // No connection can be made when the answer to come is that there is none.
        let answer = request.respond.as_ref().or_else(|| self.answers.peek());
        let refuse = !by_hand && answer.is_some_and(render::is_refusal);
        if self.warm && !refuse {
            self.warm_up()?;
        }
        let client = Peer::client(self.connect()?, request.protocol);
        let client = client.map_err(ParityError::io("connecting to Envoy"))?;
        self.refuse(UPSTREAM, refuse)?;
        self.exchanges.push(Exchange::new(client, name, request, by_hand, ending));
        self.acting = Some(self.exchanges.len() - 1);
        Ok(())
    }

    fn request(&mut self, request: &Request) -> Done {
        self.open(None, request, false, Ending::Ends)?;
        let at = self.exchanges.len() - 1;
        let stalls = self.forecast.stalls.get(at).copied().flatten();
        let patience = stalls.map_or(GRACE + self.forecast.took, |after| after.min(GRACE) + SILENCE);
        let mut last_change = Instant::now();
        loop {
            if self.quiet()? {
                last_change = Instant::now();
            }
            if self.exchanges[at].over() {
                break;
            }
            let now = Instant::now();
            match self.next_due() {
                Some(due) if due > now => {
                    std::thread::sleep(due - now);
                    last_change = Instant::now();
                }
                Some(_) => {}
                None if now - last_change > patience => break,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        if request.respond.is_none() && self.answers.peek().is_some_and(render::is_refusal) {
            self.answers.next();
        }
        Ok(())
    }
}
