//! Values that say nothing about a real deployment: where the proxy stands, and what it is called there.
//!
//! Addresses are loopback ones with Envoy's usual ports; names are empty where Envoy's are without configuration; the
//! cluster that answers requests is called `upstream`, the virtual host `default`. A test that minds gives its own.

use std::sync::LazyLock;

use crate::state::{FieldKind, Message, PropertyValue};

pub(super) const CLIENT: (&str, i64) = ("127.0.0.1:40000", 40_000);
pub(super) const LISTENER: (&str, i64) = ("127.0.0.1:10000", 10_000);
pub(super) const UPSTREAM: (&str, i64) = ("127.0.0.1:8080", 8080);
pub(super) const UPSTREAM_LOCAL: &str = "127.0.0.1:41000";
pub(super) const CLUSTER: &str = "upstream";
pub(super) const VIRTUAL_HOST: &str = "default";

/// The node: no id, no cluster, no metadata; Envoy 1.40 without the list of its extensions.
pub(super) static NODE: LazyLock<PropertyValue> = LazyLock::new(|| {
    let plain = FieldKind::Plain;
    let locality = ["region", "zone", "sub_zone"]
        .into_iter()
        .zip(1..)
        .fold(Message::default(), |message, (name, number)| message.field(number, name, plain, text("")));
    let version = Message::default()
        .field(1, "major_number", plain, PropertyValue::Uint(1))
        .field(2, "minor_number", plain, PropertyValue::Uint(40))
        .field(3, "patch", plain, PropertyValue::Uint(0));
    let build = Message::default().field(1, "version", plain, PropertyValue::Message(version)).field(
        2,
        "metadata",
        FieldKind::Struct,
        map(),
    );
    let node = Message::default()
        .field(1, "id", plain, text(""))
        .field(2, "cluster", plain, text(""))
        .field(3, "metadata", FieldKind::Struct, map())
        .field(4, "locality", plain, PropertyValue::Message(locality))
        .field(6, "user_agent_name", plain, text("envoy"))
        .field(7, "user_agent_version", plain, text(""))
        .field(8, "user_agent_build_version", plain, PropertyValue::Message(build))
        .field(9, "extensions", plain, PropertyValue::List(Vec::new()))
        .field(10, "client_features", plain, PropertyValue::List(Vec::new()));
    PropertyValue::Message(node)
});

/// Metadata of a stream, route, cluster, listener or virtual host: none.
pub(super) static METADATA: LazyLock<PropertyValue> = LazyLock::new(|| {
    let none = Message::default().field(1, "filter_metadata", FieldKind::Structs, map()).field(
        2,
        "typed_filter_metadata",
        FieldKind::Structs,
        map(),
    );
    PropertyValue::Message(none)
});

fn text(text: &str) -> PropertyValue {
    PropertyValue::Bytes(text.as_bytes().to_vec())
}

fn map() -> PropertyValue {
    PropertyValue::Map(Vec::new())
}
