//! Properties as expressions see them: objects with all their attributes, and what plugins set, by its type.

use super::About;
use super::attributes::{self, Attribute};
use crate::abi::Status;
use crate::proxy::Proxy;
use crate::proxy::foreign::Shown;
use crate::proxy::ids::VmIndex;
use crate::state::{PropertyValue, path_parts};

impl Proxy {
    /// Whether the name is that of an object with attributes.
    pub(crate) fn is_object(&self, name: &[u8]) -> bool {
        attributes::is_object(name)
    }

    /// Whether that object is there now.
    pub(crate) fn object_is_there(&self, vm: VmIndex, name: &[u8]) -> bool {
        self.about(vm).is_some_and(|about| {
            about.object(name).is_some() || about.overrides().any(|given| given.below(name).next().is_some())
        })
    }

    /// The names of its attributes: the host's, those that the test gave, and of the filter state what it holds.
    pub(crate) fn attribute_names(&self, vm: VmIndex, object: &[u8]) -> Vec<Vec<u8>> {
        let Some(about) = self.about(vm) else { return Vec::new() };
        let mut names: Vec<Vec<u8>> =
            attributes::names(object).iter().map(|name| name.as_bytes().to_vec()).collect();
        let given = about.overrides().flat_map(|given| given.below(object));
        let given = given.filter_map(|(below, _)| below.split(|byte| *byte == 0).next());
        names.extend(given.map(<[u8]>::to_vec));
        if let (b"filter_state", Some(state)) = (object, about.filter_state()) {
            names.extend(state.all().map(|(name, _)| name.to_vec()));
        }
        names.sort();
        names.dedup();
        names
    }

    /// The value at a path, as an expression sees it.
    pub(crate) fn attribute_value(&self, vm: VmIndex, parts: &[&[u8]]) -> Option<Shown> {
        let about = self.about(vm)?;
        let path = parts.join(&0);
        let given = about
            .overrides()
            .any(|given| given.holding(&path).is_some() || given.below(&path).next().is_some());
        if !given {
            match about.find(&mut parts.iter().copied())? {
                Attribute::SetByPlugin(object) | Attribute::State(object) => return object.shown(),
                Attribute::Fields(fields) => return Some(Shown::Fields(attributes::map_of(fields))),
                _ => {}
            }
        }
        about.value(&path).ok().map(Shown::Value)
    }
}

impl About<'_> {
    /// The value at a path, before it is encoded.
    fn value(self, path: &[u8]) -> Result<PropertyValue, Status> {
        let mut parts = path_parts(path)?;
        if let Some((value, below)) = self.overrides().find_map(|overrides| overrides.holding(path)) {
            return value.descend(below).cloned();
        }
        let found = self.find(&mut parts).map(|attribute| attribute.into_value(parts));
        if self.overrides().any(|overrides| overrides.below(path).next().is_some()) {
            return self.merged(path, found);
        }
        found.ok_or(Status::NotFound)?
    }
}
