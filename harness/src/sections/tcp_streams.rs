//! Proxy-Wasm ABI v0.2.1, "TCP streams": connections that the plugin stands in.
//!
//! Callbacks, all with the connection's own context: `proxy_on_new_connection`, then `proxy_on_downstream_data` and
//! `proxy_on_upstream_data` for each piece; their buffer is open from there until the callback answers Continue.
//! `proxy_on_upstream_connection_close` follows the end of the server's data, `proxy_on_downstream_connection_close` the end
//! of the connection, whoever ends it. Their order is in `proxy::tcp`. The hostcalls are those of "Stream operations"; here
//! is what they do for a connection. Envoy departs from the text (1.40, observed): data from the server that a plugin holds
//! cannot be continued, only the next piece can take it along; closing either way closes the client's connection.

use crate::proxy::Effect;
use crate::vm::gate::Call;

/// Lets what the plugin holds of the client's data go on after the callback. Outside of connections this does nothing.
pub(super) fn go_on(call: &mut Call<'_>) {
    let vm = call.vm();
    let proxy = call.proxy();
    if let Some((connection, filter)) = proxy.effective_connection(vm) {
        proxy.vm_mut(vm).effects.push_back(Effect::ContinueConnection { connection, filter });
    }
}

/// Closes the client's connection after the callback. Outside of connections this does nothing.
pub(super) fn close(call: &mut Call<'_>) {
    let vm = call.vm();
    let proxy = call.proxy();
    if let Some((connection, _)) = proxy.effective_connection(vm) {
        proxy.vm_mut(vm).effects.push_back(Effect::CloseConnection { connection });
    }
}
