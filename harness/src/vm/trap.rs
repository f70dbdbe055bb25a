//! A trap: why a call into the guest did not return, in words that are the same on every machine.
//!
//! Turns wasmtime's errors into [`Trap`]. The message is what V8 in Envoy prints, because that is what users search
//! their logs for. The backtrace is shown beside a transcript, never in it, and takes no part in comparisons: how deep
//! a native stack is differs between machines. Refuses to hold what a trap means for streams; that is the proxy's.

use std::fmt;

use wasmtime::WasmBacktrace;

/// What ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrapKind {
    /// The `unreachable` instruction: a panic or an abort, in most languages.
    Unreachable,
    /// A load or store outside of linear memory.
    OutOfBounds,
    /// An indirect call or a table access that leads nowhere or to a function of another type.
    Table,
    /// Division by zero, or a number that does not fit its type.
    Arithmetic,
    /// Recursion without end.
    StackOverflow,
    /// The call took longer than the hang timeout.
    Hang,
    /// The call used up its fuel.
    OutOfFuel,
    /// A host function that may not be called while the module starts.
    Restricted(&'static str),
    /// Something else that wasm can do wrong.
    Other,
    /// Not the guest's doing: a host function gave an error that is no trap.
    Host,
}

/// Why a call into the guest did not return.
#[derive(Clone, Debug)]
pub struct Trap {
    /// What ended the call, for code.
    pub kind: TrapKind,
    /// What ended the call, in the words that Envoy prints after `Uncaught RuntimeError: `. Depends on the module
    /// and its input only.
    pub message: String,
    /// The guest's functions, innermost first. Not part of a transcript.
    pub backtrace: Vec<Frame>,
}

/// A trap is the same as another when kind and message are; backtraces do not count.
impl PartialEq for Trap {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.message == other.message
    }
}

impl Eq for Trap {}

/// A function of the guest that was running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its name, demangled, or `<wasm function 7>` when the module has no name section.
    pub function: String,
    /// Offset in the module's bytes.
    pub offset: Option<usize>,
    /// Source file and line, when the module carries debug information: `src/lib.rs:42:5`.
    pub source: Option<String>,
}

/// A call of a host function that may not be called while `_initialize`, `main` or `_start` run. Raised by the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("restricted_callback")]
pub struct RestrictedCall {
    /// The name of the host function.
    pub hostcall: &'static str,
}

impl Trap {
    /// Reads the trap and the backtrace out of the error that a call into the guest gave.
    #[must_use]
    pub fn from_error(error: &wasmtime::Error) -> Self {
        let (kind, message) = if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
            let (kind, message) = words(*trap);
            (kind, message.to_owned())
        } else if let Some(call) = error.downcast_ref::<RestrictedCall>() {
            (TrapKind::Restricted(call.hostcall), call.to_string())
        } else {
            (TrapKind::Host, error.root_cause().to_string())
        };
        let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
        Self { kind, message, backtrace }
    }

    /// What Envoy 1.40 logs after `Function: <name> failed: ` (observed for `unreachable`, recursion and restricted
    /// calls; the others are V8's words).
    #[must_use]
    pub fn envoy(&self) -> String {
        let class = match self.kind {
            TrapKind::StackOverflow => "RangeError",
            TrapKind::Restricted(_) | TrapKind::Host => "Error",
            _ => "RuntimeError",
        };
        format!("Uncaught {class}: {}", self.message)
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Trap {}

/// Kind and words of each trap. Where V8 tells cases apart that wasmtime does not, the commoner case is named.
fn words(trap: wasmtime::Trap) -> (TrapKind, &'static str) {
    use wasmtime::Trap as T;
    match trap {
        T::UnreachableCodeReached => (TrapKind::Unreachable, "unreachable"),
        T::MemoryOutOfBounds => (TrapKind::OutOfBounds, "memory access out of bounds"),
        T::StackOverflow => (TrapKind::StackOverflow, "Maximum call stack size exceeded"),
        T::TableOutOfBounds => (TrapKind::Table, "table index is out of bounds"),
        T::IndirectCallToNull | T::BadSignature => {
            (TrapKind::Table, "null function or function signature mismatch")
        }
        T::NullReference => (TrapKind::Table, "dereferencing a null pointer"),
        T::IntegerDivisionByZero => (TrapKind::Arithmetic, "divide by zero"),
        T::IntegerOverflow => (TrapKind::Arithmetic, "divide result unrepresentable"),
        T::BadConversionToInteger => (TrapKind::Arithmetic, "float unrepresentable in integer range"),
        T::HeapMisaligned => (TrapKind::Other, "operation does not support unaligned accesses"),
        T::AtomicWaitNonSharedMemory => (TrapKind::Other, "Atomics.wait cannot be called in this context"),
        // Envoy has no such limits; these words are ours.
        T::Interrupt => (TrapKind::Hang, "the call did not return within the hang timeout"),
        T::OutOfFuel => (TrapKind::OutOfFuel, "the call used up its fuel"),
        _ => (TrapKind::Other, "trap"),
    }
}

/// The frames of a backtrace, with names taken from its rendering: only there are they demangled.
fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let text = backtrace.to_string();
    let mut names = text.lines().filter_map(function_of_line);
    let frame = |info: &wasmtime::FrameInfo| Frame {
        function: names
            .next()
            .map(|shown| {
                let module = info.module().name().unwrap_or("<unknown>");
                let bare = shown.strip_prefix(module).and_then(|rest| rest.strip_prefix('!'));
                without_hash(bare.unwrap_or(shown)).to_owned()
            })
            .unwrap_or_default(),
        offset: info.module_offset(),
        source: info.symbols().first().and_then(source),
    };
    backtrace.frames().iter().map(frame).collect()
}

/// What stands behind the number and the offset in a line that begins a frame: `   0:   0x2f - module!function`.
fn function_of_line(line: &str) -> Option<&str> {
    let (number, rest) = line.trim_start().split_once(": ")?;
    number.parse::<u32>().ok()?;
    let rest = rest.trim_start();
    let behind_offset = rest.split_once(" - ").filter(|(offset, _)| offset.starts_with("0x"));
    Some(behind_offset.map_or(rest, |(_, function)| function))
}

/// A Rust function's name without the hash that tells crate versions apart: `::h0123456789abcdef`.
fn without_hash(name: &str) -> &str {
    let hash = |end: &str| end.len() == 16 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.rsplit_once("::h").filter(|(_, end)| hash(end)).map_or(name, |(name, _)| name)
}

/// `file:line:column` of a symbol, as far as it is known.
fn source(symbol: &wasmtime::FrameSymbol) -> Option<String> {
    let mut text = symbol.file()?.to_owned();
    for number in [symbol.line(), symbol.line().and(symbol.column())].into_iter().flatten() {
        text.push_str(&format!(":{number}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::engine::{Engine, EngineSettings};
    use wasmtime::{Func, Instance, Module, Store};

    /// The trap of export `run`, with a host function that raises [`RestrictedCall`] as the only import.
    fn trap(body: &str) -> Trap {
        let wat = format!(
            r#"(module $guest (import "env" "host" (func $host)) (memory 1) (table 1 funcref) (type $void (func))
               (func $_ZN5mycrate5inner17h0123456789abcdefE {body}) (func $run (export "run") (call 1)))"#
        );
        let engine =
            Engine::get(EngineSettings { guard: false, ..EngineSettings::default() }).unwrap().wasmtime();
        let module = Module::new(
            engine,
            wat::parse_str(wat.replace("mycrate", "7mycrate").replace("ZN5", "ZN")).unwrap(),
        );
        let mut store = Store::new(engine, ());
        let host = Func::wrap(&mut store, || -> wasmtime::Result<()> {
            Err(RestrictedCall { hostcall: "proxy_done" }.into())
        });
        let instance = Instance::new(&mut store, &module.unwrap(), &[host.into()]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        Trap::from_error(&run.call(&mut store, ()).unwrap_err())
    }

    #[test]
    fn each_trap_has_envoys_words() {
        for (body, kind, words) in [
            ("unreachable", TrapKind::Unreachable, "Uncaught RuntimeError: unreachable"),
            (
                "(drop (i32.load (i32.const -4)))",
                TrapKind::OutOfBounds,
                "Uncaught RuntimeError: memory access out of bounds",
            ),
            ("(call 1)", TrapKind::StackOverflow, "Uncaught RangeError: Maximum call stack size exceeded"),
            (
                "(call_indirect (type $void) (i32.const 9))",
                TrapKind::Table,
                "Uncaught RuntimeError: table index is out of bounds",
            ),
            (
                "(call_indirect (type $void) (i32.const 0))",
                TrapKind::Table,
                "Uncaught RuntimeError: null function or function signature mismatch",
            ),
            (
                "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
                TrapKind::Arithmetic,
                "Uncaught RuntimeError: divide by zero",
            ),
            ("(call $host)", TrapKind::Restricted("proxy_done"), "Uncaught Error: restricted_callback"),
        ] {
            let trap = trap(body);
            assert_eq!((trap.kind, trap.envoy().as_str()), (kind, words));
        }
    }

    #[test]
    fn backtraces_name_functions_demangled() {
        let trap = trap("unreachable");
        let names: Vec<_> = trap.backtrace.iter().map(|frame| frame.function.as_str()).collect();
        assert_eq!(names, ["mycrate::inner", "run"]);
        assert!(trap.backtrace[0].offset > Some(8));
    }
}
