//! The ABI, section by section: one file each, hostcalls and what is to be known about its callbacks.
//!
//! `offer_all` is the one list. What the tables of `abi/` name and no section offers yet links as well: it answers
//! UNIMPLEMENTED and is named in the transcript.

mod buffers;
mod clocks;
mod configuration;
mod context_lifecycle;
mod environment_variables;
mod foreign_functions;
mod grpc_calls;
mod http_calls;
mod http_fields;
mod http_streams;
mod integration;
mod logging;
mod metrics;
mod properties;
mod randomness;
mod shared_key_value_store;
mod shared_queues;
mod stream_operations;
mod tcp_streams;
mod tester;
mod timers;
mod wasi;

use std::collections::BTreeSet;

use wasmtime::{FuncType, Linker, Val, ValType as WasmType};

use crate::abi::{
    AbiVersion, HOSTCALLS, Hostcall, Status, ValType, WASI, WASI_MODULES, hostcall_in_any, wasi_function,
};
use crate::vm::{VmData, gate};

/// A linker under construction, for one version of the ABI.
pub(crate) struct Links {
    linker: Linker<VmData>,
    version: AbiVersion,
    offered: BTreeSet<(&'static str, &'static str)>,
}

impl Links {
    /// The linker and the row of `module`.`name`, when this version has it.
    pub(crate) fn offer(
        &mut self,
        module: &'static str,
        name: &'static str,
    ) -> Option<(&mut Linker<VmData>, &'static Hostcall)> {
        let row = if module == "env" { hostcall_in_any(module, name) } else { wasi_function(module, name) };
        let row = row.unwrap_or_else(|| panic!("{module}.{name} is a row of the tables"));
        if !row.versions.contains(self.version) {
            return None;
        }
        self.offered.insert((module, name));
        Some((&mut self.linker, row))
    }
}

/// A linker that offers everything that Envoy offers to a module of this version.
pub(crate) fn link(engine: &wasmtime::Engine, version: AbiVersion) -> wasmtime::Result<Linker<VmData>> {
    let mut links = Links { linker: Linker::new(engine), version, offered: BTreeSet::new() };
    offer_all(&mut links)?;
    link_the_rest(links)
}

/// The one list.
fn offer_all(links: &mut Links) -> wasmtime::Result<()> {
    integration::link(links)?;
    context_lifecycle::link(links)?;
    configuration::link(links)?;
    logging::link(links)?;
    clocks::link(links)?;
    timers::link(links)?;
    randomness::link(links)?;
    environment_variables::link(links)?;
    buffers::link(links)?;
    http_fields::link(links)?;
    stream_operations::link(links)?;
    http_streams::link(links)?;
    http_calls::link(links)?;
    grpc_calls::link(links)?;
    shared_key_value_store::link(links)?;
    shared_queues::link(links)?;
    metrics::link(links)?;
    properties::link(links)?;
    foreign_functions::link(links)?;
    wasi::link(links)?;
    Ok(())
}

/// Links what no section offers.
fn link_the_rest(mut links: Links) -> wasmtime::Result<Linker<VmData>> {
    let rows = HOSTCALLS.iter().map(|row| ("env", row));
    let rows = rows.chain(WASI_MODULES.iter().flat_map(|module| WASI.iter().map(|row| (*module, row))));
    for (module, row) in rows {
        if !row.versions.contains(links.version) || links.offered.contains(&(module, row.name)) {
            continue;
        }
        let kind = |types: &[ValType]| -> Vec<WasmType> {
            types
                .iter()
                .map(|kind| if *kind == ValType::I64 { WasmType::I64 } else { WasmType::I32 })
                .collect()
        };
        let function = FuncType::new(links.linker.engine(), kind(row.params), kind(row.results));
        links.linker.func_new(module, row.name, function, move |caller, _, results| {
            gate::unimplemented(caller, row)?;
            results.fill(Val::I32(Status::Unimplemented.to_abi() as i32));
            Ok(())
        })?;
    }
    Ok(links.linker)
}

/// Whether a section offers this import, for `inspect` and for the completeness check.
#[must_use]
pub fn implemented(module: &str, name: &str, version: AbiVersion) -> bool {
    type Offered = Vec<(AbiVersion, BTreeSet<(&'static str, &'static str)>)>;
    static OFFERED: std::sync::OnceLock<Offered> = std::sync::OnceLock::new();
    let offered = OFFERED.get_or_init(|| {
        AbiVersion::ALL
            .into_iter()
            .map(|version| {
                let engine = wasmtime::Engine::default();
                let mut links = Links { linker: Linker::new(&engine), version, offered: BTreeSet::new() };
                offer_all(&mut links).expect("every section links");
                (version, links.offered)
            })
            .collect()
    });
    offered
        .iter()
        .find(|(known, _)| *known == version)
        .is_some_and(|(_, names)| names.iter().any(|(m, n)| *m == module && *n == name))
}
