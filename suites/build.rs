//! Stops a build for a wasm target with one clear error, before anything large is compiled.
//!
//! A plugin's repository often says `build.target = "wasm32-wasip1"` in `.cargo/config.toml`. `cargo test` then builds the
//! tests for wasm too, and what runs wasm cannot itself be wasm.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    if target.starts_with("wasm") {
        let host = std::env::var("HOST").unwrap_or_else(|_| "x86_64-unknown-linux-gnu".to_owned());
        println!(
            "cargo::error=tests of a plugin run on this machine and cannot be built for {target}, which is the default \
             target here (`build.target` in .cargo/config.toml, or CARGO_BUILD_TARGET)"
        );
        println!(
            "cargo::error=help: run `cargo test --target {host}`, or take the default target out: `{{cargo: PACKAGE}}` \
             builds plugins for wasm32-wasip1 by itself"
        );
    }
}
