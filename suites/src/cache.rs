//! Where compiled modules are kept between processes.
//!
//! The harness asks no environment, so the choice is made here: `PROXY_WASM_TEST_CACHE`, else the user's cache
//! directory (`$XDG_CACHE_HOME` or `~/.cache` on Linux and macOS), and there `proxy-wasm-test/modules`. What lies in it,
//! and why that is safe, is said in the harness (`vm/artifact.rs`).

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use proxy_wasm_harness::vm::ArtifactCache;

/// Names another directory for compiled modules; empty: they are kept nowhere.
pub const VARIABLE: &str = "PROXY_WASM_TEST_CACHE";

/// The cache that this process uses, unless somebody says `--no-cache`: none when [`VARIABLE`] is empty, or when the
/// user has no home.
#[must_use]
pub fn artifacts() -> Option<ArtifactCache> {
    directory(std::env::var_os(VARIABLE)).map(ArtifactCache::new)
}

/// The folder that downloaded modules are kept in, beside compiled ones; none where those are kept nowhere.
#[must_use]
pub fn downloads() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(chosen) => directory(Some(chosen)).map(|folder| folder.join("downloads")),
        None => directory(None).and_then(|folder| Some(folder.parent()?.join("downloads"))),
    }
}

/// The directory, for this value of [`VARIABLE`].
fn directory(chosen: Option<OsString>) -> Option<PathBuf> {
    match chosen.as_deref().map(OsStr::is_empty) {
        Some(true) => None,
        Some(false) => chosen.map(PathBuf::from),
        None => {
            let user = etcetera::choose_base_strategy().ok()?.cache_dir();
            Some(user.join("proxy-wasm-test").join("modules"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_outranks_the_user_and_can_say_nowhere() {
        assert_eq!(directory(Some("/some/where".into())), Some("/some/where".into()));
        assert_eq!(directory(Some("".into())), None);
        if let Some(default) = directory(None) {
            assert!(default.ends_with("proxy-wasm-test/modules"), "{}", default.display());
        }
    }
}
