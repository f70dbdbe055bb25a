//! Answers as a file writes them: of the upstream, and of clusters.

use serde_json::{Value as Json, json};

use super::document::declare::{choices, document};
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape};
use super::document::source::{Node, Span, Value};
use super::model::Answers;
use super::value::content::Content;
use super::value::headers::Headers;
use crate::state::{Answer, AnswerKind, Duration, Failure, GrpcAnswer, Protocol, Response};

document! {
    /// What an upstream or a cluster answers: an HTTP response, gRPC messages, or a failure.
    pub(crate) struct AnswerForm {
        /// The status code of a response; left out, 200.
        pub(crate) status: Option<u16>,
        /// Header fields of a response.
        pub(crate) headers: Option<Headers>,
        /// The protocol of the upstream's connection.
        pub(crate) http: Option<Protocol>,
        /// gRPC: the messages.
        pub(crate) messages: Option<Vec<Vec<u8>>>,
        /// gRPC: metadata before the messages.
        pub(crate) initial_metadata: Option<Headers>,
        /// gRPC: metadata after the messages.
        pub(crate) trailing_metadata: Option<Headers>,
        /// gRPC: the status at the end; left out, 0.
        pub(crate) grpc_status: Option<u32>,
        /// gRPC: the message of the status.
        pub(crate) grpc_message: Option<Vec<u8>>,
        /// How it fails.
        pub(crate) fail: Option<Failure>,
        /// Virtual time from the moment the request has arrived.
        pub(crate) after: Duration = Duration::ZERO,
        ; with
        /// The body of a response.
        pub(crate) content: Content
    }
}

impl AnswerForm {
    /// The first key that only a response has.
    pub(crate) fn response_key(&self) -> Option<&'static str> {
        [
            ("status", self.status.is_some()),
            ("headers", self.headers.is_some()),
            ("http", self.http.is_some()),
        ]
        .into_iter()
        .find_map(|(key, given)| given.then_some(key))
        .or_else(|| self.content.given())
    }

    fn grpc_key(&self) -> Option<&'static str> {
        let keys = [
            ("messages", self.messages.is_some()),
            ("initial_metadata", self.initial_metadata.is_some()),
            ("trailing_metadata", self.trailing_metadata.is_some()),
            ("grpc_status", self.grpc_status.is_some()),
            ("grpc_message", self.grpc_message.is_some()),
        ];
        keys.into_iter().find_map(|(key, given)| given.then_some(key))
    }

    /// Whether nothing but a body or trailers is given.
    pub(crate) fn only_content(&self) -> bool {
        self.content.given().is_some()
            && self.status.is_none()
            && self.headers.is_none()
            && self.http.is_none()
            && self.grpc_key().is_none()
            && self.fail.is_none()
    }

    /// Whether nothing is given at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.response_key().is_none()
            && self.grpc_key().is_none()
            && self.fail.is_none()
            && self.after.is_zero()
    }

    /// The answer that is meant.
    pub(crate) fn answer(self, reader: &mut Reader) -> Option<Answer> {
        let fail = self.fail.map(|_| "fail");
        let given: Vec<&str> = [fail, self.grpc_key(), self.response_key()].into_iter().flatten().collect();
        if let [first, second, ..] = given.as_slice() {
            let message = format!("`{first}` and `{second}` exclude each other: an answer is one thing");
            return reader.fail(&self.span, message);
        }
        let kind = if let Some(failure) = self.fail {
            AnswerKind::Fail(failure)
        } else if self.grpc_key().is_some() {
            AnswerKind::Grpc(GrpcAnswer {
                messages: self.messages.unwrap_or_default(),
                initial_metadata: self.initial_metadata.unwrap_or_default().0,
                trailing_metadata: self.trailing_metadata.unwrap_or_default().0,
                status: self.grpc_status.unwrap_or_default(),
                message: self.grpc_message.unwrap_or_default(),
            })
        } else {
            let headers = self.headers.unwrap_or_default().0;
            let status = self.status.unwrap_or(200);
            if !(100..=999).contains(&status) {
                return reader.fail(&self.span, format!("the status {status} does not have three digits"));
            }
            self.content.note_trailers(self.http.unwrap_or_default(), reader);
            AnswerKind::Response(Response {
                status,
                body: self.content.body(&headers, reader)?,
                trailers: self.content.trailers.map(|trailers| trailers.0),
                headers,
                protocol: self.http.unwrap_or_default(),
            })
        };
        Some(Answer { kind, after: self.after })
    }

    /// The form of an answer.
    pub(crate) fn of(answer: &Answer) -> Self {
        let some = |fields: &[crate::state::Field]| {
            if fields.is_empty() { None } else { Some(Headers(fields.to_vec())) }
        };
        let mut form = Self { after: answer.after, ..Self::default() };
        match &answer.kind {
            AnswerKind::Fail(failure) => form.fail = Some(*failure),
            AnswerKind::Grpc(grpc) => {
                form.messages = Some(grpc.messages.clone());
                form.initial_metadata = some(&grpc.initial_metadata);
                form.trailing_metadata = some(&grpc.trailing_metadata);
                form.grpc_status = (grpc.status != 0).then_some(grpc.status);
                form.grpc_message = (!grpc.message.is_empty()).then(|| grpc.message.clone());
            }
            AnswerKind::Response(response) => {
                form.status = Some(response.status);
                form.headers = some(&response.headers);
                form.http = (response.protocol != Protocol::Http1).then_some(response.protocol);
                form.content = Content::of(&response.body, response.trailers.as_deref(), &response.headers);
            }
        }
        form
    }
}

impl Default for AnswerForm {
    fn default() -> Self {
        Self {
            span: Span::none(),
            status: None,
            headers: None,
            http: None,
            messages: None,
            initial_metadata: None,
            trailing_metadata: None,
            grpc_status: None,
            grpc_message: None,
            fail: None,
            after: Duration::ZERO,
            content: Content::default(),
        }
    }
}

impl Shape for Answer {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        AnswerForm::read(node, reader)?.answer(reader)
    }

    fn write(&self) -> Node {
        AnswerForm::of(self).write()
    }

    fn schema(defs: &mut Defs) -> Json {
        AnswerForm::schema(defs)
    }
}

/// One answer to every request, or a list with one for each.
impl Shape for Answers {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Sequence(_) => Vec::read(node, reader).map(Self::Each),
            _ => Answer::read(node, reader).map(Self::Every),
        }
    }

    fn write(&self) -> Node {
        match self {
            Self::Every(answer) => answer.write(),
            Self::Each(answers) => answers.write(),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [Answer::schema(defs), Vec::<Answer>::schema(defs)]})
    }
}

impl Default for Answers {
    /// 200 without a body, to every request.
    fn default() -> Self {
        Self::Every(Answer::ok())
    }
}

choices! {
    /// How an upstream or cluster fails.
    enum FailureWord {
        /// No connection: it is refused.
        Refused = "refused",
        /// The connection closes before the head of the response.
        Closed = "closed",
        /// The connection closes after the head of the response.
        Cut = "cut",
        /// The answer never comes.
        Timeout = "timeout",
    }
}

impl Shape for Failure {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Some(match FailureWord::read(node, reader)? {
            FailureWord::Refused => Self::Refused,
            FailureWord::Closed => Self::Closed,
            FailureWord::Cut => Self::Cut,
            FailureWord::Timeout => Self::Timeout,
        })
    }

    fn write(&self) -> Node {
        let word = match self {
            Self::Refused => FailureWord::Refused,
            Self::Closed => FailureWord::Closed,
            Self::Cut => FailureWord::Cut,
            Self::Timeout => FailureWord::Timeout,
        };
        word.write()
    }

    fn schema(defs: &mut Defs) -> Json {
        FailureWord::schema(defs)
    }
}
