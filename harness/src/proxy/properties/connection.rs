//! What the host knows about a TCP connection: attributes of the same names as a stream's, of which fewer are there
//! (Envoy 1.40, observed).

use super::super::ids::{Direction, StreamId};
use super::super::tcp::Connection;
use super::attributes::{Attribute, endpoint, number_of};
use super::defaults;
use crate::state::PropertyValue;

use Attribute::{Kept, Text, Value};

/// An attribute of an object.
pub(super) fn attribute<'a>(
    id: StreamId,
    connection: &'a Connection,
    object: &[u8],
    name: &[u8],
) -> Option<Attribute<'a>> {
    let up = connection.way(Direction::Request);
    // What has come in, with what the chain has not let through yet.
    let received = (up.passed.len() + up.buffer.as_slice().len()) as u64;
    let sent = connection.way(Direction::Response).passed.len() as u64;
    match (object, name) {
        (b"request", b"time") => Some(Value(PropertyValue::Timestamp(connection.began))),
        (b"request", b"size" | b"total_size") => Some(number_of(received)),
        (b"response", b"size" | b"total_size") => Some(number_of(sent)),
        (b"response", b"flags") => Some(number_of(0)),
        (b"request" | b"response", b"headers") | (b"response", b"trailers") => Some(Attribute::Fields(None)),
        (b"source", _) => endpoint(defaults::CLIENT, name),
        (b"destination", _) => endpoint(defaults::LISTENER, name),
        (b"connection", b"id") => Some(Value(PropertyValue::Uint(id.0 as u64))),
        (b"connection", b"mtls") => Some(Value(PropertyValue::Bool(false))),
        (b"connection", b"requested_server_name") => Some(Text(b"")),
        (b"upstream", b"transport_failure_reason") => Some(Text(b"")),
        (b"upstream", b"request_attempt_count") => Some(number_of(connection.is_connected().into())),
        (b"xds", b"filter_chain_name") => Some(Text(b"")),
        (b"xds", b"listener_direction") => Some(number_of(0)),
        (b"xds", b"listener_metadata") => Some(Kept(&defaults::METADATA)),
        (b"filter_state", _) => connection.filter_state.get(name).map(Attribute::State),
        _ if !connection.is_connected() => None,
        (b"upstream", b"num_endpoints") => Some(number_of(1)),
        (b"upstream", b"local_address") => Some(Text(defaults::UPSTREAM_LOCAL.as_bytes())),
        (b"upstream", _) => endpoint(defaults::UPSTREAM, name),
        (b"xds", b"cluster_name") => Some(Text(defaults::CLUSTER.as_bytes())),
        (b"xds", b"cluster_metadata") => Some(Kept(&defaults::METADATA)),
        (b"xds", b"upstream_host_metadata" | b"upstream_host_locality_metadata") => {
            Some(Value(PropertyValue::Null))
        }
        _ => None,
    }
}
