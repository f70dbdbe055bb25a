//! What an upstream or a cluster answers, request by request.

use std::collections::VecDeque;

use proxy_wasm_harness::scenario::Answers;
use proxy_wasm_harness::state::{Answer, Protocol};

/// Answers still to be given.
#[derive(Clone, Debug)]
pub(super) enum Script {
    Every(Answer),
    Each { left: VecDeque<Answer>, protocol: Protocol },
}

impl Script {
    pub(super) fn new(answers: &Answers) -> Self {
        match answers {
            Answers::Every(answer) => Self::Every(answer.clone()),
            Answers::Each(answers) => {
                Self::Each { left: answers.iter().cloned().collect(), protocol: protocol(answers) }
            }
        }
    }

    pub(super) fn peek(&self) -> Option<&Answer> {
        match self {
            Self::Every(answer) => Some(answer),
            Self::Each { left, .. } => left.front(),
        }
    }

    pub(super) fn next(&mut self) -> Option<Answer> {
        match self {
            Self::Every(answer) => Some(answer.clone()),
            Self::Each { left, .. } => left.pop_front(),
        }
    }

    /// The protocol of all of them.
    pub(super) fn protocol(&self) -> Protocol {
        match self {
            Self::Every(answer) => protocol(std::slice::from_ref(answer)),
            Self::Each { protocol, .. } => *protocol,
        }
    }
}

/// The protocol in which something answers: HTTP/2 as soon as one answer speaks it.
fn protocol(answers: &[Answer]) -> Protocol {
    let h2 = answers.iter().any(|answer| answer.protocol() == Protocol::Http2);
    if h2 { Protocol::Http2 } else { Protocol::Http1 }
}
