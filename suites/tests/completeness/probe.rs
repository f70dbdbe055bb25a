//! Probes: what they say, in which versions they can run, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proxy_wasm_harness::abi::{AbiVersion, CallbackId, Hostcall, WASI_MODULES, callback, hostcall};
use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind};
use proxy_wasm_harness::vm::{Extern, LoadOptions, Plugin, inspect};

use crate::drive;

/// A hostcall and its answer.
type Made = (String, String);

/// A probe and what it says.
pub(crate) struct Probe {
    path: PathBuf,
    text: String,
    /// The calls of each callback that runs.
    says: BTreeMap<String, Vec<Made>>,
    never: BTreeSet<String>,
}

/// What probes showed.
#[derive(Default)]
pub(crate) struct Seen {
    /// The answers of each host function, by module, name and version.
    pub(crate) hostcalls: BTreeMap<(&'static str, &'static str, AbiVersion), BTreeSet<String>>,
    /// Callbacks that ran.
    pub(crate) ran: BTreeSet<(&'static str, AbiVersion)>,
    /// Callbacks that were exported and did not run, as their probe says.
    pub(crate) silent: BTreeSet<(&'static str, AbiVersion)>,
    /// Where a probe showed something else than it says.
    pub(crate) differences: Vec<String>,
}

impl Probe {
    /// Every probe that says what comes of it.
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/probes");
        let mut found = Vec::new();
        let mut folders: Vec<_> = list(&root).into_iter().filter(|path| path.is_dir()).collect();
        folders.sort();
        for folder in folders {
            let mut files = list(&folder);
            files.sort();
            found.extend(files.into_iter().map(Self::read).filter(|probe| !probe.says.is_empty()));
        }
        assert!(!found.is_empty(), "no probes below {}", root.display());
        found
    }

    fn read(path: PathBuf) -> Self {
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut probe = Self { path, text: text.clone(), says: BTreeMap::new(), never: BTreeSet::new() };
        for line in text.lines().filter_map(|line| line.strip_prefix(";;= ")) {
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                ["never", name] => drop(probe.never.insert(name.to_owned())),
                [name] => drop(probe.says.entry(name.to_owned()).or_default()),
                [name, call, answer] => {
                    let calls = probe.says.entry(name.to_owned()).or_default();
                    calls.push((call.to_owned(), answer.to_owned()));
                }
                _ => panic!("{}: cannot read {line:?}", probe.path.display()),
            }
        }
        probe
    }

    /// The probe as a module of each version that it can be one of, by each name that it can import WASI functions from.
    fn modules(&self) -> Vec<(AbiVersion, &'static str, String)> {
        let mut modules = Vec::new();
        let written = AbiVersion::ALL.into_iter().find(|version| self.text.contains(version.marker()));
        let written = written.unwrap_or_else(|| panic!("{}: no ABI marker", self.path.display()));
        let names = if self.text.contains(WASI_MODULES[0]) { &WASI_MODULES[..] } else { &WASI_MODULES[..1] };
        for version in AbiVersion::ALL {
            for name in names {
                let text =
                    self.text.replace(written.marker(), version.marker()).replace(WASI_MODULES[0], name);
                if self.fits(&text, version) {
                    modules.push((version, *name, text));
                }
            }
        }
        assert!(!modules.is_empty(), "{}: no version has all that it imports", self.path.display());
        modules
    }

    /// Whether everything that the module imports and exports exists in this version, with these types.
    fn fits(&self, text: &str, version: AbiVersion) -> bool {
        let about = inspect(&self.path.display().to_string(), text.as_bytes()).expect("a probe is a module");
        let types = about.declared.exports.iter().all(|export| {
            match (&export.what, callback(&export.name, version)) {
                (Extern::Function(of), Some(row)) => of.to_string() == row.signature().to_string(),
                (_, None) => {
                    !export.name.starts_with("proxy_on_") || export.name == "proxy_on_memory_allocate"
                }
                _ => true,
            }
        });
        let imports =
            about.imports.iter().all(|one| hostcall(&one.import.module, &one.import.name, version).is_some());
        types && imports && about.envoy.is_empty()
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir() || is_wat(path))
        .collect()
}

fn is_wat(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wat")
}

impl Seen {
    /// Runs a probe in each version, and compares.
    pub(crate) fn add(&mut self, probe: &Probe) {
        for (version, wasi, text) in probe.modules() {
            let plugin = Plugin::from_bytes("probe", text.as_bytes(), &LoadOptions::default());
            let host =
                drive::run(plugin.unwrap_or_else(|error| panic!("{}: {error}", probe.path.display())), &text);
            let runs = self.runs(&host, version, wasi);
            for (name, wanted) in &probe.says {
                let made = runs.iter().find(|(callback, _)| callback.name() == name).map(|(_, made)| made);
                if made != Some(wanted) {
                    self.differences.push(format!(
                        "{} ({version}, {wasi}): {name}\n  says  {wanted:?}\n  does  {made:?}",
                        probe.path.display()
                    ));
                }
            }
            for name in &probe.never {
                let row =
                    callback(name, version).unwrap_or_else(|| panic!("no callback {name} in {version}"));
                if runs.iter().any(|(ran, _)| *ran == row.id) {
                    self.differences.push(format!("{} ({version}): {name} ran", probe.path.display()));
                } else {
                    self.silent.insert((row.name, version));
                }
            }
        }
    }

    /// The callbacks that ran, in order, and the calls of each.
    fn runs(&mut self, host: &Host, version: AbiVersion, wasi: &'static str) -> Vec<(CallbackId, Vec<Made>)> {
        let transcript = host.transcript();
        let (mut runs, mut open): (Vec<(CallbackId, Vec<Made>)>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut calls: Vec<&'static Hostcall> = Vec::new();
        for event in transcript.events() {
            match event.kind {
                Kind::Callback { callback: ran, .. } => {
                    if let Some(row) = callback(ran.name(), version) {
                        self.ran.insert((row.name, version));
                    }
                    open.push(runs.len());
                    runs.push((ran, Vec::new()));
                }
                Kind::Returned { .. } | Kind::Trap { .. } => drop(open.pop()),
                Kind::Hostcall { row, .. } => calls.push(row),
                Kind::Answered { status, errno, results } => {
                    let row = calls.pop().expect("a call");
                    let number = Args(transcript.bytes(results)).next();
                    let answer = match (status, errno, number) {
                        (Some(status), ..) => status.to_string(),
                        (None, Some(errno), _) => errno.name().to_owned(),
                        (None, None, Some(Arg::Number(number))) => number.to_string(),
                        _ => "-".to_owned(),
                    };
                    let module = if row.module == "env" { "env" } else { wasi };
                    self.hostcalls.entry((module, row.name, version)).or_default().insert(answer.clone());
                    runs[*open.last().expect("inside a callback")].1.push((row.name.to_owned(), answer));
                }
                Kind::Unimplemented { row, .. } => {
                    let module = if row.module == "env" { "env" } else { wasi };
                    let answers = self.hostcalls.entry((module, row.name, version)).or_default();
                    answers.insert("Unimplemented".to_owned());
                }
                _ => {}
            }
        }
        runs
    }
}
