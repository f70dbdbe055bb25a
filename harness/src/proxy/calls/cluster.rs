//! A cluster that plugins call: what it answers, and its connections as far as plugins can tell.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::Call;
use crate::proxy::upstream::Script;
use crate::state::{Answer, GrpcAnswer, Response};

/// A cluster: its script, a function of the call, or nobody there.
///
/// Made from an [`Answer`] (to every call), a list of them (to one call each, in order; one call too many is a finding)
/// or a closure `|call: &Call| Answer`.
#[derive(Clone, Debug)]
pub struct Cluster {
    answers: Answers,
    /// Connections that stand ready for the next call.
    pub(super) idle: usize,
}

#[derive(Clone, Debug)]
enum Answers {
    Scripted(Script),
    /// A function, and what it has answered.
    By(Responder, Vec<Answer>),
    Nobody,
}

/// A function that answers calls. It is called once for each, when the cluster has received it.
#[derive(Clone)]
pub struct Responder(Arc<dyn Fn(&Call) -> Answer + Send + Sync>);

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder")
    }
}

impl Cluster {
    /// A cluster that is configured and has no host: calls to it fail inside the hostcall.
    #[must_use]
    pub fn without_hosts() -> Self {
        Answers::Nobody.into()
    }

    pub(super) fn has_hosts(&self) -> bool {
        !matches!(self.answers, Answers::Nobody)
    }

    /// What it answers. Of a function, what it has answered so far, call by call. `None` when nobody is there.
    pub(crate) fn script(&self) -> Option<Script> {
        match &self.answers {
            Answers::Scripted(script) => Some(script.clone()),
            Answers::By(_, given) => Some(Script::Each(given.iter().cloned().collect())),
            Answers::Nobody => None,
        }
    }

    pub(crate) fn is_function(&self) -> bool {
        matches!(self.answers, Answers::By(..))
    }

    /// The answer to this call; `None` when the script has run out.
    pub(super) fn answer(&mut self, call: &Call) -> Option<Answer> {
        match &mut self.answers {
            Answers::Scripted(script) => script.next(),
            Answers::By(responder, given) => {
                let answer = (responder.0)(call);
                given.push(answer.clone());
                Some(answer)
            }
            Answers::Nobody => None,
        }
    }
}

impl From<Answers> for Cluster {
    fn from(answers: Answers) -> Self {
        Self { answers, idle: 0 }
    }
}

impl From<Script> for Cluster {
    fn from(script: Script) -> Self {
        Answers::Scripted(script).into()
    }
}

impl From<Answer> for Cluster {
    fn from(answer: Answer) -> Self {
        Script::Every(answer).into()
    }
}

impl From<Response> for Cluster {
    fn from(response: Response) -> Self {
        Answer::from(response).into()
    }
}

impl From<GrpcAnswer> for Cluster {
    fn from(answer: GrpcAnswer) -> Self {
        Answer::from(answer).into()
    }
}

impl From<Vec<Answer>> for Cluster {
    fn from(answers: Vec<Answer>) -> Self {
        Script::Each(VecDeque::from(answers)).into()
    }
}

impl<const N: usize> From<[Answer; N]> for Cluster {
    fn from(answers: [Answer; N]) -> Self {
        Script::Each(VecDeque::from(answers)).into()
    }
}

impl<F: Fn(&Call) -> Answer + Send + Sync + 'static> From<F> for Cluster {
    fn from(function: F) -> Self {
        Answers::By(Responder(Arc::new(function)), Vec::new()).into()
    }
}
