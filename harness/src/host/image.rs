//! A start that is kept: the proxy as a value, and an image of each VM.
//!
//! It is taken between the last `proxy_on_configure` and the host's first act, where nothing depends on a seed yet. So
//! hosts that come from it and hosts that were started cannot be told apart: same state, same transcript, and the seed
//! takes over at the same point in both.

use std::sync::Arc;

use super::Host;
use super::builder::Builder;
use super::error::HostError;
use crate::proxy::{Proxy, VmIndex};
use crate::sections;
use crate::vm::{ImageModule, MemoryCap, NoImage, Program, Recipe, Spent, Vm};

/// A start that is kept.
pub(super) struct HostImage {
    proxy: Proxy,
    /// Those that live.
    vms: Vec<Option<(Arc<Program>, MemoryCap)>>,
    recipes: Arc<[Recipe]>,
    spent: Vec<Spent>,
    builder: Arc<Builder>,
}

impl HostImage {
    /// Keeps what `host` is, which is configured and has done nothing yet. With `compile` false only if nothing needs to
    /// be compiled for it: `None` when something does.
    ///
    /// # Errors
    ///
    /// When one of its plugins cannot be imaged.
    pub(super) fn of(host: &mut Host, compile: bool) -> Result<Option<Self>, NoImage> {
        if !host.vms.traps.is_empty() {
            return Err(NoImage::Trapped);
        }
        let mut vms = Vec::with_capacity(host.vms.all.len());
        for (index, vm) in host.vms.all.iter_mut().enumerate() {
            let Some(vm) = vm else {
                vms.push(None);
                continue;
            };
            let place = host.slot.kinds[host.slot.vms[index].kind].module;
            let module = ImageModule::of(&host.setup.chain[place].plugin, vm)?;
            let program = match module.known() {
                Some(program) => program,
                None if compile => module.compile()?,
                None => return Ok(None),
            };
            vms.push(Some((program, vm.cap())));
        }
        Ok(Some(Self {
            proxy: host.slot.clone(),
            vms,
            spent: host.vms.spent.clone(),
            recipes: Arc::clone(&host.vms.recipes),
            builder: Arc::clone(&host.setup),
        }))
    }

    /// A host that was started just so.
    ///
    /// # Errors
    ///
    /// When the machine has no room for another instance.
    pub(super) fn host(&self, seed: u64) -> Result<Host, HostError> {
        let mut host = Host::new(Box::new(self.proxy.clone()), &self.builder, Arc::clone(&self.recipes));
        for (index, vm) in self.vms.iter().enumerate() {
            let Some((program, cap)) = vm else {
                host.vms.all.push(None);
                continue;
            };
            let program = Arc::clone(program);
            let allowance = self.builder.allowance(*cap);
            let vm = Vm::new(program, sections::link, VmIndex(index), allowance, &mut host.slot);
            host.vms.all.push(Some(vm.map_err(|trap| HostError::NoRoom(trap.message))?));
        }
        host.vms.spent.clone_from(&self.spent);
        host.imaged = true;
        host.begin(seed);
        Ok(host)
    }
}
