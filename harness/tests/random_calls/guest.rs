//! The guest: it exports every callback, and each makes the next calls of the list that is the VM's configuration.
//!
//! A list is entries of [`ENTRY`] bytes: which call, and its arguments, each in eight bytes. A callback makes
//! [`AT_ONCE`] calls, then returns what the entry before says in place of a call.

use std::fmt::Write as _;

use proxy_wasm_harness::abi::{AbiVersion, CALLBACKS, HOSTCALLS, Hostcall, ValType, WASI};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

/// Bytes of an entry: the call, the callback's result, twelve arguments.
pub(crate) const ENTRY: usize = 8 * (2 + 12);
/// Calls that one callback makes.
pub(crate) const AT_ONCE: usize = 12;
/// Where the texts begin, the list, what is allocated, and where the memory ends.
pub(crate) const TEXTS: u32 = 1 << 12;
pub(crate) const LIST: u32 = 1 << 16;
const HEAP: u32 = 1 << 20;
pub(crate) const END: u32 = 2 << 20;
/// Which of the texts is the cluster that answers, and which are the headers of a call to it.
pub(crate) const CLUSTER: usize = 0;
pub(crate) const REQUEST: usize = 17;
/// The largest answer of any call: an errno.
const LARGEST: u32 = 76;

/// The calls of a version. What ends a VM's life or its start is not among them.
pub(crate) fn rows(version: AbiVersion) -> Vec<&'static Hostcall> {
    HOSTCALLS.iter().chain(WASI).filter(|row| row.versions.contains(version)).collect()
}

/// Whether the guest makes calls from this callback: not from entry points, where most calls trap, and not from
/// allocators, which calls call.
pub(crate) fn makes_calls(callback: &str) -> bool {
    callback.starts_with("proxy_on_") && callback != "proxy_on_memory_allocate"
        || callback == "envoy_on_resolve_dns"
}

/// Texts that mean something to the host, each with its place.
pub(crate) fn texts() -> Vec<(u32, Vec<u8>)> {
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        proxy_wasm_harness::abi::pairs::serialize(pairs.collect::<Vec<_>>().into_iter())
    };
    let texts = [
        b"authz".to_vec(),
        b"x-key".to_vec(),
        b":path".to_vec(),
        b"request\0headers".to_vec(),
        b"plugin_name".to_vec(),
        b"filter_state\0wasm.p".to_vec(),
        b"p".to_vec(),
        b"compress".to_vec(),
        b"uncompress".to_vec(),
        b"declare_property".to_vec(),
        b"expr_create".to_vec(),
        b"expr_evaluate".to_vec(),
        b"sign".to_vec(),
        b"verify_signature".to_vec(),
        b"set_envoy_filter_state".to_vec(),
        b"request.headers.map(k, k)".to_vec(),
        b"\x0a\x01p\x18\x03".to_vec(),
        pairs(&[(":method", "GET"), (":path", "/"), (":authority", "authz")]),
        pairs(&[("x-key", "value"), ("x-key", "other")]),
        [TEXTS.to_le_bytes(), 5_u32.to_le_bytes()].concat(),
        Vec::new(),
    ];
    let mut at = TEXTS;
    let placed = texts.into_iter().map(|text| {
        let place = at;
        at += (text.len() as u32 + 15) & !15;
        (place, text)
    });
    placed.collect()
}

/// The module.
pub(crate) fn plugin(version: AbiVersion, rows: &[&'static Hostcall]) -> Plugin {
    let mut out = String::from("(module\n");
    for row in rows {
        let params: String = row.params.iter().map(|kind| format!(" {kind}")).collect();
        let result = if row.results.is_empty() { "" } else { "(result i32)" };
        let _ = writeln!(
            out,
            "(import \"{}\" \"{}\" (func ${} (param{params}) {result}))",
            row.module, row.name, row.name
        );
    }
    let _ = writeln!(out, "(memory (export \"memory\") {})", END >> 16);
    for (at, text) in texts() {
        let bytes: String = text.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let _ = writeln!(out, "(data (i32.const {at}) \"{bytes}\")");
    }
    let _ = writeln!(
        out,
        "(global $next (mut i32) (i32.const {LIST})) (global $end (mut i32) (i32.const {LIST}))"
    );
    let _ = writeln!(out, "(func (export \"{}\"))", version.marker());
    // Always the same place; too much is not to be had.
    let _ = writeln!(
        out,
        "(func (export \"malloc\") (param i32) (result i32)
           (select (i32.const {HEAP}) (i32.const 0) (i32.le_u (local.get 0) (i32.const {}))))",
        END - HEAP
    );
    call(&mut out, rows);
    run(&mut out);
    for row in CALLBACKS.iter().filter(|row| row.versions.contains(version) && makes_calls(row.name)) {
        let params: String = row.params.iter().map(|kind| format!(" {kind}")).collect();
        let typed = if row.results.is_empty() { "" } else { "(result i32)" };
        let body = match row.name {
            // The list is taken over before any of its calls is made.
            "proxy_on_vm_start" => "(call $take (local.get 1)) (drop (call $run)) (i32.const 1)".to_owned(),
            "proxy_on_configure" => "(drop (call $run)) (i32.const 1)".to_owned(),
            _ if row.results.is_empty() => "(drop (call $run))".to_owned(),
            _ => "(call $run)".to_owned(),
        };
        let _ = writeln!(out, "(func (export \"{}\") (param{params}) {typed} {body})", row.name);
    }
    out.push(')');
    Plugin::from_bytes("guest", out.as_bytes(), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{error}\n{out}"))
}

/// `$call`: makes the call of the entry at its argument. An answer that is none is a trap.
fn call(out: &mut String, rows: &[&'static Hostcall]) {
    let labels: Vec<String> = (0..rows.len()).map(|index| index.to_string()).collect();
    let _ = writeln!(
        out,
        "(func $call (param $at i32) (local $answer i32)\n{}",
        "(block ".repeat(rows.len() + 1)
    );
    let _ = writeln!(out, "(br_table {} (i32.load (local.get $at))))", labels.join(" "));
    for row in rows {
        let load = |(index, kind): (usize, &ValType)| {
            let offset = 16 + 8 * index;
            format!("({kind}.load offset={offset} (local.get $at))")
        };
        let args: Vec<String> = row.params.iter().enumerate().map(load).collect();
        let call = format!("(call ${} {})", row.name, args.join(" "));
        let call = if row.results.is_empty() { call } else { format!("(local.set $answer {call})") };
        let _ = writeln!(out, "{call} (call $look (local.get $answer)) (return))");
    }
    out.push_str(")\n");
    let _ = writeln!(
        out,
        "(func $look (param i32) (if (i32.gt_u (local.get 0) (i32.const {LARGEST})) (then (unreachable))))"
    );
}

/// `$take`: reads the VM's configuration. `$run`: makes the next calls, and answers what the last entry says.
fn run(out: &mut String) {
    let _ = writeln!(
        out,
        "(func $take (param $size i32)
           (drop (call $proxy_get_buffer_bytes (i32.const 6) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
           (memory.copy (i32.const {LIST}) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
           (global.set $end (i32.add (i32.const {LIST}) (i32.load (i32.const 4)))))
         (func $run (result i32) (local $left i32) (local $at i32) (local $result i32)
           (local.set $left (i32.const {AT_ONCE}))
           (block $done (loop $more
             (br_if $done (i32.eqz (local.get $left)))
             (br_if $done (i32.ge_u (global.get $next) (global.get $end)))
             (local.set $at (global.get $next))
             (global.set $next (i32.add (global.get $next) (i32.const {ENTRY})))
             (local.set $left (i32.sub (local.get $left) (i32.const 1)))
             (local.set $result (i32.load offset=8 (local.get $at)))
             (call $call (local.get $at))
             (br $more)))
           (local.get $result))"
    );
}
