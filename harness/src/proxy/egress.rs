//! What leaves the chain becomes what the client receives: Envoy's connection manager and codec on the way out.

use super::chain::Drive;
use super::client::End;
use super::guest::Guest;
use super::http_date::HttpDate;
use super::ids::{Direction, StreamId};
use super::reply::LocalReply;
use super::transcript::{Fault, Party, What};
use super::upgrade::Upgrade;
use super::upstream_head::unfit;
use crate::state::names::{self, Known};
use crate::state::{Fields, Protocol, number};

/// Header fields that the proxy takes out of a response before it writes it.
const HOP: [Known; 4] =
    [names::CONNECTION, names::UPGRADE, names::TRANSFER_ENCODING, names::PROXY_CONNECTION];

impl<G: Guest> Drive<'_, G> {
    /// The response's head has passed the chain.
    pub(crate) fn client_headers(&mut self, id: StreamId, end_stream: bool) {
        let fields = self.half(id, Direction::Response).headers.as_ref();
        let status = fields.and_then(|fields| fields.get_known(names::STATUS));
        // Nothing but digits: `200,404`, empty or missing is a response without a status (Envoy 1.40, observed).
        if !status.is_some_and(|status| !status.is_empty() && status.iter().all(u8::is_ascii_digit)) {
            self.send_local_reply(
                id,
                LocalReply::own(
                    502,
                    "missing required header: :status",
                    "filter_removed_required_response_headers{missing_required_header:_:status}",
                ),
            );
            return;
        }
        self.client_headers_unchecked(id, end_stream);
    }

    /// Writes the head to the client.
    pub(crate) fn client_headers_unchecked(&mut self, id: StreamId, end_stream: bool) {
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        if std::mem::replace(&mut stream.head_sent, true) {
            let vm = stream.culprit();
            let what = match stream.details {
                None => {
                    "continuing the response inside proxy_on_response_headers and then returning Continue writes the \
                     response's head to the client twice"
                }
                Some(_) => {
                    "continuing the request behind a local response, which a plugin still holds: the upstream answers as \
                     well, and Envoy writes a second head to the client"
                }
            };
            self.proxy.fault_in(vm, Fault { id: "envoy/head-twice", call: "proxy_continue_stream", what });
            return;
        }
        let date = self.proxy.http_date();
        let now = self.proxy.clock.now();
        let agrees = self.agrees_to_upgrade(id);
        let stream = self.stream(id);
        let incomplete = !stream.half(Direction::Request).complete;
        let (protocol, head_request, upgrade) = (stream.protocol, stream.head_request, stream.upgrade);
        let Some(fields) = stream.half_mut(Direction::Response).headers.as_mut() else { return };
        let code = fields.get_known(names::STATUS).and_then(number);
        let code = code.and_then(|code| u16::try_from(code).ok());
        // The fields of an upgrade stay, and so does the connection.
        let by_fields = agrees && upgrade == Some(Upgrade::Fields);
        let stays = by_fields || (agrees && fields.get_known(names::STATUS) == Some(b"200"));
        if !by_fields {
            HOP.into_iter().for_each(|name| fields.remove_known(name));
        }
        if !fields.has(names::DATE) {
            fields.add_known(names::DATE, date.as_ref().map_or(&[], HttpDate::as_slice));
        }
        fields.overwrite_known(names::SERVER, b"envoy");
        if incomplete && protocol == Protocol::Http1 && !stays {
            fields.add_known(names::CONNECTION, b"close");
        }
        let mut wire = fields.clone();
        if protocol == Protocol::Http1 && !agrees {
            frame(&mut wire, end_stream, head_request, code);
        }
        let unfit = protocol == Protocol::Http1 && unfit(&wire).is_some();
        self.proxy.record_fields(id, Party::ClientReceives, What::Head { end_stream }, &wire);
        if unfit {
            let vm = self.stream(id).filters.first().map(|filter| filter.vm);
            self.proxy.fault_in(vm, Fault {
                id: "wire/raw-header",
                call: "proxy_on_response_headers",
                what: "a name or value of the response's head is none that HTTP allows, and Envoy writes it to the client as \
                       it is: a line break in it begins a header field of its own, or the body",
            });
        }
        let stream = self.stream(id);
        stream.code = code;
        let received = &mut stream.client.received;
        received.head = Some(wire);
        received.head_at = Some(now);
        if end_stream {
            self.response_complete(id);
        }
    }

    /// A piece of body has passed the chain.
    pub(crate) fn client_data(&mut self, id: StreamId, bytes: Vec<u8>, end_stream: bool) {
        if self.stream(id).ended {
            return;
        }
        if !bytes.is_empty() && !self.stream(id).head_request {
            self.proxy.record_data(id, Party::ClientReceives, &bytes, false);
            self.stream(id).client.received.chunks.push(bytes);
        }
        if end_stream {
            self.proxy.record_part(id, Party::ClientReceives, What::End, b"");
            self.response_complete(id);
        }
    }

    /// Trailers have passed the chain.
    pub(crate) fn client_trailers(&mut self, id: StreamId) {
        let written = self.stream(id).protocol == Protocol::Http2 || self.proxy.options.enable_trailers;
        let trailers = self.half(id, Direction::Response).trailers.clone().filter(|_| written);
        match trailers {
            Some(trailers) => {
                self.proxy.record_fields(id, Party::ClientReceives, What::Trailers, &trailers);
                self.stream(id).client.received.trailers = Some(trailers);
            }
            None => self.proxy.record_part(id, Party::ClientReceives, What::End, b""),
        }
        self.response_complete(id);
    }

    /// Trailers have passed the chain, and the callback of one of its plugins, perhaps the last one, has ended the stream:
    /// Envoy writes them to what is no more, and survives only one case of it (1.40, observed).
    pub(crate) fn client_trailers_too_late(&mut self, id: StreamId, by_the_last: bool) {
        let stream = self.stream(id);
        let Some(vm) = stream.culprit() else { return };
        let complete = stream.client.received.end == End::Complete;
        if complete {
            let what = "continuing the response inside proxy_on_response_trailers ends the stream, and the Continue that \
                        follows writes its trailers to what is no more";
            self.envoy_would_crash(vm, "proxy_continue_stream", what);
        } else if !by_the_last || stream.protocol == Protocol::Http1 {
            let what = "closing the stream inside proxy_on_response_trailers and returning Continue writes the trailers to \
                        what is no more";
            self.envoy_would_crash(vm, "proxy_close_stream", what);
        }
    }

    fn response_complete(&mut self, id: StreamId) {
        let now = self.proxy.clock.now();
        let received = &mut self.stream(id).client.received;
        received.end = End::Complete;
        received.ended_at = Some(now);
        self.check_length(id, Direction::Response);
        self.end_stream(id);
    }

    /// Cuts the stream: the client gets no more than it has.
    pub(crate) fn reset_stream(&mut self, id: StreamId) {
        let now = self.proxy.clock.now();
        let stream = self.stream(id);
        if stream.ended {
            return;
        }
        let received = &mut stream.client.received;
        received.end = End::Cut;
        received.ended_at = Some(now);
        self.proxy.record_part(id, Party::ClientReceives, What::Reset, b"");
        self.end_stream(id);
    }

    /// A content-length that does not fit what was written breaks the connection, and Envoy does not mend it.
    /// Answers whether the body is too short.
    pub(crate) fn check_length(&mut self, id: StreamId, direction: Direction) -> bool {
        let stream = self.proxy.stream(id);
        let (received, call) = match direction {
            Direction::Request => (&stream.upstream.received, "proxy_on_request_body"),
            Direction::Response => (&stream.client.received, "proxy_on_response_body"),
        };
        let Some(head) = &received.head else { return false };
        let Some(declared) = head.get_known(names::CONTENT_LENGTH).and_then(number) else { return false };
        let sent = received.chunks.iter().map(Vec::len).sum::<usize>() as u64;
        let bodiless =
            || stream.head_request || matches!(head.get_known(names::STATUS), Some(b"304" | b"204"));
        if declared != sent && !(direction == Direction::Response && bodiless()) {
            let short = declared > sent;
            let vm = stream.filters.first().map(|filter| filter.vm);
            self.proxy.fault_in(vm, Fault {
                id: "wire/content-length",
                call,
                what: "the content-length that was forwarded is not the length of the body that was: Envoy writes \
                       both as they are, and the receiver waits for more or misreads what follows",
            });
            return short;
        }
        false
    }
}

/// How HTTP/1.1 tells the end of a response. The answer to HEAD is announced as chunked when nothing is known of the
/// length (Envoy 1.40, observed).
fn frame(wire: &mut Fields, end_stream: bool, head_request: bool, code: Option<u16>) {
    if wire.has(names::CONTENT_LENGTH) || matches!(code, Some(100..=199 | 204 | 304)) {
        return;
    }
    if end_stream && !head_request {
        wire.add_known(names::CONTENT_LENGTH, b"0");
    } else {
        wire.add_known(names::TRANSFER_ENCODING, b"chunked");
    }
}
