//! The probes of `plugins-under-test/probes/conformance`, as modules. Their form is said in the README there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proxy_wasm_harness::abi::{AbiVersion, CALLBACKS, HOSTCALLS, WASI};

/// One probe.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// The check that it is for.
    pub(crate) check: String,
    /// Whether it has to fail it.
    pub(crate) bad: bool,
    /// The other checks that it cannot but fail.
    pub(crate) also: Vec<String>,
    /// Its configuration.
    pub(crate) config: Option<String>,
    /// The module's text.
    pub(crate) wat: String,
}

impl Probe {
    /// `headers-late-bad`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.check.replace('/', "-"), if self.bad { "bad" } else { "good" })
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/probes/conformance")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every probe.
pub(crate) fn all() -> Vec<Probe> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the probes")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "probes"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| of_text(&read(file))).collect()
}

fn of_text(text: &str) -> Vec<Probe> {
    let mut probes = Vec::new();
    for section in text.split("\n== ").map(|section| section.trim_start_matches("== ")) {
        let (header, body) = section.split_once('\n').expect("a probe has a body");
        let mut words = header.split_whitespace();
        let check = words.next().expect("the check's id").to_owned();
        let bad = match words.next() {
            Some("bad") => true,
            Some("good") => false,
            other => panic!("{check}: bad or good, not {other:?}"),
        };
        let mut probe = Probe { check, bad, also: Vec::new(), config: None, wat: String::new() };
        let mut raw = false;
        for word in words {
            match word.split_once('=') {
                Some(("also", ids)) => probe.also = ids.split(',').map(str::to_owned).collect(),
                Some(("config", text)) => probe.config = Some(text.to_owned()),
                None if word == "raw" => raw = true,
                _ => panic!("{header}: {word}?"),
            }
        }
        probe.wat = if raw { body.to_owned() } else { Assembly::of(body) };
        probes.push(probe);
    }
    probes
}

/// A module under construction.
#[derive(Default)]
struct Assembly {
    data: Vec<u8>,
    places: BTreeMap<Vec<u8>, u32>,
}

const TEXTS: u32 = 65536;

impl Assembly {
    fn of(body: &str) -> String {
        let mut assembly = Self::default();
        let mut code = functions(body);
        // Functions of the prelude, and those that they need.
        let prelude = prelude();
        let mut taken: Vec<&str> = Vec::new();
        loop {
            let more: Vec<&str> = prelude
                .iter()
                .filter(|(name, _)| !taken.contains(&name.as_str()) && mentions(&code, name))
                .map(|(name, _)| name.as_str())
                .collect();
            if more.is_empty() {
                break;
            }
            for name in more {
                code.push_str(&prelude[name]);
                taken.push(name);
            }
        }
        let code = assembly.texts(&code);
        let mut out = String::from("(module\n");
        for row in HOSTCALLS.iter().chain(WASI).filter(|row| mentions(&code, &format!("${}", row.name))) {
            let params: String = row.params.iter().map(|kind| format!(" {kind}")).collect();
            let result = if row.results.is_empty() { "" } else { "(result i32)" };
            let (module, name) = (row.module, row.name);
            let _ = writeln!(out, "(import \"{module}\" \"{name}\" (func ${name} (param{params}) {result}))");
        }
        let escaped: String = assembly.data.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let _ = writeln!(out, "(memory (export \"memory\") 64)\n(data (i32.const {TEXTS}) \"{escaped}\")");
        out.push_str(
            "(func $version (export \"proxy_abi_version_0_2_1\"))
             (global $heap (mut i32) (i32.const 131072))
             (func $malloc (export \"malloc\") (param $size i32) (result i32)
               (local $at i32)
               (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const 4194304))
                 (then (global.set $heap (i32.const 131072))))
               (local.set $at (global.get $heap))
               (global.set $heap
                 (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
               (local.get $at))\n",
        );
        out.push_str(&code);
        out.push(')');
        out
    }

    /// Puts constants in place of texts.
    fn texts(&mut self, code: &str) -> String {
        let mut out = String::new();
        let mut rest = code;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let pairs = after.starts_with("pairs\"");
            let from = if pairs { 6 } else { 1 };
            let end = from + after[from..].find('"').expect("a text ends");
            let text = after[from..end].replace("\\0", "\0");
            let bytes = if pairs { serialized(&text) } else { text.into_bytes() };
            let len = bytes.len();
            let place = self.place(bytes);
            let _ = write!(out, "(i32.const {place}) (i32.const {len})");
            rest = &after[end + 1..];
        }
        out + rest
    }

    fn place(&mut self, bytes: Vec<u8>) -> u32 {
        let next = TEXTS + self.data.len() as u32;
        if let Some(place) = self.places.get(&bytes) {
            return *place;
        }
        self.data.extend_from_slice(&bytes);
        self.places.insert(bytes, next);
        next
    }
}

fn serialized(text: &str) -> Vec<u8> {
    let pairs: Vec<(&str, &str)> = text.split('|').map(|pair| pair.split_once('=').expect("a=b")).collect();
    let mut out = (pairs.len() as u32).to_le_bytes().to_vec();
    for (name, value) in &pairs {
        out.extend((name.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
    }
    for (name, value) in pairs {
        out.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
    }
    out
}

/// Whether a name stands in the code, not as the beginning of a longer one.
fn mentions(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let next = code[at + name.len()..].chars().next();
        next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_')
    })
}

/// The prelude's functions, by name.
fn prelude() -> BTreeMap<String, String> {
    let text = read(&folder().join("prelude.wat"));
    let functions = text.split("\n;; func ").skip(1).map(|function| {
        let (name, body) = function.split_once('\n').expect("a function has a body");
        (name.trim().to_owned(), format!("{body}\n"))
    });
    functions.collect()
}

/// `on CALLBACK` and what follows, as functions; what comes before the first as it is.
fn functions(body: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    for line in body.lines() {
        let Some(name) = line.strip_prefix("on ") else {
            let _ = writeln!(out, "{line}");
            continue;
        };
        let row = CALLBACKS
            .iter()
            .find(|row| row.name == name.trim() && row.versions.contains(AbiVersion::V0_2_1))
            .unwrap_or_else(|| panic!("no callback {name}"));
        if open {
            out.push_str(")\n");
        }
        let names = row.names.iter().zip(row.params);
        let params: String = names.map(|(name, kind)| format!(" (param ${name} {kind})")).collect();
        let result = if row.results.is_empty() { "" } else { " (result i32)" };
        let _ = writeln!(out, "(func (export \"{}\"){params}{result}", row.name);
        open = true;
    }
    if open {
        out.push_str(")\n");
    }
    out
}
