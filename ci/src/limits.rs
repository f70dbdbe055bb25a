//! The limits that plugins run under, and how they are loaded: options that every command has that runs plugins.

use std::time::Duration;

use proxy_wasm_harness::scenario::RunOptions;
use proxy_wasm_harness::vm::{CacheProblem, HANG_TIMEOUT, LoadOptions, MAX_MEMORY};
use proxy_wasm_suites::cache;

use crate::values;

/// Limits and loading.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Plugins")]
pub(crate) struct Limits {
    /// Wall-clock time that one call into a plugin may take [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = values::timeout)]
    pub(crate) hang_timeout: Option<Duration>,

    /// Memory that one VM may have, for example 64MiB [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) max_memory: Option<u64>,

    /// Compile every module anew, and keep none
    #[arg(long)]
    pub(crate) no_cache: bool,
}

impl Limits {
    /// How modules are loaded.
    pub(crate) fn loading(&self) -> LoadOptions {
        LoadOptions {
            cache: if self.no_cache { None } else { cache::artifacts() },
            max_memory: self.max_memory.unwrap_or(MAX_MEMORY),
            quick_first: true,
            ..LoadOptions::default()
        }
    }

    /// How scenarios are run.
    pub(crate) fn running(&self) -> RunOptions {
        RunOptions {
            hang_timeout: self.hang_timeout.unwrap_or(HANG_TIMEOUT),
            max_memory: self.max_memory.unwrap_or(MAX_MEMORY),
            ..RunOptions::default()
        }
    }
}

/// What is said about a cache that does not work: runs are slower, nothing else.
pub(crate) fn cache_problem(loading: &LoadOptions) -> Option<CacheProblem> {
    loading.cache.as_ref().and_then(|cache| cache.problem())
}
