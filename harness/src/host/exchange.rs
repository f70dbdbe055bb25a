//! One request and what became of it.

use std::fmt;

use super::Host;
use crate::proxy::{Direction, End, Held, LocalReply, Received, Stream, StreamId, Waiting};
use crate::state::{Duration, Fields, Instant, show};

/// One request and what became of it, as far as it has come. Owns what it holds.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(crate) stream: StreamId,
    pub(crate) client: Received,
    /// Without a head when the request did not get there.
    pub(crate) upstream: Received,
    pub(crate) local: Vec<LocalResponse>,
    pub(crate) stall: Option<Stall>,
    pub(crate) took: Duration,
    /// What plugins set as properties of the stream, by path.
    pub(crate) properties: Vec<(Vec<u8>, Vec<u8>)>,
    /// The transcript, kept when there is no response to show.
    report: String,
}

/// A local response that a plugin asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalResponse {
    /// The plugin's name.
    pub plugin: String,
    /// What it asked for.
    pub reply: LocalReply,
}

/// A step that could not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The stream that could not end.
    pub stream: StreamId,
    /// Who holds it.
    pub held: Option<Held>,
    /// Calls to clusters that had no answer yet.
    pub calls: Vec<Waiting>,
    /// Virtual time that the step waited.
    pub waited: Duration,
    /// The patience that was used up; `None` when nothing was left to wait for.
    pub patience: Option<Duration>,
    /// The event of the transcript where the step gave up.
    pub event: usize,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exchange #{} stalled", self.stream.0 + 1)?;
        match &self.held {
            Some(Held { plugin, callback, direction, dead }) => {
                let (what, stream_type) = match direction {
                    Direction::Request => ("request", "HttpRequest"),
                    Direction::Response => ("response", "HttpResponse"),
                };
                write!(f, ": plugin {plugin} paused the {what} in {callback}, and ")?;
                match dead {
                    true => f.write_str("has trapped since")?,
                    false => write!(f, "proxy_continue_stream({stream_type}) was not called for it")?,
                }
            }
            None => f.write_str(": no plugin holds it")?,
        }
        match self.patience {
            Some(patience) => write!(f, " within the patience of {}", show(patience))?,
            None => f.write_str("; no answer, timeout or tick is left that could end it")?,
        }
        for Waiting { plugin, cluster, id, since } in &self.calls {
            write!(
                f,
                "; call {id} of plugin {plugin} to cluster {cluster} waits for an answer since {}",
                show(*since)
            )?;
        }
        Ok(())
    }
}

impl Host {
    pub(super) fn exchange_since(&mut self, id: StreamId, mark: Option<usize>, began: Instant) -> Exchange {
        let took = self.now() - began;
        let set = |stream: &Stream| {
            let all = stream.filter_state.all_set_by_plugins();
            all.map(|(path, value)| (path.to_vec(), value.to_vec())).collect()
        };
        // Filled in its place: it is large.
        let mut exchange = Exchange {
            stream: id,
            client: Received::default(),
            upstream: Received::default(),
            local: self.local_responses(id),
            stall: self.stalls.iter().rev().find(|stall| stall.stream == id).cloned(),
            took,
            properties: Vec::new(),
            report: String::new(),
        };
        match self.slot.take_stream(id) {
            Some(mut stream) => {
                exchange.properties = set(&stream);
                std::mem::swap(&mut exchange.client, &mut stream.client.received);
                std::mem::swap(&mut exchange.upstream, &mut stream.upstream.received);
                self.slot.give_back(stream);
            }
            None if self.slot.has_stream(id) => {
                let stream = self.slot.stream(id);
                exchange.properties = set(stream);
                exchange.client.clone_from(&stream.client.received);
                exchange.upstream.clone_from(&stream.upstream.received);
            }
            None => {}
        }
        if let (Some(mark), None) = (mark, &exchange.client.head) {
            exchange.report = self.transcript().abi_since(mark);
        }
        exchange
    }

    fn local_responses(&self, id: StreamId) -> Vec<LocalResponse> {
        let of_stream = self.slot.local_replies.iter().filter(|(stream, _)| *stream == id);
        of_stream
            .map(|(_, reply)| LocalResponse {
                plugin: reply.plugin.map_or(String::new(), |plugin| self.slot.plugin(plugin).name.clone()),
                reply: reply.clone(),
            })
            .collect()
    }
}

impl Exchange {
    /// One that has no stream of a proxy behind it.
    pub(super) fn without_proxy(stream: StreamId) -> Self {
        Self {
            stream,
            client: Received::default(),
            upstream: Received::default(),
            local: Vec::new(),
            stall: None,
            took: Duration::ZERO,
            properties: Vec::new(),
            report: String::new(),
        }
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// What the client received.
    ///
    /// # Panics
    ///
    /// When it received nothing: with the transcript of the exchange.
    #[must_use]
    #[track_caller]
    pub fn response(&self) -> ReceivedResponse<'_> {
        self.try_response().unwrap_or_else(|| {
            let why = self.stall.as_ref().map_or_else(String::new, |stall| format!("{stall}\n"));
            panic!("the client received no response\n{why}{}", self.report)
        })
    }

    /// What the client received, if it received anything.
    #[must_use]
    pub fn try_response(&self) -> Option<ReceivedResponse<'_>> {
        Some(ReceivedResponse { head: self.client.head.as_ref()?, message: &self.client })
    }

    /// What the upstream received, if the request reached it.
    #[must_use]
    pub fn upstream_request(&self) -> Option<ReceivedRequest<'_>> {
        Some(ReceivedRequest { head: self.upstream.head.as_ref()?, message: &self.upstream })
    }

    /// The local response that a plugin asked for, if one did. Of several, the first was sent.
    #[must_use]
    pub fn local_response(&self) -> Option<&LocalResponse> {
        self.local.first()
    }

    /// The local responses that plugins asked for, in order.
    #[must_use]
    pub fn local_responses(&self) -> &[LocalResponse] {
        &self.local
    }

    /// What a plugin set as a property of the stream.
    #[must_use]
    pub fn property(&self, path: &[&str]) -> Option<&[u8]> {
        let path = path.join("\0");
        self.properties.iter().find(|(set, _)| *set == path.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Why the exchange could not end, if it could not.
    #[must_use]
    pub fn stalled(&self) -> Option<&Stall> {
        self.stall.as_ref()
    }

    /// Virtual time that passed while it ran.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }
}

/// A response as the client received it.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedResponse<'a> {
    head: &'a Fields,
    message: &'a Received,
}

/// A request as the upstream received it.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedRequest<'a> {
    head: &'a Fields,
    message: &'a Received,
}

/// What both kinds of messages have.
macro_rules! message {
    ($type:ident) => {
        impl<'a> $type<'a> {
            /// The first value of a header field, as text; bytes that are no UTF-8 give nothing.
            #[must_use]
            pub fn header(&self, name: &str) -> Option<&'a str> {
                self.head.get(name.as_bytes()).and_then(|value| std::str::from_utf8(value).ok())
            }

            /// All header fields, in order, without pseudo headers.
            pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
                self.head.iter().filter(|(name, _)| !name.starts_with(b":"))
            }

            /// The body.
            #[must_use]
            pub fn body(&self) -> Vec<u8> {
                self.message.body()
            }

            /// The body in the pieces in which it came.
            #[must_use]
            pub fn chunks(&self) -> &'a [Vec<u8>] {
                &self.message.chunks
            }

            /// The trailers, when there were any.
            #[must_use]
            pub fn trailers(&self) -> Option<&'a Fields> {
                self.message.trailers.as_ref()
            }

            /// Whether it came in full.
            #[must_use]
            pub fn complete(&self) -> bool {
                self.message.end == End::Complete
            }

            pub(crate) fn head(&self) -> &'a Fields {
                self.head
            }
        }
    };
}

message!(ReceivedResponse);
message!(ReceivedRequest);

impl ReceivedResponse<'_> {
    /// The status code; zero when the response says something that is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head
            .get(b":status")
            .and_then(|status| std::str::from_utf8(status).ok()?.parse().ok())
            .unwrap_or(0)
    }
}

impl ReceivedRequest<'_> {
    /// A pseudo header as text.
    fn pseudo(&self, name: &[u8]) -> String {
        self.head.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> String {
        self.pseudo(b":method")
    }

    /// The path with its query.
    #[must_use]
    pub fn path(&self) -> String {
        self.pseudo(b":path")
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> String {
        self.pseudo(b":authority")
    }
}
