//! Configuration pushes while the host runs.

use std::collections::BTreeMap;

use super::{Act, Config, Host, Refusal};
use crate::proxy::{PluginIndex, VmKind};

/// The VM that a plugin is moved to: see [`Host::reconfigure_vm`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmSetup {
    /// Its `vm_id`; default: empty.
    pub id: String,
    /// Its configuration; default: zero bytes.
    pub config: Vec<u8>,
    /// Its environment variables; default: none.
    pub env: BTreeMap<String, String>,
}

impl Host {
    /// Gives a plugin a new configuration, as a push to a running proxy does (Envoy 1.40, observed with extension
    /// configuration discovery, by which Istio sends plugins).
    ///
    /// Each worker makes a new plugin context in the VM that runs already, and new streams use it at once. The old context
    /// keeps its timer and its calls until the last stream that uses it has ended; then it is done and deleted. The
    /// configuration that the plugin has already changes nothing.
    ///
    /// # Errors
    ///
    /// When the plugin refuses the configuration or traps with it: the old one stays, and streams notice nothing. Envoy
    /// finds that out in a VM that it makes for that; what happened there is in the transcript, under the VM's name with
    /// `@canary`.
    ///
    /// # Panics
    ///
    /// When no plugin of the chain has that name.
    pub fn reconfigure(&mut self, plugin: &str, config: impl Into<Config>) -> Result<(), Box<Refusal>> {
        self.push(plugin, config.into().0, None)
    }

    /// As [`Self::reconfigure`], with another VM: its `vm_id`, configuration and environment. Streams that are open keep the
    /// old one, which goes when the last of them has ended.
    ///
    /// # Errors
    ///
    /// As [`Self::reconfigure`].
    ///
    /// # Panics
    ///
    /// As [`Self::reconfigure`].
    pub fn reconfigure_vm(
        &mut self,
        plugin: &str,
        config: impl Into<Config>,
        vm: VmSetup,
    ) -> Result<(), Box<Refusal>> {
        self.push(plugin, config.into().0, Some(vm))
    }

    pub(crate) fn push(
        &mut self,
        name: &str,
        config: Vec<u8>,
        vm: Option<VmSetup>,
    ) -> Result<(), Box<Refusal>> {
        let plugin = self.plugins().position(|known| known == name);
        let plugin = PluginIndex(plugin.unwrap_or_else(|| panic!("the chain has no plugin {name:?}")));
        let act = Act::Reconfigure { plugin: name.to_owned(), config, vm, refused: false };
        self.slot.record_step(&act);
        let Act::Reconfigure { plugin: name, config, vm, .. } = act else {
            unreachable!("it was made above")
        };
        let kind = match &vm {
            None => self.slot.plugin(plugin).kind,
            Some(vm) => {
                let of = &self.slot.kinds[self.slot.plugin(plugin).kind];
                let kind = VmKind {
                    vm_id: vm.id.clone(),
                    configuration: vm.config.clone(),
                    environment: vm.env.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
                    capabilities: of.capabilities.clone(),
                    sha256: of.sha256,
                    abi: of.abi,
                    module: of.module,
                    based: false,
                    spoilt: false,
                    taken: Vec::new(),
                };
                self.slot.vm_kind(kind)
            }
        };
        let mut drive = self.drive();
        let pushed = drive.push(plugin, config.clone(), kind);
        drive.settle();
        self.acts.push(Act::Reconfigure { plugin: name, config, vm, refused: pushed.is_err() });
        pushed.map_err(|refused| Box::new(self.refusal(refused)))
    }
}
