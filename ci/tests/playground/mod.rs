//! A folder to play in, and the built binary run in it.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that goes away with its test.
pub(crate) struct Playground(tempfile::TempDir);

/// What a command gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Playground {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders on its way.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
        self
    }

    /// The content of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Every file, and what it holds.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        below(self.path(), &mut all);
        all
    }

    /// The binary in this folder, with an environment in which nothing but its arguments decides.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proxy-wasm-test"));
        command.current_dir(self.path()).args(arguments);
        for name in
            ["CI", "TF_BUILD", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "RUST_BACKTRACE", "CLICOLOR_FORCE"]
        {
            command.env_remove(name);
        }
        command.env("PROXY_WASM_TEST_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/modules"));
        command
    }

    /// Runs the binary in this folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("the binary runs").into()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code().expect("no signal"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl std::fmt::Debug for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n-- stdout\n{}\n-- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

fn below(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            below(&path, all);
        } else {
            all.insert(path.clone(), std::fs::read(&path).expect("a file"));
        }
    }
}

/// A plugin in text form: what every plugin has, and `more`.
pub(crate) fn plugin(more: &str) -> String {
    format!(
        "(module\n  {more}\n  (memory (export \"memory\") 1)\n  (func (export \"proxy_abi_version_0_2_1\"))\n  \
         (func (export \"malloc\") (param i32) (result i32) (i32.const 1024)))\n"
    )
}

/// A scenario file with the plugin `p.wat` and this list of scenarios.
pub(crate) fn scenarios(list: &str) -> String {
    format!("plugins: [{{wasm: p.wat}}]\nscenarios:\n{list}")
}

/// One module of this repository.
pub(crate) fn artifact(name: &str) -> String {
    format!("{}/../plugins-under-test/artifacts/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}
