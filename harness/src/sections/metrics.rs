//! Proxy-Wasm ABI v0.2.1, "Metrics": counters, gauges and histograms. Ids belong to the VM, metrics to the process.
//!
//! Open in every callback of every context. Envoy departs from the text (1.40, observed): recording adds to a counter,
//! and what has no such operation is `BadArgument`, also by the type bits of an id that was never given.

use super::Links;
use crate::abi::{MetricType, Status};
use crate::state::MetricId;
use crate::vm::gate::{Call, hostcall};
use crate::vm::memory::{Bytes, OutU32, OutU64};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_define_metric", define_metric(u32, Bytes, OutU32));
    hostcall!(links, "proxy_increment_metric", increment_metric(u32, i64));
    hostcall!(links, "proxy_record_metric", record_metric(u32, u64));
    hostcall!(links, "proxy_get_metric", get_metric(u32, OutU64));
    Ok(())
}

/// Gives an id for the metric of this type and name: a new one each time, even if its place cannot be written.
///
/// `InvalidMemoryAccess`: the name is judged first; `BadArgument`: no such type.
fn define_metric(call: &mut Call<'_>, kind: u32, name: Bytes, id: OutU32) -> Result<(), Status> {
    let vm = call.vm();
    let (memory, proxy) = call.memory_and_proxy();
    let name = name.get(memory)?;
    let kind = MetricType::from_abi(kind).ok_or(Status::BadArgument)?;
    let defined = proxy.metrics.define(&mut proxy.vms[vm.0].metric_ids, kind, name);
    call.write_u32(id, defined.to_abi())
}

/// Adds to a counter, which only grows, or to a gauge, either way.
///
/// `NotFound`: no such counter or gauge; `BadArgument`: nothing or less for a counter, any other id.
fn increment_metric(call: &mut Call<'_>, id: u32, offset: i64) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    proxy.metrics.increment(&proxy.vms[vm.0].metric_ids, MetricId::from_abi(id), offset)
}

/// Adds to a counter, sets a gauge, notes a value in a histogram.
///
/// `NotFound`: no such metric.
fn record_metric(call: &mut Call<'_>, id: u32, value: u64) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    proxy.metrics.record(&proxy.vms[vm.0].metric_ids, MetricId::from_abi(id), value)
}

/// What a counter or a gauge has come to.
///
/// `NotFound`: no such counter or gauge; `BadArgument`: any other id; `InvalidMemoryAccess`.
fn get_metric(call: &mut Call<'_>, id: u32, out: OutU64) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    let value = proxy.metrics.get(&proxy.vms[vm.0].metric_ids, MetricId::from_abi(id))?;
    call.write_u64(out, value)
}
