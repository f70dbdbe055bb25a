//! What goes where: results to stdout, diagnostics to stderr, colours and progress to terminals only.

mod playground;

use std::io::Read as _;
use std::process::{Command, Stdio};

use playground::{Playground, Ran, plugin, scenarios};

fn failing() -> Playground {
    let play = Playground::new();
    let trial = |n: u32| {
        format!(
            "  - {{name: trial {n}, steps: [{{request: GET /, expect: {{response: {{status: 404}}}}}}]}}\n"
        )
    };
    let list: String = (0..200).map(trial).collect();
    play.write("p.wat", plugin("")).write("s.scenario.yaml", scenarios(&list));
    play
}

#[test]
fn a_pipe_gets_no_colours_and_no_progress() {
    let play = failing();
    for arguments in [
        &["run"][..],
        &["run", "--trace"],
        &["try", "p.wat", "/"],
        &["inspect", "p.wat"],
        &["--help"],
        &["man"],
    ] {
        let ran = play.run(arguments);
        assert!(!ran.stdout.contains('\u{1b}'), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stderr, "", "{arguments:?}");
    }
    let ran = play.run(&["run", "--color", "always"]);
    assert!(ran.stdout.contains("\u{1b}[1m\u{1b}[31mFAILED"), "{}", &ran.stdout[..200]);
    let plain = play.run(&["run", "--color", "never"]);
    assert!(plain.stdout.contains("  FAILED  trial 0\n"), "{plain:?}");
    let missing = play.run(&["run", "missing"]);
    assert!(missing.stdout.is_empty() && missing.stderr.starts_with("error: missing: "), "{missing:?}");
}

#[test]
fn a_closed_pipe_ends_quietly_and_the_exit_code_still_says_what_happened() {
    let play = failing();
    for (arguments, code) in [
        (&["run", "--junit", "j.xml"][..], 1),
        (&["run", "--format", "json"], 1),
        (&["schema"], 0),
        (&["inspect", "p.wat"], 0),
        (&["completions", "bash"], 0),
        (&["man", "run"], 0),
    ] {
        let mut child =
            play.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut reader = child.stdout.take().expect("a pipe");
        let mut first = [0; 1];
        reader.read_exact(&mut first).expect("something is written");
        drop(reader);
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
    }
    assert!(play.read("j.xml").trim_end().ends_with("</testsuites>"), "the report is whole");
}

#[cfg(unix)]
#[test]
fn head_gets_its_line() {
    let play = failing();
    let shell = format!("'{}' run | head -1", env!("CARGO_BIN_EXE_proxy-wasm-test"));
    let output = Command::new("sh").arg("-c").arg(shell).current_dir(play.path()).output().expect("a shell");
    let ran = Ran::from(output);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "s.scenario.yaml\n", ""));
}

/// The commands, from the program's own list of them.
fn commands(play: &Playground) -> Vec<String> {
    let help = play.run(&["--help"]).stdout;
    let (_, list) = help.split_once("\nCommands:\n").expect("a list of commands");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_examples() {
    let play = Playground::new();
    let commands = commands(&play);
    assert!(commands.len() >= 6 && commands.contains(&"try".to_owned()), "{commands:?}");
    for command in &commands {
        for help in ["--help", "-h"] {
            let ran = play.run(&[command, help]);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
            assert!(ran.stdout.contains(&format!("Examples:\n  proxy-wasm-test {command}")), "{ran:?}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page_and_is_completed() {
    let play = Playground::new();
    let commands = commands(&play);
    play.write("man1/.keep", "");
    let written = play.run(&["man", "--folder", "man1"]);
    assert_eq!((written.code, written.stdout.lines().count()), (0, commands.len() + 1), "{written:?}");
    for command in &commands {
        let page = play.run(&["man", command]).stdout;
        assert!(page.contains(&format!(".TH proxy-wasm-test-{command} 1")), "{page}");
        assert!(page.contains("Examples:"), "{page}");
        assert_eq!(play.read(&format!("man1/proxy-wasm-test-{command}.1")), page);
    }
    assert!(play.read("man1/proxy-wasm-test.1").contains(".SH SUBCOMMANDS"));
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = play.run(&["completions", shell]).stdout;
        for word in commands.iter().map(String::as_str).chain(["junit", "folder"]) {
            assert!(script.contains(word), "{shell}: no {word} in\n{script}");
        }
    }
    for (arguments, error) in [
        (&["man", "runs"][..], "error: there is no command \"runs\"\nhelp: the commands are: "),
        (&["man", "--folder", "none"], "error: none/proxy-wasm-test.1: cannot be written"),
    ] {
        let ran = play.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with(error), "{ran:?}");
    }
}
