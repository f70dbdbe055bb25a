//! From a description to a host: modules, kinds of VMs, and the start that `proxy` makes with them.

use std::sync::Arc;

use super::Host;
use super::builder::{Builder, Setup, Upstream};
use super::error::{HostError, Refusal};
use super::image::HostImage;
use crate::proxy::{ChainPlugin, PluginKey, Proxy, Refused, Script, Slot, Tester, VmKind};
use crate::sections;
use crate::state::{Clock, PropertyValue};
use crate::vm::{MemoryCap, Recipe, Vms};

/// What came of a start.
#[derive(Debug)]
pub enum Started {
    /// Every plugin is configured.
    Running(Box<Host>),
    /// One refused. The host is there to be looked at.
    Refused(Box<Host>, Refusal),
}

/// Starts what `builder` describes, and lets the host's own seed take over.
pub(super) fn start(builder: &Arc<Builder>, seed: u64) -> Result<Started, HostError> {
    let mut started = configured(builder)?;
    if let Started::Running(host) = &mut started {
        if builder.by_image
            && let Ok(Some(image)) = HostImage::of(host, true)
        {
            host.judged();
            **host = image.host(seed)?;
        } else {
            host.begin(seed);
        }
    }
    Ok(started)
}

/// As [`start`], where a refusal is an error.
pub(super) fn running(builder: &Arc<Builder>, seed: u64) -> Result<Host, HostError> {
    match start(builder, seed)? {
        Started::Running(host) => Ok(*host),
        Started::Refused(mut host, refusal) => {
            host.judged();
            Err(HostError::Refused { refusal: Box::new(refusal), log: host.transcript().log() })
        }
    }
}

/// Starts what `builder` describes, to the end of the last `proxy_on_configure`. Nothing of this depends on a seed.
pub(super) fn configured(builder: &Arc<Builder>) -> Result<Started, HostError> {
    let clock = Clock::new(builder.realtime);
    let mut proxy = Box::new(Proxy::new(builder.options.clone(), clock, builder.detail));
    proxy.upstream = match &builder.upstream {
        Upstream::Every(answer) => Script::Every(answer.clone()),
        Upstream::Each(answers) => Script::Each(answers.iter().cloned().collect()),
    };
    for (path, value) in &builder.properties {
        proxy.properties.give(path.iter().map(String::as_bytes), PropertyValue::Bytes(value.clone()));
    }
    proxy.calls.clusters.clone_from(&builder.clusters);
    proxy.tester =
        builder.tester.clone().map(|properties| Box::new(Tester { properties, ..Tester::default() }));
    proxy.own_functions.clone_from(&builder.foreign_functions);
    proxy.dns.clone_from(&builder.dns);
    proxy.workers = builder.workers;
    let mut recipes = Vec::with_capacity(builder.chain.len());
    for (index, setup) in builder.chain.iter().enumerate() {
        let name = name(setup);
        if proxy.plugins.iter().any(|plugin| plugin.name == name) {
            return Err(HostError::DuplicateName(name));
        }
        recipes.push(Recipe {
            program: setup.plugin.program(sections::link)?,
            entry: setup.plugin.entry_point(),
        });
        let kind = proxy.vm_kind(setup.vm_kind(index));
        proxy.plugins.push(ChainPlugin {
            key: Arc::new(PluginKey {
                name: setup.plugin_name.clone().unwrap_or_else(|| name.clone()),
                root_id: setup.root_id.clone(),
                configuration: setup.config.clone(),
            }),
            name,
            logged_as: None,
            fail_open: setup.fail_open,
            policy: setup.policy,
            allow_on_headers_stop_iteration: setup
                .allow_on_headers_stop_iteration
                .unwrap_or(builder.options.allow_on_headers_stop_iteration),
            reload_backoff: setup.reload_backoff,
            kind,
        });
    }
    proxy.record_step(&"start");

    let mut host = Box::new(Host::new(proxy, builder, recipes.into()));
    match host.drive().start(builder.workers) {
        Ok(()) => Ok(Started::Running(host)),
        Err(refused) => {
            let refusal = host.refusal(refused);
            Ok(Started::Refused(host, refusal))
        }
    }
}

impl Host {
    /// A host of `proxy`, which has its VMs still to come.
    pub(super) fn new(proxy: Box<Proxy>, builder: &Arc<Builder>, recipes: Arc<[Recipe]>) -> Self {
        Self {
            slot: Slot::new(proxy),
            vms: Vms::new(recipes, sections::link, builder.allowance(MemoryCap::new(builder.max_memory))),
            patience: builder.patience,
            workers: builder.workers,
            next_worker: 0,
            stalls: Vec::new(),
            allowed: Vec::new(),
            judged: false,
            imaged: false,
            acts: Vec::new(),
            setup: Arc::clone(builder),
            seed: builder.seed,
        }
    }

    /// Every plugin is configured: the host's own seed takes over, and what is due already runs.
    pub(super) fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.slot.seed(seed);
        self.drive().settle();
    }

    /// Why a plugin did not start, with its trap.
    pub(super) fn refusal(&mut self, refused: Refused) -> Refusal {
        let Refused { plugin, callback, trapped, envoy } = refused;
        let trap = self.vms.last_trap.take().filter(|_| trapped);
        Refusal { plugin, callback, trap, envoy }
    }
}

fn name(setup: &Setup) -> String {
    setup.name.clone().unwrap_or_else(|| setup.plugin.name().to_owned())
}

impl Setup {
    /// What VMs of this plugin, at place `module` of the chain, are made from.
    pub(super) fn vm_kind(&self, module: usize) -> VmKind {
        VmKind {
            vm_id: self.vm_id.clone(),
            configuration: self.vm_config.clone(),
            environment: self.env.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            capabilities: self.capabilities.clone(),
            sha256: *self.plugin.sha256(),
            abi: self.plugin.abi_version(),
            module,
            based: false,
            spoilt: false,
            taken: Vec::new(),
        }
    }
}
