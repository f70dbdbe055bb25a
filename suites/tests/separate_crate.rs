//! A plugin's own crate, as its author has it: outside this workspace, one dev-dependency, one line in `tests/`.
//!
//! It is built for real, into this workspace's target directory, so that what both depend on is built once.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SCENARIO: &str = "
plugins: [{name: limiter, wasm: ../plugin.wasm}]
scenarios:
  - name: the third request is refused
    steps:
      - {request: GET /, repeat: 2, expect: {response: {status: 200}}}
      - {request: GET /, expect: {response: {status: 403}}}
    snapshot: [http]
  - name: not now
    steps: [{request: GET /}]
    skip: it can wait
";

const REFUSED: &str = "limits::the third request is refused";

/// The crate.
struct Crate {
    root: TempDir,
    /// The test program that Cargo built for it.
    program: OnceCell<PathBuf>,
}

/// The next crate has another path, and so another program: this one would only lie about in the target directory.
impl Drop for Crate {
    fn drop(&mut self) {
        self.program.get().map(fs::remove_file);
    }
}

/// How a test run ended.
struct Tested {
    passed: bool,
    output: String,
}

impl Crate {
    fn new() -> Self {
        let new = Self { root: tempfile::tempdir().expect("a folder"), program: OnceCell::new() };
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        let manifest = manifest(workspace);
        new.write("Cargo.toml", &manifest);
        new.write("src/lib.rs", "");
        new.write("tests/scenarios.rs", "proxy_wasm_suites::scenarios!(\"scenarios\");\n");
        new.write("scenarios/limits.scenario.yaml", SCENARIO);
        new.write("snapshots/.keep", "");
        let copy = |from: PathBuf, to: &str| fs::copy(from, new.path(to)).expect("a copy");
        copy(workspace.join("Cargo.lock"), "Cargo.lock");
        copy(workspace.join("plugins-under-test/artifacts/rate_limiting_rust.wasm"), "plugin.wasm");
        new
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs `cargo test` with this environment beside Cargo's own.
    fn test(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Tested {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target directory");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--offline", "--test", "scenarios", "--"]).args(arguments);
        cargo.current_dir(self.root.path()).env("CARGO_TARGET_DIR", target);
        let outer = std::env::vars_os().map(|(name, _)| name);
        outer.filter(|name| name.to_string_lossy().starts_with("INSTA_")).for_each(|name| {
            cargo.env_remove(name);
        });
        cargo.env_remove("CI").env_remove("TF_BUILD").envs(environment.iter().copied());
        let done = cargo.output().expect("cargo");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let output = text(&done.stdout) + &text(&done.stderr);
        if let Some((_, rest)) = output.split_once("Running tests/scenarios.rs (") {
            self.program.get_or_init(|| rest.split(')').next().unwrap_or_default().into());
        }
        Tested { passed: done.status.success(), output }
    }
}

/// The manifest of the crate. What is `[workspace]` and below, and the dev-dependencies but for the first, no author needs:
/// they give every dependency the features and the profile that it has here, or all would be built a second time.
fn manifest(workspace: &Path) -> String {
    let ours = fs::read_to_string(workspace.join("Cargo.toml")).expect("our manifest");
    let (_, rest) = ours.split_once("[workspace.dependencies]\n").expect("a table of dependencies");
    let (dependencies, rest) = rest.split_once("\n[").expect("the next table");
    let registry: String =
        dependencies.split_inclusive('\n').filter(|line| !line.contains("path = ")).collect();
    let (_, profiles) = rest.split_once("\n[profile.").expect("profiles");
    let (profiles, _) = profiles.split_once("\n[profile.release]").expect("a profile for releases");
    let suites = workspace.join("suites");
    format!(
        r#"
[package]
name = "my-plugin"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[[test]]
name = "scenarios"
harness = false

[dev-dependencies]
proxy-wasm-suites = {{ path = {suites:?} }}
{registry}
[workspace]

[profile.dev.package.proxy-wasm-harness]
opt-level = 0

[profile.dev.package.proxy-wasm-suites]
opt-level = 0

[profile.{profiles}"#
    )
}

impl Tested {
    #[track_caller]
    fn says(&self, passed: bool, texts: &[&str]) {
        assert_eq!(self.passed, passed, "{}", self.output);
        for text in texts {
            assert!(self.output.contains(text), "no {text:?} in:\n{}", self.output);
        }
    }
}

/// Does what the README says, from `cargo new --lib` on.
#[test]
fn the_readmes_steps_from_cargo_new_end_in_passing_tests() {
    let root = tempfile::tempdir().expect("a folder");
    let new = Command::new(env!("CARGO"))
        .args(["new", "--lib", "--vcs", "none", "my-plugin"])
        .current_dir(root.path())
        .output();
    assert!(new.expect("cargo").status.success());
    let crate_root = root.path().join("my-plugin");
    let write = |path: &str, text: &str| {
        let path = crate_root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let readme = fs::read_to_string(workspace.join("README.md")).expect("the README");
    let blocks = blocks(&readme);
    let steps = [
        "append to: Cargo.toml",
        "file: src/lib.rs",
        "file: tests/scenarios.rs",
        "file: scenarios/greeter.scenario.yaml",
        "file: tests/greeter.rs",
        "file: tests/limits.rs",
    ];
    let steps = steps.map(|name| {
        let block = blocks.iter().find(|(known, _)| known == name);
        block.unwrap_or_else(|| panic!("no {name} in the README"))
    });
    for (name, _) in blocks.iter().filter(|(name, _)| name.ends_with(".rs")) {
        assert!(steps.iter().any(|(step, _)| step == name), "{name} is not tested");
    }
    assert_eq!(readme.matches("\n```rust").count(), 4, "blocks in Rust without a name are not tested");
    // The book shows the same test.
    let book = fs::read_to_string(workspace.join("docs/src/first-test-rust.md")).expect("the chapter");
    assert!(book.contains(&format!("\n```rust,ignore\n{}```\n", steps[4].1)), "the book's test is another");
    fs::create_dir(crate_root.join("build")).expect("a folder");
    let limiter = workspace.join("plugins-under-test/artifacts/rate_limiting_go.wasm");
    fs::copy(limiter, crate_root.join("build/limiter.wasm")).expect("a copy");
    for (name, text) in steps {
        match name.split_once(": ") {
            Some(("file", path)) => write(path, text),
            Some((_, path)) => {
                let before = fs::read_to_string(crate_root.join(path)).expect("what cargo wrote");
                write(path, &with_this_workspace(&(before + text), workspace));
            }
            None => panic!("{name}"),
        }
    }
    fs::copy(workspace.join("Cargo.lock"), crate_root.join("Cargo.lock")).expect("a copy");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline"]).current_dir(&crate_root);
    cargo.env("CARGO_TARGET_DIR", target).env_remove("CI");
    let done = cargo.output().expect("cargo");
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    remove_programs(&text);
    assert!(done.status.success(), "{text}");
    for line in [
        "greeter::who has a name gets through",
        "greeter::who has none is asked",
        "test a_name_gets_through_at_any_time ... ok",
        "test two_requests_a_second ... ok",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
}

/// The example in Rust passes its own tests, the plugin built by Cargo.
#[test]
fn the_example_in_rust_passes() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let example = workspace.join("examples/api-key");
    let root = tempfile::tempdir().expect("a folder");
    for folder in ["src", "tests", "scenarios"] {
        fs::create_dir(root.path().join(folder)).expect("a folder");
        for entry in fs::read_dir(example.join(folder)).expect("a folder") {
            let file = entry.expect("an entry").path();
            let name = file.file_name().expect("a name");
            fs::copy(&file, root.path().join(folder).join(name)).expect("a copy");
        }
    }
    let text = fs::read_to_string(example.join("Cargo.toml")).expect("its manifest");
    let (text, workspace_of_its_own) = text.split_once("\n# Elsewhere this is not needed").expect("the end");
    assert!(workspace_of_its_own.ends_with("\n[workspace]\n"), "{workspace_of_its_own}");
    let elsewhere =
        "# Elsewhere: proxy-wasm-suites = \"0.1.0\"\nproxy-wasm-suites = { path = \"../../suites\" }\n";
    assert!(text.contains(elsewhere), "{text}");
    let text = text.replace(elsewhere, "proxy-wasm-suites = \"0.1.0\"\n");
    fs::write(root.path().join("Cargo.toml"), with_this_workspace(&text, workspace)).expect("a file");
    fs::copy(workspace.join("Cargo.lock"), root.path().join("Cargo.lock")).expect("a copy");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--offline"])
        .current_dir(root.path())
        .env("CARGO_TARGET_DIR", target)
        .env("CI", "true");
    let done = cargo.output().expect("cargo");
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    remove_programs(&text);
    assert!(done.status.success(), "{text}");
    for line in ["nor with one that nobody has::no text", "test no_other_key_opens ... ok"] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
}

/// Takes away the test programs that a run of Cargo names: the next crate has another path, and so others.
fn remove_programs(said: &str) {
    for (at, _) in said.match_indices("Running ") {
        let rest = said[at..].split_once('(').unwrap_or_default().1;
        let _ = fs::remove_file(rest.split(')').next().unwrap_or_default());
    }
}

/// The blocks of a text that a comment before them names: the comment, and the block.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) else {
            continue;
        };
        assert!(lines.next().is_some_and(|fence| fence.starts_with("```")), "a block follows {name:?}");
        let block: String =
            lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
        found.push((name.to_owned(), block));
    }
    found
}

/// The manifest with this workspace in the place of the released crate, and the profile and dependencies that keep what
/// both depend on from being built twice; see [`manifest`].
fn with_this_workspace(text: &str, workspace: &Path) -> String {
    let ours = manifest(workspace);
    let (_, dependencies) = ours.split_once("[dev-dependencies]\n").expect("dev-dependencies");
    let (dependencies, rest) = dependencies.split_once("\n[workspace]").expect("a workspace");
    let released = "proxy-wasm-suites = \"0.1.0\"\n";
    assert!(text.contains(released), "{text}");
    let text = text.replace(released, &format!("{dependencies}\n"));
    // The README's profile is this workspace's own.
    let (text, profile) = text.split_once("\n# What is compiled once").expect("the profile");
    assert!(profile.ends_with("[profile.dev.package.\"*\"]\nopt-level = 2\n"), "{profile}");
    format!("{text}\n[workspace]{rest}")
}

#[test]
fn one_line_runs_the_scenarios_of_another_crate() {
    let plugin = Crate::new();
    let list =
        "limits::the third request is refused: test\nlimits::not now: test\nsnapshots::unreferenced: test\n";
    // As nextest asks.
    plugin.test(&[], &["--list", "--format", "terse"]).says(true, &[list]);
    let ignored = plugin.test(&[], &["--list", "--format", "terse", "--ignored"]);
    ignored.says(true, &["limits::not now: test\n"]);
    assert!(!ignored.output.contains(REFUSED), "{}", ignored.output);

    snapshots_are_the_crates_own(&plugin);
    a_broken_snapshot_fails_until_it_is_accepted(&plugin);
    what_is_wrong_with_one_file_is_one_trial(&plugin);
}

const SNAPSHOT: &str = "snapshots/scenarios/limits/the-third-request-is-refused.http.snap";

fn snapshots_are_the_crates_own(plugin: &Crate) {
    plugin
        .test(&[("CI", "true")], &[])
        .says(false, &["there is no snapshot ", "\n+== request GET http://localhost/\n"]);
    assert!(!plugin.path("snapshots/scenarios").exists(), "nothing is written under CI");
    let tested = plugin.test(&[("INSTA_UPDATE", "always")], &[]);
    tested.says(true, &["not now", "ignored (it can wait)", "2 passed; 0 failed; 1 ignored"]);
    let head = "---\nsource: tests/scenarios.rs\ndescription: the third request is refused\n\
                input_file: scenarios/limits.scenario.yaml\n---\n";
    assert!(plugin.read(SNAPSHOT).starts_with(head), "{}", plugin.read(SNAPSHOT));
    plugin
        .test(&[("CI", "true")], &["--exact", REFUSED, "--nocapture"])
        .says(true, &["1 passed; 0 failed; 0 ignored"]);
}

fn a_broken_snapshot_fails_until_it_is_accepted(plugin: &Crate) {
    let pending = format!("{SNAPSHOT}.new");
    let sound = plugin.read(SNAPSHOT);
    plugin.write(SNAPSHOT, &sound.replace("answers 403", "answers 429"));
    let diff = "\n-[0s] #3 limiter answers 429 itself\n+[0s] #3 limiter answers 403 itself\n";
    plugin.test(&[("CI", "true")], &[]).says(false, &[diff, "1 passed; 1 failed; 1 ignored"]);
    assert!(!plugin.path(&pending).exists(), "nothing is written under CI");

    let tested = plugin.test(&[], &["--nocapture", "--test-threads=1"]);
    let again = format!("cargo test -p my-plugin --test scenarios -- --exact '{REFUSED}'");
    tested.says(false, &[diff, "accept it with `cargo insta review`", &again]);
    for noise in ["Snapshot Summary", "stored new snapshot", "panicked"] {
        assert!(!tested.output.contains(noise), "{}", tested.output);
    }
    assert!(plugin.read(&pending).contains("answers 403"), "there is something to review");

    plugin.test(&[("INSTA_UPDATE", "always")], &[]).says(true, &["2 passed; 0 failed"]);
    assert_eq!(plugin.read(SNAPSHOT), sound);
    plugin.test(&[], &[]).says(true, &["2 passed; 0 failed"]);
    assert!(!plugin.path(&pending).exists());
}

fn what_is_wrong_with_one_file_is_one_trial(plugin: &Crate) {
    plugin.write("scenarios/broken.scenario.yaml", "plugins: []\nscenarioz: []\n");
    plugin.write("snapshots/scenarios/gone/first.log.snap", "---\nsource: a\n---\nx\n");
    let tested = plugin.test(&[], &[]);
    tested.says(false, &["broken.scenario.yaml:2:1: unknown key `scenarioz`", "did you mean \"scenarios\"?"]);
    tested.says(false, &["no scenario asks for these snapshots", "/snapshots/scenarios/gone/first.log.snap"]);
    tested.says(false, &["1 passed; 2 failed; 1 ignored"]);
    plugin.test(&[], &["--list"]).says(true, &["broken: test\n", "limits::not now: test\n"]);
    plugin.test(&[], &["limits"]).says(true, &["1 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out"]);
}
