//! Modules that Cargo builds, for real where the wasm target is installed, and with its one clear error where not.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proxy_wasm_harness::scenario::{Chain, Modules, load_text};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};
use proxy_wasm_suites::modules::ModuleSource;
use tempfile::TempDir;

/// A workspace with one plugin, and a folder of scenarios in it. Each test's plugin has a name of its own: with
/// `CARGO_TARGET_DIR` they share one target folder, and what another test or run has built there is found.
fn workspace(plugin: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\nmembers = [\"{plugin}\", \"plain\"]\n"));
    let package = "version = \"0.1.0\"\nedition = \"2024\"\n";
    write("plain/Cargo.toml", &format!("[package]\nname = \"plain\"\n{package}"));
    write("plain/src/lib.rs", "");
    write(
        &format!("{plugin}/Cargo.toml"),
        &format!("[package]\nname = \"{plugin}\"\n{package}[lib]\ncrate-type = [\"cdylib\"]\n"),
    );
    write(
        &format!("{plugin}/src/lib.rs"),
        r#"
        #[unsafe(no_mangle)]
        pub extern "C" fn proxy_abi_version_0_2_1() {}
        #[unsafe(no_mangle)]
        pub extern "C" fn proxy_on_memory_allocate(_: usize) -> *mut u8 { std::ptr::null_mut() }
        "#,
    );
    std::fs::create_dir_all(root.path().join("plain/scenarios")).expect("a folder");
    root
}

fn has_wasm_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc).args(["--print=target-libdir", "--target=wasm32-wasip1"]).output();
    asked.is_ok_and(|said| Path::new(String::from_utf8_lossy(&said.stdout).trim()).is_dir())
}

/// The module that a scenario in `folder` means by `wasm`.
fn load(source: &ModuleSource, folder: &Path, wasm: &str) -> Result<Plugin, String> {
    let text = format!(
        "plugins: [{{name: p, wasm: {wasm}}}]\nscenarios: [{{name: s, steps: [{{request: GET /}}]}}]\n"
    );
    let file = load_text(&folder.join("s.scenario.yaml"), &text).unwrap_or_else(|errors| panic!("{errors}"));
    let Chain::Plugins(plugins) = &file.scenarios[0].chain else { panic!("plugins") };
    source
        .load("p", &plugins[0].source)
        .map_err(|error| format!("{error}\nhelp: {}", error.hint.as_deref().unwrap_or("none")))
}

#[test]
fn a_package_is_built_once_or_its_target_is_asked_for() {
    let root = workspace("tiny-plugin");
    let builds = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&builds);
    let source = ModuleSource::new(LoadOptions::default())
        .notice(move |line| notes.lock().expect("a lock").push(line.to_owned()));
    let folders = [root.path().join("plain/scenarios"), root.path().to_path_buf()];
    let loaded = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for folder in folders.iter().chain(&folders) {
            scope.spawn(|| match load(&source, folder, "{cargo: tiny-plugin}") {
                Ok(plugin) => {
                    assert_eq!(plugin.name(), "tiny_plugin");
                    loaded.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => assert_eq!(
                    error,
                    "package `tiny-plugin` cannot be built: the Rust target wasm32-wasip1 is not installed\n\
                     help: rustup target add wasm32-wasip1"
                ),
            });
        }
    });
    assert_eq!(loaded.into_inner(), if has_wasm_target() { 4 } else { 0 });
    assert_eq!(*builds.lock().expect("a lock"), ["building tiny-plugin for wasm32-wasip1"]);
    if has_wasm_target() {
        let again = ModuleSource::new(LoadOptions::default()).build(false);
        assert!(load(&again, &folders[0], "{cargo: tiny-plugin}").is_ok(), "what is built is taken as it is");
    }
}

#[test]
fn what_cannot_be_built_says_why() {
    let root = workspace("never-built");
    let source = ModuleSource::new(LoadOptions::default()).build(false);
    let refused = |wasm: &str| load(&source, root.path(), wasm).expect_err("an error");
    let error = refused("{cargo: never-built}");
    assert!(error.starts_with("package `never-built` has not been built: there is no "), "{error}");
    assert!(error.contains("wasm32-wasip1/release/never_built.wasm"), "{error}");
    assert!(
        error.ends_with("run `cargo build -p never-built --profile release --target wasm32-wasip1` before"),
        "{error}"
    );
    let error = refused("{cargo: neverbuilt}");
    assert!(error.starts_with("no package `neverbuilt` in the workspace of "), "{error}");
    assert!(error.ends_with("help: its packages are: never-built, plain"), "{error}");
    let error = refused("{cargo: plain}");
    assert!(error.starts_with("package `plain` builds no module\nhelp: "), "{error}");
    let alone = tempfile::tempdir().expect("a folder");
    let error = load(&source, alone.path(), "{cargo: plain}").expect_err("an error");
    assert!(error.starts_with("no Cargo.toml in "), "{error}");
}

#[test]
fn the_command_line_puts_a_file_in_a_plugins_place() {
    let root = tempfile::tempdir().expect("a folder");
    let file = root.path().join("other.wat");
    let text = r#"(module (func (export "proxy_abi_version_0_2_1"))
                    (func (export "malloc") (param i32) (result i32) (i32.const 0)))"#;
    std::fs::write(&file, text).expect("a file");
    let source = ModuleSource::new(LoadOptions::default()).replace("p", &file);
    let plugin = load(&source, root.path(), "no/such/file.wasm").expect("the replacement");
    assert_eq!(plugin.name(), "other");
    let error = load(&ModuleSource::new(LoadOptions::default()), root.path(), "no/such/file.wasm");
    assert!(error.expect_err("an error").contains("no/such/file.wasm: cannot be read: "));
}
