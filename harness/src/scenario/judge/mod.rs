//! What happened, compared with what is expected.
//!
//! Each expectation is a pure function of the record: the transcript, the exchange, the traps, stalls and findings.
//! In reading order: `stage` (what is compared), `message` (responses and requests), `fields`, `body`, `local`, `log`,
//! `calls` (callbacks and hostcalls), `cluster_calls` (HTTP and gRPC calls), `state` (metrics, shared data, queues, properties), `trouble` (stalls, traps, findings: those that nobody expected are failures too), `because` (the lines
//! that explain).

mod because;
mod body;
mod calls;
mod cluster_calls;
mod fields;
mod local;
mod log;
mod message;
mod stage;
mod state;
mod tcp;
mod text;
mod trouble;

use super::document::source::Span;
use super::expect::Expectations;
use super::failure::Failure;
use super::model::Scenario;
use super::step::StartOutcome;
use crate::host::{Connection, Exchange, Host, Refusal};
use crate::state::show;
pub(super) use stage::{Mark, Stage};
use trouble::Excused;

/// Gathers what is not as expected.
pub(super) struct Judge<'s> {
    scenario: &'s Scenario,
    failures: Vec<(usize, Failure)>,
    stages: Vec<Stage>,
    excused: Excused,
}

/// A step that could not be done: which, what it needs, and what was there.
pub(super) struct Undone {
    step: &'static str,
    needs: String,
    found: String,
}

impl Undone {
    pub(super) fn new(step: &'static str, needs: impl Into<String>, found: impl Into<String>) -> Self {
        Self { step, needs: needs.into(), found: found.into() }
    }
}

/// The stream that a step speaks of, as far as it has come.
#[derive(Clone, Copy, Default)]
pub(super) struct Subject<'a> {
    pub(super) exchange: Option<&'a Exchange>,
    /// Its bytes are those let through in the step.
    pub(super) connection: Option<&'a Connection>,
}

/// One comparison: what is at hand, and where a failure goes.
struct Bench<'a> {
    stage: &'a Stage,
    host: &'a Host,
    exchange: Option<&'a Exchange>,
    connection: Option<&'a Connection>,
    scenario: &'a Scenario,
    failures: Vec<Failure>,
    excused: &'a mut Excused,
}

impl<'s> Judge<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Self {
        Self { scenario, failures: Vec::new(), stages: Vec::new(), excused: Excused::default() }
    }

    /// Judges what a step expects.
    pub(super) fn expectations(
        &mut self,
        stage: &Stage,
        expect: &Expectations,
        host: &Host,
        subject: Subject<'_>,
    ) {
        self.at_bench(stage, host, subject, |bench| bench.judge(expect));
    }

    /// Judges how the start ended. Answers whether the steps after it are to be carried out.
    pub(super) fn start(
        &mut self,
        stage: &Stage,
        host: &Host,
        outcome: StartOutcome,
        refusal: Option<&Refusal>,
    ) -> bool {
        let as_meant = (outcome == StartOutcome::Refused) == refusal.is_some();
        if !as_meant {
            self.at_bench(stage, host, Subject::default(), |bench| bench.start(outcome, refusal));
        }
        as_meant
    }

    /// The step could not be done.
    pub(super) fn undone(&mut self, stage: &Stage, host: &Host, undone: Undone) {
        self.at_bench(stage, host, Subject::default(), |bench| {
            let because = bench.last_of_step();
            bench.fail(&stage.span, undone.step, undone.needs, undone.found).because = because;
        });
    }

    /// Nothing runs any more, so the step was left out.
    pub(super) fn not_carried_out(&mut self, index: usize, span: &Span, host: &Host) {
        let mark = Mark::of(host);
        let stage = Stage {
            index,
            span: span.clone(),
            words: "the step".to_owned(),
            repetition: None,
            since: mark,
            until: mark,
            took: std::time::Duration::ZERO,
        };
        self.at_bench(&stage, host, Subject::default(), |bench| {
            let crash = host.findings().last().map_or_else(String::new, |finding| finding.message.clone());
            let failure =
                bench.fail(span, "step", "it is carried out", "left out: Envoy would have crashed before it");
            failure.because = vec![crash];
        });
        self.done(stage);
    }

    fn at_bench(
        &mut self,
        stage: &Stage,
        host: &Host,
        Subject { exchange, connection }: Subject<'_>,
        judge: impl FnOnce(&mut Bench<'_>),
    ) {
        let mut bench = Bench {
            stage,
            host,
            exchange,
            connection,
            scenario: self.scenario,
            failures: Vec::new(),
            excused: &mut self.excused,
        };
        judge(&mut bench);
        for failure in bench.failures {
            // One that fails in every repetition is told once.
            match self.failures.iter_mut().find(|(_, known)| known.is_again(&failure)) {
                Some((_, known)) => known.again += 1,
                None => self.failures.push((self.stages.len(), failure)),
            }
        }
    }

    /// The stage is over.
    pub(super) fn done(&mut self, stage: Stage) {
        self.stages.push(stage);
    }

    /// All failures, in the order of the steps; with them what nobody expected.
    pub(super) fn verdict(mut self, host: &Host) -> Vec<Failure> {
        let stages = std::mem::take(&mut self.stages);
        let mut all: Vec<((usize, bool), Failure)> = Vec::new();
        for (at, stage) in stages.iter().enumerate() {
            let mut bench = Bench {
                stage,
                host,
                exchange: None,
                connection: None,
                scenario: self.scenario,
                failures: Vec::new(),
                excused: &mut self.excused,
            };
            bench.unexpected();
            all.extend(bench.failures.into_iter().map(|failure| ((at, false), failure)));
        }
        all.extend(self.failures.into_iter().map(|(at, failure)| ((at, true), failure)));
        // What nobody expected is the likely cause of the rest of its step.
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, failure)| failure).collect()
    }
}

impl Bench<'_> {
    fn judge(&mut self, expect: &Expectations) {
        self.trap(expect);
        self.stalled(expect);
        self.findings(expect);
        if let Some(response) = &expect.response {
            self.response(response);
        }
        if let Some(request) = &expect.upstream_request {
            self.upstream_request(request);
        }
        if let Some(local) = &expect.local_response {
            self.local_response(local);
        }
        self.tcp(expect);
        if let Some(calls) = &expect.http_calls {
            self.http_calls(calls);
        }
        if let Some(calls) = &expect.grpc_calls {
            self.grpc_calls(calls);
        }
        if let Some(log) = &expect.log {
            self.log(log);
        }
        self.no_log(expect.no_log.as_deref().unwrap_or_default());
        self.callbacks(expect.callbacks.as_deref().unwrap_or_default());
        self.hostcalls(expect.hostcalls.as_deref().unwrap_or_default());
        self.metrics(&expect.metrics);
        self.shared_data(&expect.shared_data);
        self.queues(&expect.queues);
        self.properties(&expect.properties);
        if let Some(took) = &expect.took
            && !took.matches(&self.stage.took)
        {
            let because = self.clock_moves();
            let actual = show(self.stage.took);
            self.fail(&took.span, "took", took.describe(), actual).because = because;
        }
    }

    /// Notes a failure; the caller adds what explains it.
    fn fail(
        &mut self,
        span: &Span,
        what: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> &mut Failure {
        let Stage { index, words, repetition, since, until, .. } = self.stage;
        self.failures.push(Failure {
            span: if span.file().is_some() { span.clone() } else { self.stage.span.clone() },
            step: *index,
            step_words: words.clone(),
            repetition: *repetition,
            what: what.into(),
            expected: expected.into(),
            actual: actual.into(),
            diff: None,
            nearest: None,
            at: until.at,
            events: since.events..until.events,
            because: Vec::new(),
            backtrace: Vec::new(),
            again: 0,
        });
        self.failures.last_mut().expect("just pushed")
    }
}
