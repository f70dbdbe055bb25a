//! Proxy-Wasm ABI v0.2.1, "Timers": one timer for each plugin context.
//!
//! Callback: `proxy_on_tick`, always with the plugin context, the first one period after the call (Envoy 1.40, observed).

use super::Links;
use crate::abi::Status;
use crate::state::Duration;
use crate::vm::gate::{Call, hostcall};

pub(super) fn link(links: &mut Links) -> wasmtime::Result<()> {
    hostcall!(links, "proxy_set_tick_period_milliseconds", set_tick_period_milliseconds(u32));
    Ok(())
}

/// Sets the period anew, counted from now; zero stops the timer.
fn set_tick_period_milliseconds(call: &mut Call<'_>, period: u32) -> Result<(), Status> {
    let vm = call.vm();
    let proxy = call.proxy();
    // The tester takes a period, and never ticks.
    if proxy.tester.is_some() {
        return Ok(());
    }
    if let Some(context) = proxy.effective_plugin_context(vm) {
        proxy.set_tick_period(vm, context, Duration::from_millis(u64::from(period)));
    }
    Ok(())
}
