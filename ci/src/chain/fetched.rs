//! What the urls of a chain lead to, when they may be followed.

use proxy_wasm_harness::manifest::{FetchError, Link, ModuleSource, ModuleUrl, Resolved};
use proxy_wasm_harness::scenario::FailurePolicy;
use proxy_wasm_suites::registry::{Got, Registry};

/// What came of each remote module of both chains, with its plugin.
#[derive(Debug, Default)]
pub(super) struct Modules(Vec<(Link, Result<Got, FetchError>)>);

impl Modules {
    /// Follows every url.
    pub(super) fn fetch(resolved: &Resolved, registry: &Registry) -> Self {
        let remote = |link: &Link| match &link.module.source {
            ModuleSource::Url(ModuleUrl::Remote(url)) => Some((link.clone(), registry.get(link, url))),
            _ => None,
        };
        Self(resolved.network_plugins().chain(resolved.http_plugins()).filter_map(remote).collect())
    }

    /// What came of a plugin's module; nothing, when nothing was fetched for it.
    pub(super) fn of(&self, link: &Link) -> Option<&Result<Got, FetchError>> {
        self.0.iter().find(|(of, _)| of.name == link.name).map(|(_, got)| got)
    }

    /// The modules that could not be had.
    pub(super) fn failed(&self) -> impl Iterator<Item = (&Link, &FetchError)> {
        self.0.iter().filter_map(|(link, got)| Some((link, got.as_ref().err()?)))
    }
}

/// What becomes of streams where the module cannot be had, as Istio's agent has it.
pub(super) fn consequence(link: &Link) -> &'static str {
    match (link.module.by_agent, link.failure, link.fail_open) {
        (false, ..) => "Envoy does not start the listener",
        (true, FailurePolicy::Open, _) | (true, _, true) => "streams pass it by",
        (true, FailurePolicy::Closed | FailurePolicy::Reload, false) => "every stream is refused",
    }
}
