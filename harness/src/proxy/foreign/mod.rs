//! Foreign functions: those that Envoy registers, and those that a test brings.
//!
//! In reading order: `zlib`, `declare` (types of properties), `filter_state`, `expressions` (CEL, feature `cel`),
//! `signatures` (feature `signatures`). Here: who answers a name. A test's own function comes before one of Envoy's.
//! Serves: Proxy-Wasm ABI v0.2.1, "Foreign function interface"; names, arguments, results and statuses are those of Envoy
//! 1.40, observed.

mod declare;
#[cfg(feature = "cel")]
pub(crate) mod expressions;
mod filter_state;
#[cfg(feature = "signatures")]
mod signatures;
mod zlib;

#[cfg(feature = "cel")]
pub(crate) use expressions::Shown;

use std::fmt;
use std::sync::Arc;

use super::Proxy;
#[cfg(feature = "cel")]
use super::context::PluginContext;
use super::ids::VmIndex;
use super::transcript::Fault;
use crate::abi::{ForeignFunction, Status, foreign_function};

/// What a foreign function answers: a result, no result, or a status that is not OK.
pub(crate) type Answer = Result<Option<Vec<u8>>, Status>;

/// What a test brings: a function of the arguments.
type Function = dyn Fn(&[u8]) -> Result<Vec<u8>, Status> + Send + Sync;

/// A foreign function that a test brings.
#[derive(Clone)]
pub(crate) struct Own(pub(crate) Arc<Function>);

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

impl Proxy {
    /// Calls the function of this name; nothing when there is none.
    pub(crate) fn call_foreign(&mut self, vm: VmIndex, name: &[u8], arguments: &[u8]) -> Option<Answer> {
        let own = std::str::from_utf8(name).ok().and_then(|name| self.own_functions.get(name));
        if let Some(Own(function)) = own {
            return Some(function(arguments).map(Some));
        }
        let row = foreign_function(name)?;
        Some(match row.name {
            "compress" => Ok(Some(zlib::compress(arguments))),
            "uncompress" => zlib::uncompress(arguments).map(Some).ok_or(Status::SerializationFailure),
            "declare_property" => self.declare_property(vm, arguments).map(|()| None),
            "set_envoy_filter_state" => self.set_envoy_filter_state(vm, arguments).map(|()| None),
            // There is one route, and nothing to choose anew.
            "clear_route_cache" => Ok(None),
            _ => self.call_optional(vm, row, arguments),
        })
    }

    /// Calls one of those that come with a feature.
    #[cfg_attr(
        not(any(feature = "cel", feature = "signatures")),
        expect(unused_variables, reason = "of the features")
    )]
    fn call_optional(&mut self, vm: VmIndex, row: &'static ForeignFunction, arguments: &[u8]) -> Answer {
        match row.name {
            #[cfg(feature = "cel")]
            "expr_create" => self.create_expression(vm, arguments).map(Some),
            #[cfg(feature = "cel")]
            "expr_evaluate" => self.evaluate_expression(vm, arguments).map(Some),
            #[cfg(feature = "cel")]
            "expr_delete" => self.delete_expression(vm, arguments).map(|()| None),
            #[cfg(feature = "signatures")]
            "verify_signature" => self.verify_signature(vm, arguments).map(Some),
            #[cfg(feature = "signatures")]
            "sign" => self.sign(vm, arguments).map(Some),
            _ => self.left_out(vm, row),
        }
    }

    /// This build has not the feature of a function: the scenario ends with a finding.
    fn left_out(&mut self, vm: VmIndex, row: &'static ForeignFunction) -> Answer {
        self.fault(vm, not_built(row));
        Err(Status::Unimplemented)
    }

    /// The plugin context whose plugin the effective context belongs to.
    #[cfg(feature = "cel")]
    fn plugin_context_mut(&mut self, vm: VmIndex) -> Option<&mut PluginContext> {
        let context = self.effective_plugin_context(vm)?;
        self.vm_mut(vm).plugins.iter_mut().find(|plugin| plugin.id == context)
    }
}

/// This build leaves the function out: nothing that a plugin does from here on would tell what Envoy does.
fn not_built(row: &'static ForeignFunction) -> Fault {
    let what = match row.feature {
        Some("cel") => {
            "Envoy has this function and this build of the host does not: build proxy-wasm-harness with its feature `cel`, \
             or proxy-wasm-suites with `foreign`"
        }
        _ => {
            "Envoy has this function and this build of the host does not: build proxy-wasm-harness with its feature \
             `signatures`, or proxy-wasm-suites with `foreign`"
        }
    };
    Fault { id: "host/missing-feature", call: row.name, what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{AbiVersion, FOREIGN_FUNCTIONS};
    use crate::proxy::transcript::Detail;
    use crate::proxy::{Options, VmState};
    use crate::state::{Clock, Entropy};

    /// With the feature, what a build without it would do; without it, what it does.
    #[test]
    fn a_function_that_the_build_leaves_out_ends_the_scenario_and_names_the_feature() {
        let rows = FOREIGN_FUNCTIONS.iter().filter_map(|row| Some((row, row.feature?)));
        for (row, feature) in rows {
            let mut proxy = Proxy::new(Options::default(), Clock::default(), Detail::Off);
            proxy.vms.push(VmState::new(AbiVersion::V0_2_1, Entropy::new(0, "test")));
            let built = match feature {
                "cel" => cfg!(feature = "cel"),
                "signatures" => cfg!(feature = "signatures"),
                other => panic!("no feature is called {other}"),
            };
            let answer = match built {
                true => Some(proxy.left_out(VmIndex(0), row)),
                false => proxy.call_foreign(VmIndex(0), row.name.as_bytes(), b""),
            };
            assert_eq!(answer, Some(Err(Status::Unimplemented)), "{}", row.name);
            let [finding] = &proxy.findings[..] else { panic!("{:?}", proxy.findings) };
            assert_eq!(finding.id, "host/missing-feature");
            assert!(finding.message.starts_with(row.name), "{}", finding.message);
            assert!(finding.message.contains(&format!("its feature `{feature}`")), "{}", finding.message);
            assert!(proxy.halted, "{}", row.name);
        }
    }
}
