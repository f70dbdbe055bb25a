//! The cheapest host functions that are right for the workloads.

use proxy_wasm_harness::host::Host;
use wasmtime::{Caller, Linker, Module, Result, Val};

use super::Data;
use crate::guests::Workload;

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
/// WASI: no such file.
const BAD_FILE: i32 = 8;

type Call<'a> = Caller<'a, Data>;

/// Guest memory beside the data.
fn split<'a>(caller: &'a mut Call<'_>) -> (&'a mut [u8], &'a mut Data) {
    let memory = caller.data().memory.expect("the guest has a memory");
    memory.data_and_store_mut(caller)
}

fn put(caller: &mut Call<'_>, at: u32, number: u32) {
    let (memory, _) = split(caller);
    memory[at as usize..][..4].copy_from_slice(&number.to_le_bytes());
}

/// Hands over `len` bytes that `fill` writes.
fn give(
    caller: &mut Call<'_>,
    ptr: u32,
    size: u32,
    len: usize,
    fill: impl FnOnce(&Data, &mut [u8]),
) -> Result<u32> {
    let allocate = caller.data_mut().allocate.take().expect("the guest has an allocator");
    let at = allocate.call(&mut *caller, len as u32)?;
    caller.data_mut().allocate = Some(allocate);
    let (memory, data) = split(caller);
    fill(data, &mut memory[at as usize..][..len]);
    put(caller, ptr, at);
    put(caller, size, len as u32);
    Ok(OK)
}

/// Links what the workloads call; everything else does nothing.
pub(super) fn link(linker: &mut Linker<Data>, module: &Module) -> Result<()> {
    linker.func_wrap("env", "proxy_log", |mut caller: Call<'_>, _: u32, ptr: u32, len: u32| {
        let (memory, data) = split(&mut caller);
        data.logged += memory[ptr as usize..][..len as usize].len();
        OK
    })?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_pairs",
        |mut caller: Call<'_>, map: u32, ptr: u32, size: u32| {
            let map = map as usize / 2;
            let len = caller.data().maps[map].len();
            give(&mut caller, ptr, size, len, |data, to| to.copy_from_slice(&data.maps[map]))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_value",
        |mut caller: Call<'_>, map: u32, key: u32, key_len: u32, ptr: u32, size: u32| {
            let (memory, data) = split(&mut caller);
            let key = &memory[key as usize..][..key_len as usize];
            let Some(place) = data.fields[map as usize / 2].iter().position(|(name, _)| name == key) else {
                return Ok(NOT_FOUND);
            };
            let len = data.fields[map as usize / 2][place].1.len();
            give(&mut caller, ptr, size, len, |data, to| {
                to.copy_from_slice(&data.fields[map as usize / 2][place].1);
            })
        },
    )?;
    for name in ["proxy_add_header_map_value", "proxy_replace_header_map_value"] {
        linker.func_wrap(
            "env",
            name,
            |mut caller: Call<'_>, _: u32, key: u32, key_len: u32, value: u32, value_len: u32| {
                let (memory, _) = split(&mut caller);
                std::hint::black_box((
                    &memory[key as usize..][..key_len as usize],
                    &memory[value as usize..][..value_len as usize],
                ));
                OK
            },
        )?;
    }
    linker.func_wrap(
        "env",
        "proxy_get_buffer_bytes",
        |mut caller: Call<'_>, buffer: u32, start: u32, max: u32, ptr: u32, size: u32| {
            let of = |data: &Data| if buffer == 1 { data.body.len() } else { data.config.len() };
            let start = start as usize;
            let len = (max as usize).min(of(caller.data()) - start);
            give(&mut caller, ptr, size, len, |data, to| {
                let bytes = if buffer == 1 { &data.body } else { &data.config };
                to.copy_from_slice(&bytes[start..][..len]);
            })
        },
    )?;
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", |mut caller: Call<'_>, ptr: u32| {
        let (memory, data) = split(&mut caller);
        memory[ptr as usize..][..8].copy_from_slice(&data.now.to_le_bytes());
        OK
    })?;
    link_wasi(linker)?;
    link_the_rest(linker, module)
}

fn link_wasi(linker: &mut Linker<Data>) -> Result<()> {
    const WASI: &str = "wasi_snapshot_preview1";
    linker.func_wrap(WASI, "clock_time_get", |mut caller: Call<'_>, _: u32, _: u64, ptr: u32| {
        let (memory, data) = split(&mut caller);
        memory[ptr as usize..][..8].copy_from_slice(&data.now.to_le_bytes());
        OK
    })?;
    linker.func_wrap(WASI, "random_get", |mut caller: Call<'_>, ptr: u32, len: u32| {
        let (memory, _) = split(&mut caller);
        memory[ptr as usize..][..len as usize].fill(7);
        OK
    })?;
    for name in ["environ_sizes_get", "args_sizes_get"] {
        linker.func_wrap(WASI, name, |mut caller: Call<'_>, count: u32, size: u32| {
            put(&mut caller, count, 0);
            put(&mut caller, size, 0);
            OK
        })?;
    }
    Ok(())
}

fn link_the_rest(linker: &mut Linker<Data>, module: &Module) -> Result<()> {
    linker.allow_shadowing(false);
    for import in module.imports() {
        if let wasmtime::ExternType::Func(kind) = import.ty() {
            // Nothing is open: without this a runtime looks for its directories for ever.
            let answer = if import.name().starts_with("fd_") { BAD_FILE } else { 0 };
            // An error says that it is linked above.
            let _ = linker.func_new(import.module(), import.name(), kind, move |_, _, results| {
                results.fill(Val::I32(answer));
                Ok(())
            });
        }
    }
    Ok(())
}

/// What the harness shows the plugin of the workload's exchange.
pub(super) fn fields(workload: &Workload) -> [Vec<(Vec<u8>, Vec<u8>)>; 2] {
    // What the proxy adds behind the chain.
    let behind = [&b"date"[..], b"server", b"x-envoy-expected-rq-timeout-ms"];
    let owned = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
    let exchange =
        Host::builder().upstream(workload.answer()).build().expect("it starts").send(workload.request());
    let sent = exchange.upstream_request().expect("the request is sent on");
    let mut request = vec![
        owned(b":authority", sent.authority().as_bytes()),
        owned(b":path", sent.path().as_bytes()),
        owned(b":method", sent.method().as_bytes()),
        owned(b":scheme", b"http"),
    ];
    let seen = |name: &[u8]| !behind.contains(&name);
    request.extend(sent.headers().filter(|field| seen(field.0)).map(|field| owned(field.0, field.1)));
    let mut response = vec![owned(b":status", b"200")];
    let received = exchange.response();
    response.extend(received.headers().filter(|field| seen(field.0)).map(|field| owned(field.0, field.1)));
    [request, response]
}

/// Pairs as the ABI serializes them.
pub(super) fn serialize(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = (fields.len() as u32).to_le_bytes().to_vec();
    for (name, value) in fields {
        out.extend_from_slice(&(name.len() as u32).to_le_bytes());
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for (name, value) in fields {
        for text in [name, value] {
            out.extend_from_slice(text);
            out.push(0);
        }
    }
    out
}
