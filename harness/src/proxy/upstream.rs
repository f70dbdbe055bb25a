//! The upstream's end of a stream: what it received, and how it answers, from a script or by hand.

use std::collections::VecDeque;

use super::client::{End, Received};
use crate::state::{Answer, Buffer, DeadlineId, Duration, Field, Fields, Instant, Protocol, names, number};

/// A part of the upstream's answer that is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answering {
    /// The head, with its status; `end_stream` when nothing follows it.
    Head { fields: Fields, status: u16, end_stream: bool },
    /// Body bytes, after a span of virtual time.
    Data { bytes: Buffer, after: Duration, end_stream: bool },
    /// The end of an HTTP/1.1 body.
    End,
    /// Trailers, which end the answer.
    Trailers(Vec<Field>),
    /// The connection fails, in these words.
    Reset(&'static str),
}

/// What the upstream of a stream got, and what it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct UpstreamSide {
    /// The request's head has been sent to it.
    pub(crate) requested: bool,
    pub(crate) received: Received,
    /// METADATA frames that wait for the request's head to go out.
    pub(crate) metadata: Vec<Fields>,
    /// The answer to this very request, in place of the script's.
    pub(crate) own_answer: Option<Answer>,
    /// Answers only when the test says so.
    pub(crate) by_hand: bool,
    /// The protocol of the answer.
    pub(crate) protocol: Protocol,
    /// Parts of the answer still to come.
    pub(crate) answering: VecDeque<Answering>,
    /// An answer has been chosen.
    pub(crate) answered: bool,
    /// When the request had arrived in full.
    pub(crate) request_ended_at: Option<Instant>,
    /// The end of the request has been written to it twice.
    pub(crate) ended_twice: bool,
    /// The proxy's own timeout for the answer.
    pub(crate) timeout: Option<DeadlineId>,
    /// A message from the upstream's side has ended.
    pub(crate) answer_complete: bool,
    /// When the upstream's answer had ended.
    pub(crate) answered_at: Option<Instant>,
}

impl UpstreamSide {
    /// As a new one, but for the room that its list took.
    pub(super) fn renew(&mut self) {
        let Self {
            requested,
            metadata,
            received,
            own_answer,
            by_hand,
            protocol,
            answering,
            answered,
            request_ended_at,
            ended_twice,
            timeout,
            answer_complete,
            answered_at,
        } = self;
        for flag in [requested, by_hand, answered, ended_twice, answer_complete] {
            *flag = false;
        }
        metadata.clear();
        received.renew();
        *own_answer = None;
        *protocol = Protocol::default();
        answering.clear();
        *timeout = None;
        (*request_ended_at, *answered_at) = (None, None);
    }

    /// It has received all that the request's content-length announces.
    pub(crate) fn has_all_of_its_length(&self) -> bool {
        let head = self.received.head.as_ref();
        let declared = head.and_then(|head| head.get_known(names::CONTENT_LENGTH)).and_then(number);
        declared.is_some_and(|declared| {
            self.received.chunks.iter().map(Vec::len).sum::<usize>() as u64 == declared
        })
    }

    /// Its request was under way, and has been given up before it was complete.
    pub(crate) fn reset_early(&self) -> bool {
        self.requested && self.request_ended_at.is_none() && self.received.end == End::Cut
    }

    /// Whether it has the whole request, and has not answered in full.
    pub(crate) fn waits_for_its_answer(&self) -> bool {
        self.requested && self.received.end == End::Complete && !self.answer_complete
    }

    /// Whether its request is under way and not complete.
    pub(crate) fn takes_more(&self) -> bool {
        self.requested
            && self.request_ended_at.is_none()
            && self.received.end != End::Cut
            && !self.answer_complete
    }
}

/// Where answers of an upstream or cluster come from.
#[derive(Clone, Debug)]
pub enum Script {
    /// One answer for every request.
    Every(Answer),
    /// One answer for each request, in order; one request too many fails the scenario.
    Each(VecDeque<Answer>),
}

impl Script {
    /// The answer to the next request; `None` when the script has run out.
    pub(crate) fn next(&mut self) -> Option<Answer> {
        match self {
            Self::Every(answer) => Some(answer.clone()),
            Self::Each(answers) => answers.pop_front(),
        }
    }

    /// The answer to the next request, left where it is.
    pub(crate) fn peek(&self) -> Option<&Answer> {
        match self {
            Self::Every(answer) => Some(answer),
            Self::Each(answers) => answers.front(),
        }
    }
}
