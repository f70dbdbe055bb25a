//! The header fields that Envoy keeps once per map: adding to one joins the values.
//!
//! Holds the table only. Source: Envoy 1.40, observed.

/// What a header map belongs to. It decides which fields join and which names stand for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldsKind {
    /// Headers of a request.
    Request,
    /// Headers of a response.
    Response,
    /// Trailers, either way.
    Trailers,
}

impl FieldsKind {
    /// The name under which this kind of map keeps `name`: on requests `host` is `:authority`.
    pub(super) fn canonical(self, name: &[u8]) -> &[u8] {
        if self == Self::Request && name.eq_ignore_ascii_case(b"host") { b":authority" } else { name }
    }

    /// Whether a second value of `name` (in lower case) joins the first.
    pub(super) fn is_inline(self, name: &[u8]) -> bool {
        match self {
            Self::Request => matches!(
                name,
                b":authority"
                    | b":method"
                    | b":path"
                    | b":protocol"
                    | b":scheme"
                    | b"accept"
                    | b"accept-encoding"
                    | b"authorization"
                    | b"cache-control"
                    | b"content-length"
                    | b"content-type"
                    | b"expect"
                    | b"grpc-timeout"
                    | b"if-match"
                    | b"origin"
                    | b"pragma"
                    | b"referer"
                    | b"te"
                    | b"user-agent"
                    | b"via"
                    | b"x-forwarded-for"
                    | b"x-forwarded-proto"
                    | b"x-request-id"
            ),
            Self::Response => matches!(
                name,
                b":status"
                    | b"access-control-allow-origin"
                    | b"age"
                    | b"cache-control"
                    | b"connection"
                    | b"content-length"
                    | b"content-type"
                    | b"date"
                    | b"etag"
                    | b"expires"
                    | b"grpc-status"
                    | b"last-modified"
                    | b"location"
                    | b"server"
                    | b"vary"
                    | b"via"
                    | b"x-request-id"
            ),
            Self::Trailers => false,
        }
    }
}
