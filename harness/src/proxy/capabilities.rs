//! What a plugin may use: Envoy's `capability_restriction_config`.
//!
//! A hostcall that is not named answers `INTERNAL_FAILURE`, a function of WASI `notcapable`, and a callback that is not
//! named is not called, as if the module did not export it. The functions of a module's start and its allocator need no
//! permission. Source: Envoy 1.40, observed.

use std::collections::BTreeSet;
use std::sync::Arc;

/// The hostcalls, functions of WASI and callbacks that the plugins of a VM may use: by default, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(Option<Arc<BTreeSet<String>>>);

impl Capabilities {
    /// Those of these names; of none, as Envoy has it: all.
    pub(crate) fn only(names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().collect();
        Self((!names.is_empty()).then(|| Arc::new(names)))
    }

    /// Whether `name` is allowed.
    #[inline]
    pub(crate) fn allow(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(name))
    }

    /// Whether there is anything that they may not.
    #[inline]
    pub(crate) fn restrict(&self) -> bool {
        self.0.is_some()
    }

    /// The names, sorted; nothing: all.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        self.0.as_ref().map(|names| names.iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn an_empty_list_restricts_nothing() {
        assert!(Capabilities::default().allow("proxy_log"));
        assert!(Capabilities::only([]).allow("proxy_log"));
        let one = Capabilities::only(["proxy_log".to_owned()]);
        assert!(one.allow("proxy_log") && !one.allow("proxy_done"));
    }
}
