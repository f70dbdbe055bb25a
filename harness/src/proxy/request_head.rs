//! The request's head as the chain sees it: what Envoy's connection manager makes of what the client sent.
//!
//! Serves the fact that plugins never see the client's bytes: hop headers go, `x-forwarded-proto` and
//! `x-request-id` come, pseudo headers stand first (Envoy 1.40, observed).

use std::sync::Arc;

use super::upgrade::{self, Upgrade};
use super::{Proxy, codec};
use crate::state::{Body, Fields, Protocol, Request, names};

/// Header fields that concern one connection only and do not reach the chain.
const HOP: [&[u8]; 5] = [b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"transfer-encoding"];

/// Header fields by which only the mesh itself may speak to the proxy; of a client they are left out (Envoy 1.40,
/// observed: other names that begin with `x-envoy-` pass).
const INTERNAL: [&[u8]; 17] = [
    b"x-envoy-internal",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-force-trace",
    b"x-envoy-hedge-on-per-try-timeout",
    b"x-envoy-ip-tags",
    b"x-envoy-max-retries",
    b"x-envoy-original-url",
    b"x-envoy-retriable-header-names",
    b"x-envoy-retriable-status-codes",
    b"x-envoy-retry-grpc-on",
    b"x-envoy-retry-on",
    b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-upstream-stream-duration-ms",
    b"x-forwarded-client-cert",
];

/// A request that is sent over and over: the same value, in one place in memory.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Held, so that no other request can come to stand in its place.
    request: Arc<Request>,
    /// What is made of it, made when it came for the second time.
    head: Option<Head>,
    /// The head as the client writes it, for the record.
    sent: Option<Fields>,
    /// The words of the step that sends it, for the record.
    step: Option<String>,
    again: bool,
}

impl Known {
    /// Whether `request` is this one, and has been sent before.
    pub(super) fn is(&self, request: &Request) -> bool {
        self.again && std::ptr::eq(&*self.request, request)
    }

    /// The place for the step's words, when the request has been sent before.
    pub(super) fn step(&mut self) -> Option<&mut Option<String>> {
        self.again.then_some(&mut self.step)
    }

    /// The head as the client writes it.
    pub(super) fn sent(&mut self) -> &Fields {
        self.sent.get_or_insert_with(|| as_sent(&self.request))
    }
}

/// The head that the chain sees, and what the proxy reads in it.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) fields: Fields,
    /// `HEAD`.
    pub(super) head_request: bool,
    /// `content-type: application/grpc`.
    pub(super) grpc_request: bool,
    /// The proxy adds an `x-request-id`.
    numbered: bool,
    /// The codec takes it, and it asks for no upgrade.
    pub(super) usual: bool,
}

impl Head {
    fn of(request: &Request) -> Self {
        let fields = head(request);
        Self {
            head_request: fields.get_known(names::METHOD) == Some(b"HEAD"),
            grpc_request: fields.get_known(names::CONTENT_TYPE).is_some_and(is_grpc),
            numbered: !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"x-request-id")),
            usual: upgrade::asked(request).is_none()
                && codec::refusal(request, content_length(&request.body)).is_none(),
            fields,
        }
    }
}

impl Proxy {
    /// This request is opened next. What is made of its head is kept for the next time.
    pub(crate) fn expect_request(&mut self, request: &Arc<Request>) {
        match &mut self.known {
            Some(known) if Arc::ptr_eq(&known.request, request) => known.again = true,
            known => {
                let request = Arc::clone(request);
                *known = Some(Known { request, head: None, sent: None, step: None, again: false });
            }
        }
    }

    /// The head that the first plugin sees.
    pub(super) fn request_head(&mut self, request: &Request) -> Head {
        let known = self.known.as_mut().filter(|known| known.is(request));
        let mut head = match known {
            Some(known) => known.head.get_or_insert_with(|| Head::of(request)).clone(),
            None => Head::of(request),
        };
        if head.numbered {
            let id = self.request_ids.uuid_v4();
            head.fields.add_known(names::REQUEST_ID, &id);
        }
        head
    }
}

/// The map that the first plugin sees, but for an `x-request-id` that the proxy makes.
fn head(request: &Request) -> Fields {
    let mut fields = Fields::request();
    let given = |name: &[u8]| {
        request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    };
    let forwarded = given(b"x-forwarded-proto");
    let scheme = match forwarded {
        Some(proto @ (b"http" | b"https")) => proto,
        _ => &request.scheme,
    };
    let connects = upgrade::connects(request);
    let authority = given(b"host").unwrap_or(&request.authority);
    let pseudo: [(&[u8], &[u8]); 4] = match request.protocol {
        Protocol::Http1 if connects => [
            (b":authority", &request.authority),
            (b":method", &request.method),
            (b":scheme", scheme),
            (b":path", b""),
        ],
        Protocol::Http1 => [
            (b":authority", authority),
            (b":path", &request.path),
            (b":method", &request.method),
            (b":scheme", scheme),
        ],
        Protocol::Http2 => [
            (b":method", &request.method),
            (b":path", &request.path),
            (b":scheme", scheme),
            (b":authority", authority),
        ],
    };
    for (name, value) in pseudo.into_iter().filter(|(name, _)| !connects || *name != b":path") {
        fields.add(name, value);
    }
    let upgrade = upgrade::asked(request).is_some_and(|(_, how)| how == Upgrade::Fields);
    let connection = given(b"connection").filter(|_| !upgrade).unwrap_or_default();
    let mut cookie: Option<Vec<u8>> = None;
    for (name, value) in &request.headers {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        let te = is(b"te") && !value.eq_ignore_ascii_case(b"trailers");
        let expect = is(b"expect") && value.eq_ignore_ascii_case(b"100-continue");
        let kept = upgrade && (is(b"connection") || is(b"upgrade"));
        if (HOP.iter().chain(&INTERNAL).any(|left_out| is(left_out)) && !kept) || te || expect || is(b"host")
        {
            continue;
        }
        // Fields that `connection` names are of this connection only, too.
        if connection.split(|byte| *byte == b',').any(|option| is(option.trim_ascii())) {
            continue;
        }
        if is(b"cookie") && request.protocol == Protocol::Http2 {
            match &mut cookie {
                Some(all) => {
                    all.extend_from_slice(b"; ");
                    all.extend_from_slice(value);
                }
                None => cookie = Some(value.clone()),
            }
            continue;
        }
        fields.add(name, value.trim_ascii());
    }
    if let Some(cookie) = cookie {
        fields.add(b"cookie", &cookie);
    }
    if let (Some(length), None) = (content_length(&request.body), given(b"content-length")) {
        fields.add(b"content-length", length.to_string().as_bytes());
    }
    if forwarded.is_none() {
        fields.add(b"x-forwarded-proto", &request.scheme);
    }
    fields
}

/// Bytes of a sized body; `None` for one without a stated length.
pub(super) fn content_length(body: &Body) -> Option<usize> {
    match body {
        Body::Sized(chunks) => Some(chunks.iter().map(|chunk| chunk.data.len()).sum()),
        Body::None | Body::Chunked(_) => None,
    }
}

pub(super) fn is_grpc(content_type: &[u8]) -> bool {
    content_type == b"application/grpc" || content_type.starts_with(b"application/grpc+")
}

/// The head as the client wrote it.
pub(super) fn as_sent(request: &Request) -> Fields {
    let mut fields = Fields::trailers();
    fields.add(b":method", &request.method);
    fields.add(b":scheme", &request.scheme);
    fields.add(b":authority", &request.authority);
    if !upgrade::connects(request) {
        fields.add(b":path", &request.path);
    }
    for (name, value) in &request.headers {
        fields.add(name, value);
    }
    fields
}
