//! A module made of lists of hostcalls, one list for each callback, with the answer that each has to give.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proxy_wasm_harness::abi::{AbiVersion, CALLBACKS, HOSTCALLS, Hostcall, WASI};
use proxy_wasm_harness::host::{Builder, Host, Setup};
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

/// An argument of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum A<'a> {
    /// A number.
    N(i64),
    /// Bytes: pointer and length.
    T(&'a [u8]),
    /// Where output number `n` goes; each has eight bytes, `0xaa` at first.
    O(u32),
    /// A pointer that leaves the memory.
    Far,
    /// Bytes that leave the memory: pointer and a length of 100.
    FarText,
    /// Bytes: pointer alone.
    At(&'a [u8]),
    /// Two pieces for a vectored write: pointer and count.
    Pieces(&'a [u8], &'a [u8]),
}
pub(crate) use A::{At, Far, FarText, N, O, Pieces, T};

/// Called for plugin contexts as well, where it does nothing.
const STREAMS_ONLY: &str = "proxy_on_context_create";

const OUTPUTS: u32 = 256;
const TEXTS: u32 = 4096;
const HEAP: u32 = 1 << 20;
const FAR: u32 = 0xffff_ff00;

/// What one call answers: `Ok 4`, `NotFound`, `badf`, a number; or what it shows, for [`Probe::shows`].
type Answers = Vec<(String, String)>;

/// The module under construction.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    version: AbiVersion,
    imports: BTreeSet<&'static str>,
    texts: Vec<u8>,
    bodies: BTreeMap<&'static str, String>,
    results: BTreeMap<&'static str, u32>,
    wanted: BTreeMap<&'static str, Answers>,
    at: &'static str,
    allocator: Allocator,
}

/// What the guest's `malloc` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocator {
    /// It gives memory.
    Honest,
    /// It answers a null pointer.
    Null,
    /// It answers a place whose end leaves the memory.
    Beyond,
    /// It traps.
    Traps,
    /// It gives memory, and logs a line before.
    CallsBack,
}

fn row(name: &str) -> &'static Hostcall {
    HOSTCALLS.iter().chain(WASI).find(|row| row.name == name).unwrap_or_else(|| panic!("no hostcall {name}"))
}

impl Probe {
    /// An empty module of ABI 0.2.1; calls are for `callback` until [`Probe::on`] says otherwise.
    pub(crate) fn on_start(callback: &'static str) -> Self {
        Self {
            version: AbiVersion::V0_2_1,
            imports: BTreeSet::from(["proxy_log"]),
            texts: Vec::new(),
            bodies: BTreeMap::from([(callback, String::new())]),
            results: BTreeMap::new(),
            wanted: BTreeMap::from([(callback, Vec::new())]),
            at: callback,
            allocator: Allocator::Honest,
        }
    }

    /// What follows is for this callback; of `proxy_on_context_create`, for streams only.
    pub(crate) fn on(mut self, callback: &'static str) -> Self {
        self.at = callback;
        self.bodies.entry(callback).or_default();
        self.wanted.entry(callback).or_default();
        self
    }

    /// The callback returns this, not 0 (a start callback: 1).
    pub(crate) fn returns(mut self, value: u32) -> Self {
        self.results.insert(self.at, value);
        self
    }

    /// From here on `malloc` answers a null pointer.
    pub(crate) fn without_memory(self) -> Self {
        self.allocating(Allocator::Null)
    }

    /// From here on `malloc` does this.
    pub(crate) fn allocating(mut self, allocator: Allocator) -> Self {
        self.allocator = allocator;
        self
    }

    fn text(&mut self, bytes: &[u8]) -> u32 {
        let at = TEXTS + self.texts.len() as u32;
        self.texts.extend_from_slice(bytes);
        at
    }

    fn operands(&mut self, args: &[A<'_>]) -> Vec<String> {
        let mut out = Vec::new();
        for arg in args {
            match *arg {
                N(number) => out.push(number.to_string()),
                T(bytes) => out.extend([self.text(bytes).to_string(), bytes.len().to_string()]),
                At(bytes) => out.push(self.text(bytes).to_string()),
                O(index) => out.push((OUTPUTS + 8 * index).to_string()),
                Far => out.push(FAR.to_string()),
                FarText => out.extend([FAR.to_string(), "100".to_owned()]),
                Pieces(one, other) => {
                    let mut entries = Vec::new();
                    for piece in [one, other] {
                        entries.extend(self.text(piece).to_le_bytes());
                        entries.extend((piece.len() as u32).to_le_bytes());
                    }
                    out.extend([self.text(&entries).to_string(), "2".to_owned()]);
                }
            }
        }
        out
    }

    /// Makes a call that has to answer `want`: the name of a status or errno, then what it wrote.
    pub(crate) fn call(mut self, name: &'static str, args: &[A<'_>], want: &str) -> Self {
        let row = row(name);
        let operands = self.operands(args);
        assert_eq!(operands.len(), row.params.len(), "arguments of {name}");
        self.imports.insert(name);
        let operands: Vec<String> = operands
            .iter()
            .zip(row.params)
            .map(|(operand, kind)| format!("({kind}.const {operand})"))
            .collect();
        let call = format!("(call ${name} {})", operands.join(" "));
        let body = self.bodies.get_mut(self.at).expect("a callback");
        let _ =
            if row.results.is_empty() { writeln!(body, "{call}") } else { writeln!(body, "(drop {call})") };
        self.wanted.get_mut(self.at).expect("a callback").push((name.to_owned(), want.to_owned()));
        self
    }

    /// Output number `index` has to hold these bytes.
    pub(crate) fn shows(mut self, index: u32, bytes: &[u8]) -> Self {
        let at = OUTPUTS + 8 * index;
        let body = self.bodies.get_mut(self.at).expect("a callback");
        let _ = writeln!(
            body,
            "(drop (call $proxy_log (i32.const 0) (i32.const {at}) (i32.const {})))",
            bytes.len()
        );
        let want = format!("\"{}\"", bytes.escape_ascii());
        self.wanted.get_mut(self.at).expect("a callback").push(("output".to_owned(), want));
        self
    }

    fn wat(&self) -> String {
        let mut out = String::from("(module\n");
        for name in &self.imports {
            let row = row(name);
            let params: String = row.params.iter().map(|kind| format!(" {kind}")).collect();
            let result = if row.results.is_empty() { "" } else { "(result i32)" };
            let _ = writeln!(
                out,
                "(import \"{}\" \"{name}\" (func ${name} (param{params}) {result}))",
                row.module
            );
        }
        let escape = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
        let _ = writeln!(out, "(memory (export \"memory\") 32)\n(global $top (mut i32) (i32.const {HEAP}))");
        let _ = writeln!(out, "(data (i32.const {OUTPUTS}) \"{}\")", escape(&[0xaa; 1024]));
        let _ = writeln!(out, "(data (i32.const {TEXTS}) \"{}\")", escape(&self.texts));
        let _ = writeln!(out, "(func (export \"{}\"))", self.version.marker());
        let honest = "(i32.sub (global.get $top) (local.get 0))";
        let allocated = match self.allocator {
            Allocator::Honest => honest.to_owned(),
            Allocator::Null => "(i32.const 0)".to_owned(),
            Allocator::Beyond => "(i32.const 0x1fffff)".to_owned(),
            Allocator::Traps => "(unreachable)".to_owned(),
            Allocator::CallsBack => {
                format!("(drop (call $proxy_log (i32.const 2) (i32.const {OUTPUTS}) (i32.const 1))) {honest}")
            }
        };
        let _ = writeln!(
            out,
            "(func (export \"malloc\") (param i32) (result i32)
               (global.set $top (i32.add (global.get $top) (local.get 0))) {allocated})"
        );
        for (callback, body) in &self.bodies {
            let row = CALLBACKS
                .iter()
                .find(|row| row.name == *callback && row.versions.contains(self.version))
                .unwrap_or_else(|| panic!("no callback {callback}"));
            let params: String = row.params.iter().map(|kind| format!(" {kind}")).collect();
            let starts = ["proxy_on_vm_start", "proxy_on_configure", "proxy_on_done"].contains(callback);
            let value = self.results.get(callback).copied().unwrap_or(u32::from(starts));
            let result = if row.results.is_empty() { String::new() } else { format!("(i32.const {value})") };
            let typed = if row.results.is_empty() { "" } else { "(result i32)" };
            let body = match *callback {
                STREAMS_ONLY => format!("(if (local.get 1) (then {body}))"),
                _ => body.clone(),
            };
            let _ = writeln!(out, "(func (export \"{callback}\") (param{params}) {typed}\n{body}{result})");
        }
        out + ")"
    }

    /// The plugin, under this name.
    pub(crate) fn plugin(&self, name: &str) -> Plugin {
        let wat = self.wat();
        Plugin::from_bytes(name, wat.as_bytes(), &LoadOptions::default())
            .unwrap_or_else(|error| panic!("{error}\n{wat}"))
    }

    /// Starts a host with this plugin alone, has `drive` use it, and checks every answer.
    #[track_caller]
    pub(crate) fn run(&self, build: impl FnOnce(Setup) -> Builder, drive: impl FnOnce(&mut Host)) -> Host {
        let mut host = build(self.plugin("probe").into()).build().expect("a probe starts");
        drive(&mut host);
        self.check(&host, "probe");
        host
    }

    /// Starts a host with this plugin alone and checks every answer.
    #[track_caller]
    pub(crate) fn start(&self) -> Host {
        self.run(alone, |_| {})
    }

    /// Whether the plugin of this name got the answers that this probe wants, in every run of each callback.
    #[track_caller]
    pub(crate) fn check(&self, host: &Host, plugin: &str) {
        let runs = runs(host);
        for (callback, wanted) in &self.wanted {
            let mut ran = false;
            for (_, _, answers) in runs.iter().filter(|(name, run, _)| name == plugin && run == callback) {
                if *callback == STREAMS_ONLY && answers.is_empty() {
                    continue;
                }
                ran = true;
                for (at, (got, want)) in answers.iter().zip(wanted).enumerate() {
                    assert_eq!(got, want, "call #{at} of {callback}:\n{}", host.transcript().abi());
                }
                assert_eq!(answers.len(), wanted.len(), "calls of {callback}:\n{}", host.transcript().abi());
            }
            assert!(ran, "{callback} did not run:\n{}", host.transcript().abi());
        }
    }
}

/// A host with this plugin alone.
pub(crate) fn alone(setup: Setup) -> Builder {
    Host::builder().plugin(setup)
}

/// Plugin, callback and answers of every callback that ran, allocators left out.
pub(crate) fn runs(host: &Host) -> Vec<(String, &'static str, Answers)> {
    let transcript = host.transcript();
    let (mut done, mut open): (Vec<_>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut calls: Vec<(&'static Hostcall, Vec<String>)> = Vec::new();
    for event in transcript.events() {
        match event.kind {
            Kind::Callback { vm, callback, .. } => {
                open.push(done.len());
                done.push((transcript.vm_name(vm).to_owned(), callback.name(), Vec::new()));
            }
            Kind::Returned { .. } | Kind::Trap { .. } => {
                open.pop();
            }
            Kind::Hostcall { row, args, .. } => {
                calls.push((row, Args(transcript.bytes(args)).map(shown).collect()));
            }
            Kind::Answered { status, errno, results } => {
                let (row, args) = calls.pop().expect("a call");
                let mut answer: Vec<String> = status.map(|status| status.to_string()).into_iter().collect();
                answer.extend(errno.map(|errno| errno.name().to_owned()));
                answer.extend(Args(transcript.bytes(results)).map(shown));
                let run = &mut done[*open.last().expect("inside a callback")].2;
                if row.name == "proxy_log" && args[0] == "0" {
                    run.push(("output".to_owned(), args[1].clone()));
                } else {
                    run.push((row.name.to_owned(), answer.join(" ")));
                }
            }
            _ => {}
        }
    }
    done
}

fn shown(arg: Arg<'_>) -> String {
    match arg {
        Arg::Number(number) => number.to_string(),
        Arg::Signed(number) => number.to_string(),
        Arg::Bytes(bytes) | Arg::Pairs(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Arg::OutOfBounds(len) => format!("<{len} out of bounds>"),
    }
}
