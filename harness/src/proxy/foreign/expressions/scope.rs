//! What the names of an expression stand for: the host's attributes, as properties know them, and what plugins set.

use std::collections::BTreeSet;

use cel::Context;

use super::language;
use super::values::Shown;
use crate::proxy::Proxy;
use crate::proxy::ids::VmIndex;

impl Proxy {
    /// A context in which these names are bound, as far as they stand for something now.
    pub(super) fn scope(&self, vm: VmIndex, names: &BTreeSet<String>) -> Context<'static, 'static> {
        let mut context = language::context();
        for name in names {
            if let Some(shown) = self.shown(vm, name) {
                context.add_variable_as_val(name.as_str(), shown.into_val());
            }
        }
        context
    }

    /// What a name stands for.
    fn shown(&self, vm: VmIndex, name: &str) -> Option<Shown> {
        let path = name.as_bytes();
        if !self.is_object(path) {
            return self.attribute_value(vm, &[path]);
        }
        self.object_is_there(vm, path).then(|| {
            let attributes = self.attribute_names(vm, path);
            let entry = |name: Vec<u8>| {
                let shown = self.attribute_value(vm, &[path, &name])?;
                Some((name, shown))
            };
            Shown::Object(attributes.into_iter().filter_map(entry).collect())
        })
    }
}
