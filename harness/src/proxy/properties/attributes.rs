//! What the host itself knows, in which callback.
//!
//! What comes out of a header map is there while the plugin can read that map, and in `proxy_on_log`; everything else
//! from the moment the proxy knows it until the end of the stream (Envoy 1.40, observed; see `access` for maps).

use super::super::ids::Direction;
use super::super::reply::grpc_status_of;
use super::super::stream::{Filter, Stream};
use super::filter_state::Object;
use super::{About, connection, defaults};
use crate::abi::Status;
use crate::state::{Fields, PropertyValue, Protocol};

/// A value, or what values are below.
pub(super) enum Attribute<'a> {
    Text(&'a [u8]),
    Value(PropertyValue),
    Kept(&'a PropertyValue),
    /// What a plugin set: its bytes as they are, and fields below if it was declared as a message.
    SetByPlugin(&'a Object),
    /// An object of the filter state, by its shape.
    State(&'a Object),
    /// A header map; while it cannot be read it is an empty one.
    Fields(Option<&'a Fields>),
    /// A whole object, which has no value of its own.
    Whole,
}

use Attribute::{Kept, SetByPlugin, State, Text, Value};

/// The names that have attributes below them, and those attributes.
const OBJECTS: [(&[u8], &[&str]); 9] = [
    (
        b"request",
        &[
            "path",
            "url_path",
            "query",
            "host",
            "scheme",
            "method",
            "referer",
            "useragent",
            "id",
            "headers",
            "time",
            "protocol",
            "size",
            "total_size",
            "duration",
        ],
    ),
    (
        b"response",
        &[
            "code",
            "code_details",
            "flags",
            "grpc_status",
            "headers",
            "trailers",
            "size",
            "total_size",
            "backend_latency",
        ],
    ),
    (b"source", &["address", "port"]),
    (b"destination", &["address", "port"]),
    (b"connection", &["id", "mtls", "requested_server_name"]),
    (
        b"upstream",
        &[
            "address",
            "port",
            "local_address",
            "cx_pool_ready_duration",
            "transport_failure_reason",
            "locality",
            "request_attempt_count",
            "num_endpoints",
        ],
    ),
    (
        b"xds",
        &[
            "cluster_name",
            "cluster_metadata",
            "route_name",
            "route_metadata",
            "virtual_host_name",
            "virtual_host_metadata",
            "upstream_host_metadata",
            "upstream_host_locality_metadata",
            "filter_chain_name",
            "listener_metadata",
            "listener_direction",
            "node",
        ],
    ),
    (b"filter_state", &[]),
    (b"upstream_filter_state", &[]),
];

pub(super) fn is_object(name: &[u8]) -> bool {
    OBJECTS.iter().any(|(object, _)| *object == name)
}

/// The attributes of an object.
#[cfg(feature = "cel")]
pub(super) fn names(object: &[u8]) -> &'static [&'static str] {
    OBJECTS.iter().find(|(name, _)| *name == object).map_or(&[], |(_, names)| names)
}

impl<'a> About<'a> {
    /// A name that stands alone.
    pub(super) fn single(self, name: &[u8]) -> Option<Attribute<'a>> {
        let plugin = self.proxy.plugin(self.plugin);
        Some(match name {
            b"plugin_name" => Text(plugin.key.name.as_bytes()),
            b"plugin_root_id" => Text(plugin.key.root_id.as_bytes()),
            b"plugin_vm_id" => Text(self.proxy.vm(self.vm).vm_id.as_bytes()),
            b"connection_id" => match self.connection {
                Some((id, _)) => Value(PropertyValue::Uint(id.0 as u64)),
                None => connection_id(self.stream?.0),
            },
            b"metadata" => {
                if self.connection.is_none() {
                    self.stream?;
                }
                Kept(&defaults::METADATA)
            }
            _ => return None,
        })
    }

    /// An object as a whole, if it is there.
    pub(super) fn object(self, name: &[u8]) -> Option<Attribute<'a>> {
        match (name, self.stream) {
            (b"xds", _) => Some(Attribute::Whole),
            (b"upstream_filter_state", None) => None,
            (_, None) if self.connection.is_some() => Some(Attribute::Whole),
            (_, None) => None,
            (b"upstream_filter_state", Some((stream, _))) => connected(stream).then_some(Attribute::Whole),
            (_, Some(_)) => Some(Attribute::Whole),
        }
    }

    /// An attribute of an object.
    pub(super) fn attribute(self, object: &[u8], name: &[u8]) -> Option<Attribute<'a>> {
        if (object, name) == (b"xds", b"node") {
            return Some(Kept(&defaults::NODE));
        }
        if let Some((id, connection)) = self.connection {
            return connection::attribute(id, connection, object, name);
        }
        let (stream, filter) = self.stream?;
        match object {
            b"request" => self.request(stream, filter, name),
            b"response" => self.response(stream, filter, name),
            b"source" => endpoint(defaults::CLIENT, name),
            b"destination" => endpoint(defaults::LISTENER, name),
            b"connection" => match name {
                b"id" => Some(connection_id(stream)),
                b"mtls" => Some(Value(PropertyValue::Bool(false))),
                b"requested_server_name" => Some(Text(b"")),
                _ => None,
            },
            b"upstream" => upstream(stream, name),
            b"xds" => xds(stream, name),
            b"filter_state" => stream.filter_state.get(name).map(State),
            _ => None,
        }
    }

    fn request(self, stream: &'a Stream, filter: &'a Filter, name: &[u8]) -> Option<Attribute<'a>> {
        let headers = open_headers(stream, filter, Direction::Request);
        let header = |name: &str| headers?.get(name.as_bytes()).map(Text);
        let received = stream.half(Direction::Request).received;
        let split = |headers: &'a Fields| {
            let path = headers.get(b":path")?;
            let question = path.iter().position(|byte| *byte == b'?').unwrap_or(path.len());
            Some((&path[..question], path.get(question + 1..).unwrap_or_default()))
        };
        Some(match name {
            b"path" => header(":path")?,
            b"url_path" => Text(split(headers?)?.0),
            b"query" => Text(split(headers?)?.1),
            b"host" => header(":authority")?,
            b"scheme" => header(":scheme")?,
            b"method" => header(":method")?,
            b"referer" => header("referer")?,
            b"useragent" => header("user-agent")?,
            b"id" => header("x-request-id")?,
            b"headers" => Attribute::Fields(headers),
            b"time" => Value(PropertyValue::Timestamp(stream.began.1)),
            b"protocol" if stream.protocol == Protocol::Http1 => Text(b"HTTP/1.1"),
            b"protocol" => Text(b"HTTP/2"),
            b"size" => {
                let declared = headers.and_then(|headers| number(headers.get(b"content-length")?));
                int(declared.unwrap_or(received))
            }
            b"total_size" => int(received + headers.map_or(0, |headers| headers.byte_size() as u64)),
            b"duration" if stream.ended => {
                Value(PropertyValue::Duration(self.proxy.clock.now() - stream.began.0))
            }
            _ => return None,
        })
    }

    fn response(self, stream: &'a Stream, filter: &'a Filter, name: &[u8]) -> Option<Attribute<'a>> {
        let headers = open_headers(stream, filter, Direction::Response);
        let half = stream.half(Direction::Response);
        let trailers = if filter.logging || filter.side(Direction::Response).trailers_open {
            half.trailers.as_ref()
        } else {
            None
        };
        let sent: usize = stream.client.received.chunks.iter().map(Vec::len).sum();
        let bytes = |fields: Option<&Fields>| fields.map_or(0, Fields::byte_size);
        Some(match name {
            b"code" => int(stream.code?.into()),
            b"code_details" => match &stream.details {
                Some(details) => Text(details),
                None => Text(stream.code.map(|_| &b"via_upstream"[..])?),
            },
            b"flags" => int(flags(stream)),
            b"grpc_status" => {
                let given =
                    [trailers, headers].into_iter().flatten().find_map(|fields| fields.get(b"grpc-status"));
                let code = stream.code?;
                int(given.and_then(number).unwrap_or_else(|| grpc_status_of(code).into()))
            }
            b"headers" => Attribute::Fields(headers),
            b"trailers" => Attribute::Fields(trailers),
            b"size" => int(sent as u64),
            b"total_size" => int((sent + bytes(headers) + bytes(trailers)) as u64),
            b"backend_latency" => {
                let (sent, answered) = (stream.upstream.received.head_at?, stream.upstream.answered_at?);
                Value(PropertyValue::Duration(answered - sent))
            }
            _ => return None,
        })
    }
}

/// The header map, while the plugin can read it.
fn open_headers<'a>(stream: &'a Stream, filter: &Filter, direction: Direction) -> Option<&'a Fields> {
    let open = filter.logging || filter.side(direction).headers_open;
    if open { stream.half(direction).headers.as_ref() } else { None }
}

/// Every exchange has a connection of its own; they count from zero.
fn connection_id<'a>(stream: &Stream) -> Attribute<'a> {
    Value(PropertyValue::Uint(stream.id.0 as u64))
}

pub(super) fn endpoint<'a>((address, port): (&'static str, i64), name: &[u8]) -> Option<Attribute<'a>> {
    match name {
        b"address" => Some(Text(address.as_bytes())),
        b"port" => Some(Value(PropertyValue::Int(port))),
        _ => None,
    }
}

/// A connection to the upstream is there, as plugins can tell: once an answer has begun, or the stream has ended.
fn connected(stream: &Stream) -> bool {
    stream.upstream.received.head.is_some()
        && (stream.half(Direction::Response).headers.is_some() || stream.ended)
}

fn upstream<'a>(stream: &Stream, name: &[u8]) -> Option<Attribute<'a>> {
    let requested = stream.upstream.requested;
    match name {
        b"request_attempt_count" => return Some(int(u64::from(requested))),
        b"num_endpoints" => return Some(int(1)),
        _ if !requested => return None,
        _ => {}
    }
    match name {
        b"local_address" if connected(stream) => Some(Text(defaults::UPSTREAM_LOCAL.as_bytes())),
        b"cx_pool_ready_duration" if connected(stream) => {
            Some(Value(PropertyValue::Duration(std::time::Duration::ZERO)))
        }
        b"transport_failure_reason" if flags(stream) == CONNECTION_FAILURE => {
            Some(Text(b"delayed connect error: Connection refused"))
        }
        b"transport_failure_reason" | b"locality" => Some(Text(b"")),
        _ => endpoint(defaults::UPSTREAM, name),
    }
}

fn xds<'a>(stream: &Stream, name: &[u8]) -> Option<Attribute<'a>> {
    let routed = stream.details.as_deref() != Some(b"route_not_found");
    match name {
        b"cluster_name" if routed => Some(Text(defaults::CLUSTER.as_bytes())),
        b"route_name" if routed => Some(Text(b"")),
        b"virtual_host_name" => Some(Text(defaults::VIRTUAL_HOST.as_bytes())),
        b"filter_chain_name" => Some(Text(b"")),
        b"listener_direction" => Some(Value(PropertyValue::Int(0))),
        b"cluster_metadata" | b"route_metadata" if routed => Some(Kept(&defaults::METADATA)),
        b"virtual_host_metadata" | b"listener_metadata" => Some(Kept(&defaults::METADATA)),
        b"upstream_host_metadata" | b"upstream_host_locality_metadata" if stream.upstream.requested => {
            Some(Value(PropertyValue::Null))
        }
        _ => None,
    }
}

const CONNECTION_FAILURE: u64 = 0x20;

/// Envoy's response flags, as the end of the stream tells them.
fn flags(stream: &Stream) -> u64 {
    let details = stream.details.as_deref().unwrap_or_default();
    match details {
        b"no_healthy_upstream" => 0x2,
        b"response_timeout" => 0x4,
        b"route_not_found" => 0x100,
        b"downstream_remote_disconnect" => 0x4000,
        b"http2.remote_reset" => 0x1000_0000,
        b"cluster_not_found" => 0x100_0000,
        _ if details.starts_with(b"upstream_reset_before_response_started{remote_connection_failure") => {
            CONNECTION_FAILURE
        }
        b"upstream_reset_before_response_started{connection_termination}"
        | b"upstream_reset_after_response_started{connection_termination}" => 0x40,
        b"upstream_reset_before_response_started{protocol_error}"
        | b"upstream_reset_after_response_started{protocol_error}" => 0x80_0000,
        _ => 0,
    }
}

pub(super) fn number_of<'a>(number: u64) -> Attribute<'a> {
    int(number)
}

fn int<'a>(number: u64) -> Attribute<'a> {
    Value(PropertyValue::Int(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl Attribute<'_> {
    /// Puts what is at `parts` below this behind what `out` holds.
    pub(super) fn encode<'p>(
        self,
        mut parts: impl Iterator<Item = &'p [u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), Status> {
        match (self, parts.next()) {
            (Text(text), None) => out.extend_from_slice(text),
            (SetByPlugin(object), None) => out.extend_from_slice(&object.value),
            (State(object), None) => object.typed().ok_or(Status::NotFound)?.encode(out)?,
            (SetByPlugin(object) | State(object), part) => {
                let fields = object.fields().ok_or(Status::NotFound)?;
                fields.descend(part.into_iter().chain(parts))?.encode(out)?;
            }
            (Attribute::Fields(Some(fields)), Some(name)) => {
                if fields.get(name).is_none() || parts.next().is_some() {
                    return Err(Status::NotFound);
                }
                join(fields, name, out);
            }
            (Attribute::Fields(fields), None) => map_of(fields).encode(out)?,
            (Value(value), part) => value.descend(part.into_iter().chain(parts))?.encode(out)?,
            (Kept(value), part) => value.descend(part.into_iter().chain(parts))?.encode(out)?,
            (Attribute::Whole, None) => return Err(Status::SerializationFailure),
            (Text(_) | Attribute::Whole | Attribute::Fields(None), Some(_)) => return Err(Status::NotFound),
        }
        Ok(())
    }

    /// What is at `parts` below this, as a value of its own.
    pub(super) fn into_value<'p>(
        self,
        parts: impl Iterator<Item = &'p [u8]>,
    ) -> Result<PropertyValue, Status> {
        let value = match self {
            Text(text) => PropertyValue::Bytes(text.to_vec()),
            Value(value) => value,
            Kept(value) => value.clone(),
            Attribute::Fields(fields) => map_of(fields),
            Attribute::Whole => PropertyValue::Null,
            SetByPlugin(object) => {
                object.fields().unwrap_or_else(|| PropertyValue::Bytes(object.value.clone()))
            }
            State(object) => object.typed().unwrap_or(PropertyValue::Null),
        };
        value.descend(parts).cloned()
    }
}

/// The values of `name`, with commas between them.
fn join(fields: &Fields, name: &[u8], out: &mut Vec<u8>) {
    for (at, value) in fields.get_all(name).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
}

/// A header map: each name once, with its values joined.
pub(super) fn map_of(fields: Option<&Fields>) -> PropertyValue {
    let mut entries: Vec<(Vec<u8>, PropertyValue)> = Vec::new();
    for (name, _) in fields.into_iter().flat_map(Fields::iter) {
        if !entries.iter().any(|(known, _)| known == name) {
            let mut joined = Vec::new();
            fields.into_iter().for_each(|fields| join(fields, name, &mut joined));
            entries.push((name.to_vec(), PropertyValue::Bytes(joined)));
        }
    }
    PropertyValue::Map(entries)
}
