//! A scenario's steps, carried out on a real proxy.
//!
//! Plays what is written at once and waits for what follows from it; where the script says that time passes, it passes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use proxy_wasm_harness::scenario::{Answers, Peer, RespondWith, Scenario, Step, StepKind};
use proxy_wasm_harness::state::{Answer, AnswerKind, Failure, Request};

use super::config::UPSTREAM;
use super::error::ParityError;
use super::exchange::Exchange;
use super::render::Ending;
use super::socket::Socket;
use super::stage::Stage;

/// How long what the mock says will happen may take in reality, beyond the time that the script gives it.
const GRACE: Duration = Duration::from_secs(6);

/// How long nothing may happen before it is believed that nothing will.
const SILENCE: Duration = Duration::from_millis(150);

/// What the mock made of a scenario, as far as it helps to know when to stop waiting.
#[derive(Clone, Debug, Default)]
pub(super) struct Forecast {
    /// After how long each exchange stalls, in the order in which they begin; nothing for one that does not.
    pub(super) stalls: Vec<Option<Duration>>,
    /// How long all of it takes in virtual time.
    pub(super) took: Duration,
}

/// What came of a scenario on a real proxy.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) exchanges: Vec<Exchange>,
    /// The records of Envoy's log that belong to it lie before this one.
    pub(super) end: usize,
}

/// Plays `scenario` on the listener of this name.
pub(super) fn play(
    stage: &mut Stage,
    listener: &str,
    scenario: &Scenario,
    forecast: &Forecast,
) -> Result<Played, ParityError> {
    let answers = match &scenario.upstream {
        Answers::Every(answer) => Script::Every(answer.clone()),
        Answers::Each(answers) => Script::Each(answers.iter().cloned().collect()),
    };
    let mut player = Player { stage, listener, answers, forecast, exchanges: Vec::new(), acting: None };
    let ended = player.steps(&scenario.steps);
    // Without Envoy there is nothing to settle: what there is is all there will be.
    let end = player.stage.process.records.all().len();
    let exchanges = std::mem::take(&mut player.exchanges);
    for server in &mut stage.servers {
        let _ = server.refuse(false);
    }
    ended.map(|()| Played { exchanges, end })
}

/// Where the upstream's answers come from.
enum Script {
    Every(Answer),
    Each(VecDeque<Answer>),
}

impl Script {
    fn peek(&self) -> Option<&Answer> {
        match self {
            Self::Every(answer) => Some(answer),
            Self::Each(answers) => answers.front(),
        }
    }

    fn next(&mut self) -> Option<Answer> {
        match self {
            Self::Every(answer) => Some(answer.clone()),
            Self::Each(answers) => answers.pop_front(),
        }
    }
}

struct Player<'a> {
    stage: &'a mut Stage,
    listener: &'a str,
    answers: Script,
    forecast: &'a Forecast,
    exchanges: Vec<Exchange>,
    /// The exchange that the script is busy with: a connection to the upstream is likely its.
    acting: Option<usize>,
}

type Done = Result<(), ParityError>;

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
                            Peer::Client => self.exchanges[at].client_leaves(),
                            Peer::Upstream => self.exchanges[at].upstream_leaves(),
                        }
                    }
                    self.quiet()?;
                }
                StepKind::Advance(span) => {
                    self.acting = None;
                    self.run_until(Instant::now() + *span)?;
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

    fn open(&mut self, name: Option<&str>, request: &Request, by_hand: bool, ending: Ending) -> Done {
        let address = self.stage.address(self.listener).ok_or(std::io::ErrorKind::AddrNotAvailable);
        let client = address.map_err(Into::into).and_then(Socket::connect);
        let client = client.map_err(ParityError::io("connecting to Envoy"))?;
        self.refuse_if_scripted(request, by_hand)?;
        self.exchanges.push(Exchange::new(client, name, request, by_hand, ending));
        self.acting = Some(self.exchanges.len() - 1);
        Ok(())
    }

    /// No connection can be made when the answer to come is that there is none.
    fn refuse_if_scripted(&mut self, request: &Request, by_hand: bool) -> Done {
        let answer = request.respond.as_ref().or_else(|| self.answers.peek());
        let refuse =
            !by_hand && answer.is_some_and(|answer| answer.kind == AnswerKind::Fail(Failure::Refused));
        match self.stage.server(UPSTREAM) {
            Some(server) => server.refuse(refuse).map_err(ParityError::io("listening again")),
            None => Ok(()),
        }
    }

    fn request(&mut self, request: &Request) -> Done {
        self.open(None, request, false, Ending::Ends)?;
        let at = self.exchanges.len() - 1;
        let stalls = self.forecast.stalls.get(at).copied().flatten();
        let patience = stalls.map_or(GRACE, |after| after.min(GRACE) + SILENCE);
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
        if request.respond.is_none()
            && self.answers.peek().is_some_and(|next| next.kind == AnswerKind::Fail(Failure::Refused))
        {
            self.answers.next();
        }
        Ok(())
    }

    /// Lets time pass, doing what falls due in it.
    fn run_until(&mut self, until: Instant) -> Done {
        loop {
            self.quiet()?;
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            let next = self.next_due().map_or(until, |due| due.min(until));
            std::thread::sleep(next.saturating_duration_since(now));
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.exchanges.iter().filter_map(Exchange::due).min()
    }

    /// Plays what is due until nothing follows from it any more. Answers whether anything happened.
    fn quiet(&mut self) -> Result<bool, ParityError> {
        let mut happened = false;
        let mut idle = 0;
        let mut records = self.stage.process.records.all().len();
        while idle < 2 {
            self.stage.settle()?;
            let count = self.stage.process.records.all().len();
            let mut busy = std::mem::replace(&mut records, count) != count;
            busy |= self.accept()?;
            for exchange in &mut self.exchanges {
                busy |= exchange.read();
            }
            self.answer_what_is_complete();
            // One thing at a time: what follows from it comes before the next. An answer to what has just come does
            // not wait, for how long an answer took is what plugins see in `x-envoy-upstream-service-time`.
            if !busy || self.exchanges.iter().any(Exchange::begins_to_answer) {
                busy |= self.exchanges.iter_mut().any(Exchange::act);
            }
            happened |= busy;
            idle = if busy { 0 } else { idle + 1 };
        }
        Ok(happened)
    }

    fn accept(&mut self) -> Result<bool, ParityError> {
        let mut accepted = Vec::new();
        for server in &self.stage.servers {
            while let Some(Ok((stream, _))) = server.listener.as_ref().map(std::net::TcpListener::accept) {
                accepted.push(Socket::new(stream).map_err(ParityError::io("accepting a connection"))?);
            }
        }
        let any = !accepted.is_empty();
        for socket in accepted {
            let waiting = |exchange: &Exchange| exchange.upstream.is_empty() && !exchange.over();
            let at = self
                .acting
                .filter(|at| waiting(&self.exchanges[*at]))
                .or_else(|| self.exchanges.iter().position(waiting))
                .or(self.acting)
                .or_else(|| self.exchanges.len().checked_sub(1));
            if let Some(at) = at {
                self.exchanges[at].upstream.push(socket);
            }
        }
        Ok(any)
    }

    fn answer_what_is_complete(&mut self) {
        for at in 0..self.exchanges.len() {
            if !self.exchanges[at].awaits_answer() {
                continue;
            }
            let own = self.exchanges[at].own_answer.take();
            match own.or_else(|| self.answers.next()) {
                Some(answer) => self.exchanges[at].answer(&answer, Ending::Ends),
                None => self.exchanges[at].upstream_leaves(),
            }
        }
    }
}
