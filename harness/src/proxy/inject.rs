//! Faults that a script injects: from some call on, a hostcall answers a status and does nothing.

use super::ids::VmIndex;
use super::{PluginIndex, Proxy};
use crate::abi::{Hostcall, Status};

/// A hostcall that is made to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Name of the hostcall.
    pub hostcall: String,
    /// What it answers.
    pub status: Status,
    /// Only for calls of this plugin's VM.
    pub plugin: Option<PluginIndex>,
    /// Calls to let through first.
    pub skip: u32,
    /// Calls to fail then.
    pub count: u32,
}

impl Proxy {
    /// The status that this call is made to answer, if it is.
    #[inline]
    pub(crate) fn injected(&mut self, vm: VmIndex, row: &Hostcall) -> Option<Status> {
        if self.injects() { self.injected_slowly(vm, row) } else { None }
    }

    /// Whether some call may be made to answer something.
    #[inline]
    pub(crate) fn injects(&self) -> bool {
        !self.injections.is_empty() || self.tester.is_some()
    }

    fn injected_slowly(&mut self, vm: VmIndex, row: &Hostcall) -> Option<Status> {
        if let Some(status) = self.tester.as_ref().and_then(|tester| tester.refuses(row.name)) {
            return Some(status);
        }
        let at = self.injections.iter().position(|injection| {
            injection.hostcall == row.name
                && injection.count > 0
                && injection.plugin.is_none_or(|plugin| self.runs_in(plugin, vm))
        })?;
        let injection = &mut self.injections[at];
        if injection.skip > 0 {
            injection.skip -= 1;
            return None;
        }
        injection.count -= 1;
        Some(injection.status)
    }
}
