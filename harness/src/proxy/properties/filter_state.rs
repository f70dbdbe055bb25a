//! Filter state: what plugins, and the proxy on their behalf, keep with a stream by name.
//!
//! What a plugin sets as property `p` is the object `wasm.p`, whichever bytes `p` has; it goes with the stream.

use std::sync::Arc;

use super::typed;
use crate::abi::Status;
#[cfg(feature = "cel")]
use crate::proxy::foreign::Shown;
use crate::state::PropertyValue;

/// What stands before the names of what plugins set.
pub(super) const SET_BY_PLUGIN: &[u8] = b"wasm.";

/// What a plugin declared about a property that it sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// It can be set once.
    pub(crate) read_only: bool,
    /// What its bytes are.
    pub(crate) shape: Shape,
}

/// What the bytes of an object are, for who reads it as `filter_state`, in an expression, or below its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Bytes.
    #[default]
    Bytes,
    /// Text.
    Text,
    /// A FlatBuffers table.
    FlatBuffers,
    /// A protobuf message.
    Message {
        /// The URL of its type, as in `google.protobuf.Any`.
        type_url: Arc<str>,
    },
    /// An address and a port, in text.
    Address,
    /// What no property reads.
    Hidden,
}

/// How long an object of Envoy's own lives. Here streams, requests and connections end together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Span {
    #[default]
    FilterChain,
    Request,
    Connection,
}

/// The objects of one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterState(Vec<Object>);

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    name: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// As the plugin had declared it that set it first.
    pub(super) declaration: Declaration,
    span: Span,
}

impl Object {
    /// Its value as its shape says; nothing when no property reads it.
    pub(super) fn typed(&self) -> Option<PropertyValue> {
        match &self.declaration.shape {
            Shape::Bytes | Shape::Text => Some(PropertyValue::Bytes(self.value.clone())),
            Shape::Message { type_url } => Some(typed::message(type_url, &self.value)),
            Shape::Address => Some(PropertyValue::Map(Vec::new())),
            Shape::FlatBuffers => Some(PropertyValue::Null),
            Shape::Hidden => None,
        }
    }

    /// As an expression sees it: what is not declared is bytes.
    #[cfg(feature = "cel")]
    pub(super) fn shown(&self) -> Option<Shown> {
        if self.declaration.shape == Shape::Bytes {
            return Some(Shown::Bytes(self.value.clone()));
        }
        match (self.fields(), self.typed()?) {
            // Fields can be read of what is bytes as a whole.
            (Some(fields), PropertyValue::Bytes(whole)) => Some(Shown::Message(fields, whole)),
            (Some(fields), _) => Some(Shown::Value(fields)),
            (None, typed) => Some(Shown::Value(typed)),
        }
    }

    pub(super) fn is_flatbuffers(&self) -> bool {
        matches!(self.declaration.shape, Shape::FlatBuffers)
    }

    /// What can be read below its name.
    pub(super) fn fields(&self) -> Option<PropertyValue> {
        match &self.declaration.shape {
            Shape::Message { type_url } => typed::fields(type_url, &self.value),
            Shape::Address => typed::address(&self.value),
            Shape::Bytes | Shape::Text | Shape::FlatBuffers | Shape::Hidden => None,
        }
    }
}

impl FilterState {
    /// Sets an object. What was declared about it counts when it is made.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: it is there and read only.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8], declaration: Declaration) -> Result<(), Status> {
        match self.0.iter_mut().find(|object| object.name == name) {
            Some(object) if object.declaration.read_only => return Err(Status::BadArgument),
            Some(object) => object.value = value.to_vec(),
            None => self.0.push(Object {
                name: name.to_vec(),
                value: value.to_vec(),
                declaration,
                span: Span::default(),
            }),
        }
        Ok(())
    }

    /// Sets an object of Envoy's own. One that is there with another span stays.
    pub(crate) fn set_object(&mut self, name: &[u8], value: Vec<u8>, shape: Shape, span: Span) {
        let declaration = Declaration { read_only: false, shape };
        match self.0.iter_mut().find(|object| object.name == name) {
            Some(object) if object.span != span => {}
            Some(object) => object.value = value,
            None => self.0.push(Object { name: name.to_vec(), value, declaration, span }),
        }
    }

    /// The object of this name.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Object> {
        self.0.iter().find(|object| object.name == name)
    }

    /// Every object, in the order in which they were made.
    #[cfg(feature = "cel")]
    pub(super) fn all(&self) -> impl Iterator<Item = (&[u8], &Object)> {
        self.0.iter().map(|object| (&*object.name, object))
    }

    /// All that plugins set, by path, in the order in which they were set first.
    pub(crate) fn all_set_by_plugins(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().filter_map(|object| Some((object.name.strip_prefix(SET_BY_PLUGIN)?, &*object.value)))
    }

    /// What a plugin set as this property.
    pub(super) fn set_by_plugin(&self, path: &[u8]) -> Option<&Object> {
        self.0.iter().find(|object| object.name.strip_prefix(SET_BY_PLUGIN) == Some(path))
    }
}
