//! From steps to calls of the host. In reading order: `offered` (what cannot be carried out), `setup` (the scenario's
//! surroundings become a host), `streams` (streams by their names), this file (the steps).
//!
//! What happens is recorded by the host and judged by `judge`; nothing is decided here but the order.

mod google;
mod offered;
mod setup;
mod streams;

use super::cost;
use super::document::error::ScenarioError;
use super::document::source::Span;
use super::expect::Side;
use super::host_options::Profile;
use super::judge::{Judge, Mark, Stage, Subject, Undone};
use super::model::Scenario;
use super::modules::Modules;
use super::run::{Passage, Run, RunError, RunOptions};
use super::step::{
    Enqueue, Fault, Reconfigure, Respond, RespondWith, SetProperty, SetSharedData, StartOutcome, Step,
    StepKind,
};
use crate::host::{Builder, Host, HostError, Peer, Refusal, Reply, Started, Template, VmSetup};
use crate::proxy::transcript::{Moved, show_bytes};
use crate::proxy::{Injection, PluginIndex};
use crate::state::{Clock, Duration, Instant, Request};
use streams::Streams;

/// The host that `scenario` describes, before its first step: for suites that make steps of their own.
///
/// # Errors
///
/// As [`run`](super::run()).
pub fn builder(
    scenario: &Scenario,
    modules: &dyn Modules,
    options: &RunOptions,
) -> Result<Builder, RunError> {
    let scenario = scenario.in_place()?;
    offered::check(&scenario)?;
    offered::proxy(&scenario)?;
    setup::builder(&scenario, modules, options)
}

/// Carries out `scenario`.
pub(super) fn drive(
    scenario: &Scenario,
    modules: &dyn Modules,
    options: &RunOptions,
) -> Result<Run, RunError> {
    offered::check(scenario)?;
    let builder = setup::builder(scenario, modules, options)?;
    let (host, refusal) = match builder.start() {
        Ok(Started::Running(host)) => (host, None),
        Ok(Started::Refused(host, refusal)) => (host, Some(refusal)),
        Err(error) => return Err(unusable(&scenario.span, &error)),
    };
    carry_out(scenario, host, refusal).map(|(run, _)| run)
}

/// Carries out the steps of `scenario` on a host that was started as it says.
pub(super) fn drive_on(scenario: &Scenario, host: Host) -> Result<(Run, Box<Host>), RunError> {
    offered::check(scenario)?;
    carry_out(scenario, Box::new(host), None)
}

fn carry_out(
    scenario: &Scenario,
    host: Box<Host>,
    refusal: Option<Refusal>,
) -> Result<(Run, Box<Host>), RunError> {
    let mut driver = Driver::new(scenario, host);
    driver.host.judged();
    if driver.start(refusal) {
        for (index, step) in scenario.steps.iter().enumerate() {
            driver.step(index, step)?;
        }
    }
    Ok(driver.end())
}

/// A template of the host that `scenario` describes.
pub(super) fn template(
    scenario: &Scenario,
    modules: &dyn Modules,
    options: &RunOptions,
) -> Result<Template, RunError> {
    offered::check(scenario)?;
    offered::proxy(scenario)?;
    let builder = setup::builder(scenario, modules, options)?;
    builder.template().map_err(|error| unusable(&scenario.span, &error))
}

/// Carries out the steps of `scenario` on `host`, judging nothing. Answers it with the number of exchanges.
pub(super) fn play(scenario: &Scenario, host: Box<Host>) -> Result<(Box<Host>, usize), RunError> {
    let mut driver = Driver::new(scenario, host);
    for step in &scenario.steps {
        let mut began: Option<Instant> = None;
        for _ in 0..step.repeat {
            driver.wait_for_next(step.every, began);
            began = Some(driver.host.now());
            driver.carry_out(&step.kind, &step.span)?;
        }
    }
    Ok((driver.host, driver.exchanges))
}

/// The realtime clock at the start where a scenario states none.
fn default_clock(scenario: &Scenario) -> u64 {
    match scenario.host.profile {
        Profile::Envoy140 => Clock::DEFAULT_REALTIME,
        Profile::Google => google::CLOCK,
    }
}

fn side(side: Side) -> Peer {
    match side {
        Side::Client => Peer::Client,
        Side::Server => Peer::Upstream,
    }
}

fn unusable(span: &Span, error: &HostError) -> RunError {
    let hint = match error {
        HostError::Load(error) => error.hint().map(|hint| hint.to_string()),
        _ => None,
    };
    ScenarioError::at(span, error.to_string()).hint(hint).into()
}

struct Driver<'s> {
    scenario: &'s Scenario,
    host: Box<Host>,
    streams: Streams,
    judge: Judge<'s>,
    passages: Vec<Passage>,
    exchanges: usize,
    steps: usize,
    refused: bool,
}

impl<'s> Driver<'s> {
    fn new(scenario: &'s Scenario, host: Box<Host>) -> Self {
        let (streams, judge) = (Streams::default(), Judge::new(scenario));
        Self { scenario, host, streams, judge, passages: Vec::new(), exchanges: 0, steps: 0, refused: false }
    }

    /// Moves time on to the next repetition of a step whose last one began at `last`.
    fn wait_for_next(&mut self, every: Option<Duration>, last: Option<Instant>) {
        if let (Some(every), Some(last)) = (every, last) {
            let gap = (last + every) - self.host.now();
            self.host.advance_for(gap, Moved::Every);
        }
    }

    /// Judges the start. Answers whether there is more to do.
    fn start(&mut self, refusal: Option<Refusal>) -> bool {
        self.refused = refusal.is_some();
        let first = self.scenario.steps.first();
        let written = first.and_then(|step| match step.kind {
            StepKind::Start(outcome) => Some((outcome, step)),
            _ => None,
        });
        let outcome = written.map_or(StartOutcome::Ok, |(outcome, _)| outcome);
        let span = written.map_or(&self.scenario.span, |(_, step)| &step.span).clone();
        let mut stage = self.stage(0, span, Mark::default(), Duration::ZERO);
        stage.words = "start".to_owned();
        let as_meant = self.judge.start(&stage, &self.host, outcome, refusal.as_ref());
        if let Some(expect) = written.and_then(|(_, step)| step.expect.as_ref()) {
            self.judge.expectations(&stage, expect, &self.host, Subject::default());
        }
        self.judge.done(stage);
        self.steps += usize::from(written.is_some());
        as_meant
    }

    fn step(&mut self, index: usize, step: &Step) -> Result<(), RunError> {
        if matches!(step.kind, StepKind::Start(_)) {
            return Ok(());
        }
        if self.host.halted() && !matches!(step.kind, StepKind::Expect) {
            self.judge.not_carried_out(index, &step.span, &self.host);
            return Ok(());
        }
        let mut began: Option<Instant> = None;
        for repetition in 1..=step.repeat {
            let mark = Mark::of(&self.host);
            let passed = self.streams.passed(&self.host);
            self.wait_for_next(step.every, began);
            let start = self.host.now();
            began = Some(start);
            let undone = self.carry_out(&step.kind, &step.span)?;
            let took = self.host.now() - start;
            let mut stage = match step.kind {
                StepKind::Expect => self.whole(index, &step.span),
                _ => self.stage(index, step.span.clone(), mark, took),
            };
            stage.repetition = (step.repeat > 1).then_some((repetition, step.repeat));
            let speaks_of = step.expect.as_ref().and_then(|expect| expect.stream.as_deref());
            self.passages.push(stage.passage(self.streams.stream(speaks_of)));
            if let Some(undone) = undone {
                self.judge.undone(&stage, &self.host, undone);
            }
            if let Some(expect) = &step.expect {
                let before = if matches!(step.kind, StepKind::Expect) { &[] } else { passed.as_slice() };
                let name = expect.stream.as_deref();
                let connection = self.streams.connection(&self.host, name, before);
                let exchange = self.streams.exchange(&mut self.host, name);
                self.judge.expectations(
                    &stage,
                    expect,
                    &self.host,
                    Subject { exchange, connection: connection.as_ref() },
                );
            }
            if matches!(step.kind, StepKind::Expect) {
                // What it speaks of belongs to the steps before it.
                stage.since = stage.until;
            }
            self.judge.done(stage);
            self.steps += usize::from(!matches!(step.kind, StepKind::Expect));
        }
        Ok(())
    }

    /// Does what the step says. What a plugin keeps it from is no error but a failure.
    fn carry_out(&mut self, kind: &StepKind, span: &Span) -> Result<Option<Undone>, RunError> {
        match kind {
            StepKind::Expect => {}
            StepKind::Request(request) => return Ok(self.request(request)),
            StepKind::Open(open) => {
                let request = open.request.clone();
                let stream = if open.end { self.host.open(request) } else { self.host.open_unended(request) };
                self.streams.open(&open.stream, stream);
                self.exchanges += 1;
            }
            StepKind::Send(send) => {
                let stream = self.streams.by_name(&send.stream, span)?;
                self.host.send_more(stream, send.chunks.clone(), send.trailers.clone(), send.end);
            }
            StepKind::Respond(respond) => return self.respond(respond, span),
            StepKind::Abort(abort) => {
                let by = match abort.by {
                    super::step::Peer::Client => Peer::Client,
                    super::step::Peer::Upstream => Peer::Upstream,
                };
                let stream = self.streams.by_name(&abort.stream, span)?;
                match self.host.is_connection(stream) {
                    true => self.host.reset(stream, by),
                    false => self.host.abort(stream, by),
                }
            }
            StepKind::Metadata(metadata) => {
                let from = match metadata.from {
                    super::step::Peer::Client => Peer::Client,
                    super::step::Peer::Upstream => Peer::Upstream,
                };
                let stream = self.streams.by_name(&metadata.stream, span)?;
                self.host.metadata(stream, from, metadata.elements.0.iter().cloned());
            }
            StepKind::Advance(span) => self.host.advance(*span),
            StepKind::SetClock(time) => self.host.set_clock(time.ns),
            StepKind::Fault(fault) => self.fault(fault),
            StepKind::Start(_) => {}
            StepKind::Connect(connect) => {
                let stream = match connect.worker {
                    Some(worker) => self.host.connect_on(worker as usize),
                    None => self.host.connect(),
                };
                self.streams.open(&connect.stream, stream);
                self.exchanges += 1;
            }
            StepKind::Data(data) => {
                let stream = self.streams.by_name(&data.stream, span)?;
                let sent = self.host.data(stream, side(data.from), &data.bytes, data.end);
                return Ok(sent.err().map(|why| Undone::new("data", "the server has the connection", why)));
            }
            StepKind::Close(close) => {
                let stream = self.streams.by_name(&close.stream, span)?;
                let closed = self.host.close(stream, side(close.by));
                return Ok(closed
                    .err()
                    .map(|why| Undone::new("close", "the server has the connection", why)));
            }
            StepKind::Reconfigure(of) => return Ok(self.reconfigure(of)),
            StepKind::Enqueue(Enqueue { vm_id, queue, data, .. }) => {
                if self.host.enqueue(vm_id, queue, data).is_err() {
                    return Ok(Some(Undone::new(
                        "enqueue",
                        "a plugin has registered the queue",
                        self.queues(),
                    )));
                }
            }
            StepKind::SetSharedData(SetSharedData { vm_id, key, value, cas, .. }) => {
                if self.host.set_shared_data(vm_id, key, value, *cas).is_err() {
                    let now = self
                        .host
                        .shared_data()
                        .find(|(of, known, ..)| (*of, *known) == (vm_id.as_bytes(), key));
                    let now = now.map_or_else(String::new, |(.., number)| format!("it is {number}"));
                    return Ok(Some(Undone::new(
                        "set_shared_data",
                        format!("the number of the entry is {cas}"),
                        now,
                    )));
                }
            }
            StepKind::SetProperty(SetProperty { stream, path, value, .. }) => {
                let stream = stream.as_ref().map(|name| self.streams.by_name(name, span)).transpose()?;
                let path: Vec<&str> = path.0.iter().map(String::as_str).collect();
                if self.host.set_property(stream, &path, value.clone()).is_err() {
                    return Ok(Some(Undone::new("set_property", "the stream is open", "it has ended")));
                }
            }
        }
        Ok(None)
    }

    fn request(&mut self, request: &Request) -> Option<Undone> {
        let exchange = match self.scenario.host.profile {
            Profile::Envoy140 => self.host.send(request.clone()),
            Profile::Google => {
                let sent = google::exchange(&mut self.host, self.scenario, request, self.exchanges);
                let Some(exchange) = sent else {
                    return Some(Undone::new("request", "an answer for it", "the script has none left"));
                };
                exchange
            }
        };
        self.streams.sent(exchange);
        self.exchanges += 1;
        None
    }

    fn respond(&mut self, respond: &Respond, span: &Span) -> Result<Option<Undone>, RunError> {
        let stream = self.streams.by_name(&respond.stream, span)?;
        let with = match &respond.with {
            RespondWith::Scripted => Reply::Scripted,
            RespondWith::Answer(answer) => Reply::Answer(answer.clone()),
            RespondWith::More { chunks, trailers } => {
                Reply::More { chunks: chunks.clone(), trailers: trailers.clone() }
            }
        };
        let why = self.host.reply(stream, with, respond.end).err();
        Ok(why.map(|why| Undone::new("respond", "the upstream has the request", why)))
    }

    fn reconfigure(&mut self, of: &Reconfigure) -> Option<Undone> {
        let vm = of.vm.as_ref().map(|vm| VmSetup {
            id: vm.id.clone(),
            config: vm.config.0.clone(),
            env: vm.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        });
        let needs = |what: &str| format!("{}: {what}", of.outcome.word());
        match (self.host.push(&of.plugin, of.config.0.clone(), vm), of.outcome) {
            (Ok(()), StartOutcome::Ok) | (Err(_), StartOutcome::Refused) => None,
            (Ok(()), StartOutcome::Refused) => {
                let found = "it takes its configuration";
                Some(Undone::new("reconfigure", needs("the plugin refuses its configuration"), found))
            }
            (Err(refusal), StartOutcome::Ok) => {
                let needs = needs("the plugin takes its configuration");
                Some(Undone::new("reconfigure", needs, refusal.to_string()))
            }
        }
    }

    fn fault(&mut self, fault: &Fault) {
        let plugin = fault.plugin.as_ref().and_then(|name| self.host.plugins().position(|of| of == name));
        self.host.inject(Injection {
            hostcall: fault.hostcall.clone(),
            status: fault.status,
            plugin: plugin.map(PluginIndex),
            skip: fault.nth - 1,
            count: fault.count,
        });
    }

    /// The queues that there are, in words.
    fn queues(&self) -> String {
        let all: Vec<String> = self
            .host
            .queues()
            .map(|(vm_id, name, _)| match vm_id {
                b"" => show_bytes(name),
                vm_id => format!("{}/{}", show_bytes(vm_id), show_bytes(name)),
            })
            .collect();
        if all.is_empty() {
            "no plugin has registered a queue".to_owned()
        } else {
            format!("registered are: {}", all.join(", "))
        }
    }

    /// What was done since `mark`, in the words of the last act.
    fn stage(&self, index: usize, span: Span, mark: Mark, took: Duration) -> Stage {
        let words = self.host.acts.last().map_or_else(String::new, ToString::to_string);
        Stage { index, span, words, repetition: None, since: mark, until: Mark::of(&self.host), took }
    }

    /// Everything so far.
    fn whole(&self, index: usize, span: &Span) -> Stage {
        let took = self.host.now() - Instant::ZERO;
        let mut stage = self.stage(index, span.clone(), Mark::default(), took);
        stage.words = "the whole scenario so far".to_owned();
        stage
    }

    fn end(self) -> (Run, Box<Host>) {
        let Self { scenario, host, judge, passages, exchanges, steps, .. } = self;
        let mut failures = judge.verdict(&host);
        let last = scenario.steps.len().saturating_sub(1);
        failures.extend(scenario.cost.iter().flat_map(|cost| cost::judge(cost, &host, last)));
        let run = Run {
            failures,
            transcript: host.transcript().clone(),
            traps: host.traps().to_vec(),
            stalls: host.stalls().to_vec(),
            findings: host.findings().to_vec(),
            calls: host.calls().to_vec(),
            passages,
            spent: host.spent().to_vec(),
            plugins: host.plugins().map(str::to_owned).collect(),
            refused: self.refused,
            imaged: host.imaged(),
            realtime: scenario.clock.map_or(default_clock(scenario), |time| time.ns),
            took: host.now() - Instant::ZERO,
            metrics: host.metrics().map(|(name, value)| (name.to_vec(), value.clone())).collect(),
            steps,
            exchanges,
        };
        (run, host)
    }
}
