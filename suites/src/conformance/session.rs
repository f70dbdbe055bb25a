//! A script that exercises a plugin, with the exchange in it that checks change.

use std::sync::Arc;

use proxy_wasm_harness::scenario::{Step, StepKind};
use proxy_wasm_harness::state::{Answer, AnswerKind, Request, Response};

use super::transform::streams;
use super::world::World;

/// A script in its world.
#[derive(Clone, Debug)]
pub struct Session {
    /// What it is, for people.
    pub name: String,
    /// Where it runs.
    pub world: Arc<World>,
    /// What is done.
    pub steps: Vec<Step>,
    /// The step that checks change: a request.
    pub target: usize,
}

impl Session {
    /// One exchange.
    #[must_use]
    pub fn of_request(name: &str, world: &Arc<World>, request: Request) -> Self {
        let steps = vec![streams::request(request)];
        Self { name: name.to_owned(), world: Arc::clone(world), steps, target: 0 }
    }

    /// The request that checks change.
    ///
    /// # Panics
    ///
    /// When the target is no request: a mistake of whoever made the session.
    #[must_use]
    pub fn request(&self) -> &Request {
        match &self.steps[self.target].kind {
            StepKind::Request(request) => request,
            other => panic!("the target of a session is a request, not {other:?}"),
        }
    }

    /// The upstream's answer to it.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.request().respond.clone().unwrap_or_else(Answer::ok)
    }

    /// The upstream's answer to it, when it is an HTTP response.
    #[must_use]
    pub fn response(&self) -> Option<Response> {
        match self.answer().kind {
            AnswerKind::Response(response) => Some(response),
            _ => None,
        }
    }

    /// The steps with another request in the target's place.
    #[must_use]
    pub fn with_request(&self, request: Request) -> Vec<Step> {
        let mut steps = self.steps.clone();
        steps[self.target].kind = StepKind::Request(request);
        steps
    }

    /// The steps with the request changed.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut Request)) -> Vec<Step> {
        let mut request = self.request().clone();
        change(&mut request);
        self.with_request(request)
    }

    /// The steps with the upstream's response changed; nothing when there is none.
    #[must_use]
    pub fn changed_response(&self, change: impl FnOnce(&mut Response)) -> Option<Vec<Step>> {
        let mut answer = self.answer();
        let AnswerKind::Response(response) = &mut answer.kind else { return None };
        change(response);
        Some(self.changed(|request| request.respond = Some(answer)))
    }

    /// The exchange of the target among those of a run of these steps.
    #[must_use]
    pub fn exchange_index(&self) -> usize {
        let opens = |step: &Step| match step.kind {
            StepKind::Request(_) => step.repeat as usize,
            StepKind::Open(_) => 1,
            _ => 0,
        };
        let before: usize = self.steps[..self.target].iter().map(opens).sum();
        before + opens(&self.steps[self.target]) - 1
    }
}
