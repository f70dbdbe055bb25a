//! What the benches share: the plugins under test, loaded once.

use std::path::Path;

use proxy_wasm_harness::vm::{LoadOptions, Plugin};

/// A committed module of `plugins-under-test/artifacts`.
///
/// # Panics
///
/// When there is no such module.
#[must_use]
pub fn artifact(name: &str) -> Plugin {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/artifacts");
    Plugin::from_file(root.join(name).with_extension("wasm"), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{error}"))
}
