//! What stands in a plugin's place when Istio's agent cannot fetch its module: a filter that refuses everything.
//!
//! The agent puts Envoy's RBAC filter with no rule there; here a module does the same by hostcalls: HTTP streams get its
//! 403, connections are closed. Source: Istio 1.32-dev, `pkg/wasm/convert.go`; the answer as Envoy 1.40 gives it.

use crate::scenario::{PluginSource, PluginSpec};

/// Whether a plugin of a resolved chain stands for Envoy's RBAC filter with no rule, which refuses everything: the module
/// of the plugin that the manifests mean cannot be fetched.
#[must_use]
pub fn stands_for_rbac(plugin: &PluginSpec) -> bool {
    matches!(&plugin.source, PluginSource::Bytes(module) if **module == *DENY.as_bytes())
}

/// Refuses every HTTP stream and every connection.
pub(crate) const DENY: &str = r#"(module
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "RBAC: access denied")
  (data (i32.const 48) "rbac_access_denied_matched_policy[none]")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $reply (i32.const 403) (i32.const 48) (i32.const 39) (i32.const 16) (i32.const 19)
      (i32.const 0) (i32.const 0) (i32.const -1)))
    (i32.const 1))
  (func (export "proxy_on_new_connection") (param i32) (result i32)
    (drop (call $close (i32.const 1)))
    (i32.const 1)))
"#;
