//! Requests and answers as a file writes them.

use serde_json::{Value as Json, json};

use super::document::declare::document;
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape};
use super::document::source::{Node, Span};
use super::value::content::Content;
use super::value::headers::Headers;
use super::value::url::Url;
use crate::state::{Answer, Protocol, Request};

document! {
    /// A request; short form `GET URL`.
    pub(crate) struct RequestForm {
        /// The method.
        pub(crate) method: Vec<u8> = b"GET".to_vec(),
        /// The url; one that is a path gets `http://localhost`.
        pub(crate) url: Url,
        /// Header fields.
        pub(crate) headers: Headers = Headers::default(),
        /// The protocol of the client's connection.
        pub(crate) http: Protocol = Protocol::Http1,
        /// Index of the worker that serves it; left out, the next in turn.
        pub(crate) worker: Option<u32>,
        /// The upstream's answer to this very request.
        pub(crate) respond: Option<Answer>,
        ; with
        /// The body.
        pub(crate) content: Content
    }
}

impl RequestForm {
    /// The request that is meant.
    pub(crate) fn request(self, reader: &mut Reader) -> Option<Request> {
        self.content.note_trailers(self.http, reader);
        Some(Request {
            body: self.content.body(&self.headers.0, reader)?,
            trailers: self.content.trailers.map(|trailers| trailers.0),
            method: self.method,
            scheme: self.url.scheme,
            authority: self.url.authority,
            path: self.url.path,
            headers: self.headers.0,
            protocol: self.http,
            worker: self.worker,
            respond: self.respond,
        })
    }

    /// The form of a request.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            span: Span::none(),
            method: request.method.clone(),
            url: Url {
                scheme: request.scheme.clone(),
                authority: request.authority.clone(),
                path: request.path.clone(),
            },
            headers: Headers(request.headers.clone()),
            http: request.protocol,
            worker: request.worker,
            respond: request.respond.clone(),
            content: Content::of(&request.body, request.trailers.as_deref(), &request.headers),
        }
    }
}

impl Shape for Request {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.scalar() else {
            return RequestForm::read(node, reader)?.request(reader);
        };
        let Some((method, url)) = text.split_once(' ') else {
            let message = format!("expected a method and a url, found {}", node.found());
            return reader.fail_with(&node.span, message, Some("for example `GET /headers`".to_owned()));
        };
        let url = Url::read(&Node { span: node.span.clone(), ..Node::text(url.trim()) }, reader)?;
        let method = method.as_bytes().to_vec();
        let (headers, content) = (Headers::default(), Content::default());
        let form = RequestForm {
            span: node.span.clone(),
            method,
            url,
            headers,
            http: Protocol::Http1,
            worker: None,
            respond: None,
            content,
        };
        form.request(reader)
    }

    fn write(&self) -> Node {
        let form = RequestForm::of(self);
        let node = form.write();
        let bare = form.url.text().zip(std::str::from_utf8(&self.method).ok());
        match bare {
            Some((url, method))
                if method.bytes().all(|b| b.is_ascii_alphabetic())
                    && !method.is_empty()
                    && node.entries().is_some_and(|entries| {
                        entries.iter().all(|entry| matches!(entry.key.as_str(), "method" | "url"))
                    }) =>
            {
                Node::text(format!("{method} {url}"))
            }
            _ => node,
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        let short =
            json!({"type": "string", "description": "`METHOD URL`", "pattern": r"^[^ ]+ +[^ ]+$|\$\("});
        json!({"anyOf": [short, RequestForm::schema(defs)]})
    }
}

impl Shape for Protocol {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.scalar() {
            Some("1.1") => Some(Self::Http1),
            Some("2") => Some(Self::Http2),
            _ => reader.expected("1.1 or 2", node),
        }
    }

    fn write(&self) -> Node {
        Node::plain(match self {
            Self::Http1 => "1.1",
            Self::Http2 => "2",
        })
    }

    fn schema(_: &mut Defs) -> Json {
        json!({"enum": [1.1, 2, "1.1", "2"]})
    }
}
