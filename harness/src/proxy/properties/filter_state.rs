//! Filter state: what plugins, and the proxy on their behalf, keep with a stream by name.
//!
//! What a plugin sets as property `p` is the object `wasm.p`, whichever bytes `p` has; it goes with the stream.

use crate::abi::Status;

/// What stands before the names of what plugins set.
pub(super) const SET_BY_PLUGIN: &[u8] = b"wasm.";

/// What a plugin declared about a property that it sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// It can be set once.
    pub(crate) read_only: bool,
}

/// The objects of one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterState(Vec<Object>);

#[derive(Clone, Debug)]
struct Object {
    name: Vec<u8>,
    value: Vec<u8>,
    /// As the plugin had declared it that set it first.
    declaration: Declaration,
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
            None => self.0.push(Object { name: name.to_vec(), value: value.to_vec(), declaration }),
        }
        Ok(())
    }

    /// The object of this name.
    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.iter().find(|object| object.name == name).map(|object| &*object.value)
    }

    /// All that plugins set, by path, in the order in which they were set first.
    pub(crate) fn all_set_by_plugins(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().filter_map(|object| Some((object.name.strip_prefix(SET_BY_PLUGIN)?, &*object.value)))
    }

    /// What a plugin set as this property.
    pub(super) fn set_by_plugin(&self, path: &[u8]) -> Option<&[u8]> {
        let object = self.0.iter().find(|object| object.name.strip_prefix(SET_BY_PLUGIN) == Some(path))?;
        Some(&object.value)
    }
}
