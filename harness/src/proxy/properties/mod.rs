//! Properties: what a plugin can ask about the proxy, its stream and itself, and what plugins keep with a stream.
//!
//! In reading order: `attributes` (what there is, in which callback), `connection` (of
//! a TCP connection), `defaults` (values that say nothing about a real
//! deployment), `filter_state` (what plugins set), `typed` (of the types that
//! they declare), `overrides` (what the test sets), `expressions` (all of it for CEL). Here: in which order they are asked.
//! Serves: Proxy-Wasm ABI v0.2.1, "Properties"; names, phases and encoding are those of Envoy 1.40, observed.

mod attributes;
mod connection;
mod defaults;
#[cfg(feature = "cel")]
mod expressions;
mod filter_state;
mod overrides;
mod typed;

pub(crate) use filter_state::{Declaration, FilterState, Shape, Span};
pub(crate) use overrides::Overrides;

use super::Proxy;
use super::context::ContextRef;
use super::ids::{PluginIndex, StreamId, VmIndex};
use super::stream::{Filter, Stream};
use super::tcp::Connection;
use crate::abi::Status;
use crate::state::{PropertyValue, path_parts};
use attributes::Attribute;
use filter_state::Object;

/// Whom a question is about.
#[derive(Clone, Copy)]
struct About<'a> {
    proxy: &'a Proxy,
    vm: VmIndex,
    plugin: PluginIndex,
    stream: Option<(&'a Stream, &'a Filter)>,
    connection: Option<(StreamId, &'a Connection)>,
}

impl Proxy {
    fn about(&self, vm: VmIndex) -> Option<About<'_>> {
        let mut on = None;
        let (plugin, stream) = match self.vm(vm).effective()? {
            ContextRef::Plugin(plugin) => (plugin, None),
            ContextRef::Stream { stream, filter } if self.has_stream(stream) => {
                let stream = self.stream(stream);
                let filter = &stream.filters[filter];
                (filter.plugin, Some((stream, filter)))
            }
            ContextRef::Stream { .. } => return None,
            ContextRef::Connection { connection, filter } => {
                let found = self.connection(connection)?;
                on = Some((connection, found));
                (found.filters[filter].plugin, None)
            }
        };
        Some(About { proxy: self, vm, plugin, stream, connection: on })
    }

    /// Puts the encoded value of the property at `path` behind what `out` holds.
    ///
    /// # Errors
    ///
    /// [`Status::NotFound`]: no such property, not in this callback, or nothing below it of this name;
    /// [`Status::SerializationFailure`]: the empty path, null, or an object that is no value.
    pub(crate) fn property(&self, vm: VmIndex, path: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
        self.about(vm).ok_or(Status::NotFound)?.property(path, out)
    }

    /// The encoded value of the property at `path` as the last plugin of the chain would read it now, about a stream or
    /// about itself.
    ///
    /// # Errors
    ///
    /// As [`Self::property`].
    pub(crate) fn property_now(&self, stream: Option<StreamId>, path: &[u8]) -> Result<Vec<u8>, Status> {
        let stream = stream.filter(|stream| self.has_stream(*stream)).map(|stream| self.stream(stream));
        let stream = stream.and_then(|stream| Some((stream, stream.filters.last()?)));
        let (vm, plugin) = match stream {
            Some((_, filter)) => (filter.vm, filter.plugin),
            None => {
                let last = PluginIndex(self.plugins.len().checked_sub(1).ok_or(Status::NotFound)?);
                let (vm, _) = self.handle(0, last).serves.ok_or(Status::NotFound)?;
                (vm, last)
            }
        };
        let mut out = Vec::new();
        About { proxy: self, vm, plugin, stream, connection: None }.property(path, &mut out)?;
        Ok(out)
    }

    /// Whether this path reads a property that is declared as FlatBuffers through its schema: Envoy does not check the
    /// schema, and crashes (1.40, observed).
    pub(crate) fn leads_into_flatbuffers(&self, vm: VmIndex, path: &[u8]) -> bool {
        let Some(state) = self.about(vm).and_then(About::filter_state) else { return false };
        let parts: Vec<&[u8]> = path_parts(path).map(Iterator::collect).unwrap_or_default();
        let object = match parts[..] {
            [b"filter_state", name, ..] => state.get(name),
            [name, _, ..] => state.set_by_plugin(name),
            _ => None,
        };
        object.is_some_and(Object::is_flatbuffers)
    }

    /// What is kept with the stream or the connection that hostcalls of `vm` are about.
    pub(crate) fn filter_state_mut(&mut self, vm: VmIndex) -> Option<&mut FilterState> {
        if let Some((stream, _)) = self.effective_stream(vm) {
            return Some(&mut self.stream_mut(stream).filter_state);
        }
        let (id, _) = self.effective_connection(vm)?;
        self.connections.get_mut(&id).map(|connection| &mut connection.filter_state)
    }

    /// Keeps `value` with the stream, under `path` as it is. Every plugin of the stream sees it from now on.
    ///
    /// # Errors
    ///
    /// [`Status::NotFound`]: there is no stream; [`Status::BadArgument`]: it is there, and was declared read only.
    pub(crate) fn set_property(&mut self, vm: VmIndex, path: &[u8], value: &[u8]) -> Result<(), Status> {
        let parent = match (self.effective_stream(vm), self.effective_connection(vm)) {
            (Some((stream, filter)), _) => self.stream(stream).filters[filter].parent,
            (None, Some((id, filter))) => self.connection(id).ok_or(Status::NotFound)?.filters[filter].parent,
            (None, None) => return Err(Status::NotFound),
        };
        let contexts = &self.vms[vm.0].plugins;
        let declared =
            contexts.iter().find(|context| context.id == parent).map_or(&[][..], |it| &it.declared);
        let declaration =
            declared.iter().find(|(name, _)| name == path).map_or(Declaration::default(), |it| it.1.clone());
        let key = [filter_state::SET_BY_PLUGIN, path].concat();
        self.filter_state_mut(vm).ok_or(Status::NotFound)?.set(&key, value, declaration)
    }
}

impl<'a> About<'a> {
    fn property(self, path: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
        let mut parts = path_parts(path)?;
        let path = path.strip_suffix(b"\0").unwrap_or(path);
        if let Some((value, below)) = self.overrides().find_map(|overrides| overrides.holding(path)) {
            return value.descend(below)?.encode(out);
        }
        let found = self.find(&mut parts);
        let whole_object = matches!(found, Some(Attribute::Whole));
        if !whole_object && self.overrides().any(|overrides| overrides.below(path).next().is_some()) {
            return self.merged(path, found.map(|attribute| attribute.into_value(parts)))?.encode(out);
        }
        found.ok_or(Status::NotFound)?.encode(parts, out)
    }

    /// What is kept with the stream or the connection.
    fn filter_state(self) -> Option<&'a FilterState> {
        let of_stream = self.stream.map(|(stream, _)| &stream.filter_state);
        of_stream.or(self.connection.map(|(_, connection)| &connection.filter_state))
    }

    /// What the test gave: to the stream, then to all.
    fn overrides(self) -> impl Iterator<Item = &'a Overrides> {
        self.stream.map(|(stream, _)| &stream.properties).into_iter().chain([&self.proxy.properties])
    }

    /// Finds what the first part or two of a path name; the rest stays in `parts`. What the host names comes before what
    /// plugins set.
    fn find<'p>(self, parts: &mut impl Iterator<Item = &'p [u8]>) -> Option<Attribute<'a>> {
        let first = parts.next()?;
        if attributes::is_object(first) {
            let object = self.object(first)?;
            return match parts.next() {
                None => Some(object),
                Some(name) => self.attribute(first, name),
            };
        }
        self.single(first).or_else(|| self.filter_state()?.set_by_plugin(first).map(Attribute::SetByPlugin))
    }

    /// The value at `path` with everything put into it that the test gave below it.
    fn merged(
        self,
        path: &[u8],
        found: Option<Result<PropertyValue, Status>>,
    ) -> Result<PropertyValue, Status> {
        let mut value = match found {
            Some(Ok(value)) => value,
            Some(Err(Status::NotFound)) | None => PropertyValue::Map(Vec::new()),
            Some(Err(status)) => return Err(status),
        };
        let mut overrides: Vec<_> = self.overrides().collect();
        // Those of the stream come last, and win.
        overrides.reverse();
        for (below, given) in overrides.into_iter().flat_map(|overrides| overrides.below(path)) {
            value.insert(below.split(|byte| *byte == 0), given.clone());
        }
        Ok(value)
    }
}
