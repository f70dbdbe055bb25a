//! The steps that drive a stream by hand, as a file writes them: `open`, `send`, `respond`.

use serde_json::Value as Json;

use super::answer_form::AnswerForm;
use super::document::declare::document;
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape};
use super::document::source::{Node, Span};
use super::request_form::RequestForm;
use super::step::{Open, Respond, RespondWith, Send};
use super::value::content::Content;

document! {
    /// Opens a stream and sends the beginning of a request.
    struct OpenForm {
        /// The name by which later steps speak of the stream.
        stream: String,
        /// Whether what is sent ends the request.
        end: bool = true,
        ; with
        /// What is sent.
        request: RequestForm
    }
}

impl Shape for Open {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let form = OpenForm::read(node, reader)?;
        let request = form.request.request(reader)?;
        if !form.end && request.trailers.is_some() {
            return reader.fail(&form.span, "trailers end a request: `end: false` contradicts them");
        }
        Some(Self { stream: form.stream, end: form.end, request })
    }

    fn write(&self) -> Node {
        let request = RequestForm::of(&self.request);
        OpenForm { span: Span::none(), stream: self.stream.clone(), end: self.end, request }.write()
    }

    fn schema(defs: &mut Defs) -> Json {
        OpenForm::schema(defs)
    }
}

document! {
    /// Sends more of a request.
    struct SendForm {
        /// The stream.
        stream: String,
        /// Whether this ends the request.
        end: bool = true,
        ; with
        /// What is sent.
        content: Content
    }
}

impl Shape for Send {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let form = SendForm::read(node, reader)?;
        if !form.end && form.content.trailers.is_some() {
            return reader.fail(&form.span, "trailers end a request: `end: false` contradicts them");
        }
        let chunks = form.content.pieces(reader)?;
        let trailers = form.content.trailers.map(|fields| fields.0);
        Some(Self { stream: form.stream, end: form.end, chunks, trailers })
    }

    fn write(&self) -> Node {
        let content = more(&self.chunks, self.trailers.as_deref());
        SendForm { span: Span::none(), stream: self.stream.clone(), end: self.end, content }.write()
    }

    fn schema(defs: &mut Defs) -> Json {
        SendForm::schema(defs)
    }
}

/// The form of pieces whose head has gone before them.
fn more(chunks: &[crate::state::Chunk], trailers: Option<&[crate::state::Field]>) -> Content {
    let body = match chunks {
        [] => crate::state::Body::None,
        chunks => crate::state::Body::Chunked(chunks.to_vec()),
    };
    Content::of(&body, trailers, &[])
}

document! {
    /// Lets the upstream answer.
    struct RespondForm {
        /// The stream.
        stream: String,
        /// Whether this ends the response.
        end: bool = true,
        ; with
        /// What is answered; nothing, as scripted.
        answer: AnswerForm
    }
}

impl Shape for Respond {
    /// What follows a `respond` with `end: false` on the same stream continues its response.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let RespondForm { span, stream, end, answer } = RespondForm::read(node, reader)?;
        if !end && answer.content.trailers.is_some() {
            return reader.fail(&span, "trailers end a response: `end: false` contradicts them");
        }
        if !end && answer.fail.is_some() {
            return reader.fail(&span, "a failure ends a response: `end: false` contradicts it");
        }
        let begun = reader.responding.contains(&stream);
        if end {
            reader.responding.shift_remove(&stream);
        } else {
            reader.responding.insert(stream.clone());
        }
        let with = if begun && (answer.is_empty() || answer.only_content()) {
            if !answer.after.is_zero() {
                return reader.fail(&span, "`after` belongs to the head of a response, or to a chunk");
            }
            let chunks = answer.content.pieces(reader)?;
            RespondWith::More { chunks, trailers: answer.content.trailers.map(|fields| fields.0) }
        } else if begun && answer.fail.is_none() {
            return reader
                .fail(&span, format!("the head of the response on `{stream}` has been sent already"));
        } else if answer.is_empty() {
            RespondWith::Scripted
        } else {
            RespondWith::Answer(answer.answer(reader)?)
        };
        Some(Self { stream, end, with })
    }

    fn write(&self) -> Node {
        let answer = match &self.with {
            RespondWith::Scripted => AnswerForm::default(),
            RespondWith::Answer(answer) => AnswerForm::of(answer),
            RespondWith::More { chunks, trailers } => {
                AnswerForm { content: more(chunks, trailers.as_deref()), ..AnswerForm::default() }
            }
        };
        RespondForm { span: Span::none(), stream: self.stream.clone(), end: self.end, answer }.write()
    }

    fn schema(defs: &mut Defs) -> Json {
        RespondForm::schema(defs)
    }
}
