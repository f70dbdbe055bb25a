//! A page of documentation, done as it says: its files are written and its commands run, in the order of the text.
//!
//! A comment `<!-- file: PATH -->` names the block after it. In a `console` block each line is a command, after `$ `; what
//! may end in 1 says so in its remark. The lines of a `text` block are what the commands before it printed.

use std::fs;
use std::process::Command;

use crate::playground::{Playground, Ran, artifact};

/// The languages of blocks that are only read: builds of other toolchains.
const READ: [&str; 1] = ["sh"];

/// What a reader has built.
pub(crate) fn reader() -> Playground {
    let play = Playground::new();
    let module = |name: &str| fs::read(artifact(name)).expect("a module");
    play.write("build/limiter.wasm", module("rate_limiting_go"));
    play.write("build/body.wasm", module("http_body_cpp"));
    play.write("build/headers.wasm", module("http_headers_go"));
    let probe = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins-under-test/probes/http_calls/resume.wat");
    let probe = fs::read(probe).expect("a probe");
    play.write("build/auth.wat", &probe).write("build/auth.wasm", &probe);
    play
}

/// A page, and where it is done.
pub(crate) struct Page<'p> {
    /// What it is called in messages.
    pub(crate) name: &'p str,
    /// How its commands name the program.
    pub(crate) program: &'p str,
    /// The folder of its reader.
    pub(crate) play: &'p Playground,
}

impl Page<'_> {
    /// Does what the text says, and fails where that does not work.
    pub(crate) fn play(&self, text: &str) {
        let name = self.name;
        let (mut file, mut printed) = (None, String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(comment) = line.strip_prefix("<!-- file: ") {
                file = comment.strip_suffix(" -->");
            }
            let Some(language) = line.strip_prefix("```") else { continue };
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            match (file.take(), language) {
                (Some(path), _) => {
                    self.play.write(path, format!("{}\n", block.join("\n")));
                }
                (None, "console") => printed = block.iter().map(|line| self.command(line).stdout).collect(),
                (None, "text") => {
                    for line in block.iter().map(|line| line.trim()) {
                        assert!(printed.contains(line), "{name}: {line:?} was not printed:\n{printed}");
                    }
                }
                (None, language) => {
                    assert!(READ.contains(&language), "{name}: a block of {language:?} that nothing runs")
                }
            }
        }
    }

    /// Runs one line, which begins with `$ `. It has to succeed, or to end in 1 where it says so.
    fn command(&self, line: &str) -> Ran {
        let name = self.name;
        let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{name}: {line}"));
        let words = command.strip_prefix(self.program).unwrap_or_else(|| panic!("{name}: {line}"));
        // The environment is the one of every test, whatever starts the program.
        let alone = self.play.command(&[]);
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("exec \"$0\" {words}")]).arg(env!("CARGO_BIN_EXE_proxy-wasm-test"));
        shell.current_dir(self.play.path());
        for (name, value) in alone.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let ran: Ran = shell.output().expect("bash").into();
        let worst =
            i32::from(command.split_once(" #").is_some_and(|(_, remark)| remark.contains("may exit 1")));
        assert!(ran.code <= worst, "{name}: {line}\n{ran:?}");
        ran
    }
}
