//! The start sequence: instances, entry points, contexts, `proxy_on_vm_start`, `proxy_on_configure`.
//!
//! As Envoy 1.40 does it for one worker's VM (observed): per plugin context `proxy_on_context_create`,
//! `proxy_on_vm_start`, `proxy_on_configure`; plugins with the same `vm_id`, module, VM configuration and environment
//! share a VM.

use std::sync::Arc;

use super::Host;
use super::builder::{Builder, Setup, Upstream};
use super::error::{HostError, Refusal};
use super::image::HostImage;
use crate::abi::CallbackId;
use crate::proxy::{
    Called, ChainPlugin, Drive, Invocation, PluginIndex, Proxy, Script, Slot, VmIndex, VmState,
};
use crate::sections;
use crate::state::{Clock, Entropy, PropertyValue};
use crate::vm::{EntryPoint, MemoryCap, Spent, Trap, Vm, Vms};

/// Where guests get randomness from while they start, whatever the seed of the host is: so that what a start leaves
/// behind does not depend on it, and one start can serve hosts of many seeds.
const START_SEED: u64 = 0;

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
    let chain = &builder.chain;
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
    proxy.own_functions.clone_from(&builder.foreign_functions);
    proxy.dns.clone_from(&builder.dns);
    let mut groups: Vec<usize> = Vec::new();
    for (index, setup) in chain.iter().enumerate() {
        let group = groups.iter().position(|first| shares_vm(&chain[*first], setup)).unwrap_or_else(|| {
            groups.push(index);
            groups.len() - 1
        });
        let name = name(setup);
        if proxy.plugins.iter().any(|plugin| plugin.name == name) {
            return Err(HostError::DuplicateName(name));
        }
        proxy.plugins.push(ChainPlugin {
            own_name: setup.plugin_name.clone().unwrap_or_else(|| name.clone()),
            name,
            root_id: setup.root_id.clone(),
            configuration: setup.config.clone(),
            fail_open: setup.fail_open,
            policy: setup.policy,
            allow_on_headers_stop_iteration: setup
                .allow_on_headers_stop_iteration
                .unwrap_or(builder.options.allow_on_headers_stop_iteration),
            group,
        });
    }
    proxy.groups = groups.len();
    let names = vm_names(&proxy, builder.workers, groups.len());
    proxy.transcript.name_vms(names);
    proxy.record_step(&"start");

    let mut host = Box::new(Host::new(proxy, builder));
    for _ in 0..builder.workers {
        for (group, &first) in groups.iter().enumerate() {
            if let Some(refusal) = start_vm(&mut host, group, &chain[first])? {
                return Ok(Started::Refused(host, refusal));
            }
        }
    }
    Ok(Started::Running(host))
}

impl Host {
    /// A host of `proxy`, which has its VMs still to come.
    pub(super) fn new(proxy: Box<Proxy>, builder: &Arc<Builder>) -> Self {
        Self {
            slot: Slot::new(proxy),
            vms: Vms::default(),
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
}

fn name(setup: &Setup) -> String {
    setup.name.clone().unwrap_or_else(|| setup.plugin.name().to_owned())
}

fn shares_vm(one: &Setup, other: &Setup) -> bool {
    one.vm_id == other.vm_id
        && one.plugin.sha256() == other.plugin.sha256()
        && one.vm_config == other.vm_config
        && one.env == other.env
}

/// A VM is named after its plugins, and after its worker where there are several.
fn vm_names(proxy: &Proxy, workers: usize, groups: usize) -> Vec<String> {
    let of_group = |group: usize| {
        let names: Vec<&str> = proxy
            .plugins
            .iter()
            .filter(|plugin| plugin.group == group)
            .map(|plugin| plugin.name.as_str())
            .collect();
        names.join("+")
    };
    (0..workers)
        .flat_map(|worker| (0..groups).map(move |group| (worker, group)))
        .map(
            |(worker, group)| {
                if workers > 1 { format!("{}@{worker}", of_group(group)) } else { of_group(group) }
            },
        )
        .collect()
}

fn start_vm(host: &mut Host, group: usize, setup: &Setup) -> Result<Option<Refusal>, HostError> {
    let index = VmIndex(host.slot.vms.len());
    let builder = Arc::clone(&host.setup);
    let entropy = Entropy::of_vm(START_SEED, "starting guest", index.0);
    let mut state = VmState::new(setup.plugin.abi_version(), entropy);
    state.vm_id.clone_from(&setup.vm_id);
    state.configuration.clone_from(&setup.vm_config);
    state.environment = setup.env.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    host.slot.vms.push(state);

    let name = host.slot.transcript.vm_name(index).to_owned();
    let program = setup.plugin.program(sections::link)?;
    let allowance = builder.allowance(MemoryCap::new(builder.max_memory));
    let mut vm = match Vm::new(program, sections::link, index, allowance, &mut host.slot) {
        Ok(vm) => vm,
        Err(trap) => {
            return Ok(Some(refused(
                name,
                "the start section",
                Some(trap),
                "Failed to create new Wasm instance",
            )));
        }
    };
    let entry: &[CallbackId] = match setup.plugin.entry_point() {
        EntryPoint::Reactor { then: Some(then) } => &[CallbackId::Initialize, then],
        EntryPoint::Reactor { then: None } => &[CallbackId::Initialize],
        EntryPoint::Command => &[CallbackId::Start],
        EntryPoint::None => &[],
    };
    for &callback in entry {
        if let Err(trapped) = vm.start(&mut host.slot, callback) {
            host.vms.all.push(vm);
            let trap = Some(trapped.trap.clone());
            host.vms.traps.push(trapped);
            return Ok(Some(refused(name, callback.name(), trap, "Failed to initialize Wasm code")));
        }
        if let Some(fuel) = vm.used_by_start() {
            host.vms.spent.push(Spent { vm: index, plugin: None, stream: None, callback, fuel });
        }
    }
    host.vms.all.push(vm);
    for plugin in 0..host.slot.plugins.len() {
        if host.slot.plugins[plugin].group == group
            && let Some(refusal) = configure(host, index, PluginIndex(plugin))
        {
            return Ok(Some(refusal));
        }
    }
    Ok(None)
}

/// Creates the plugin's context and configures it.
fn configure(host: &mut Host, vm: VmIndex, plugin: PluginIndex) -> Option<Refusal> {
    let name = host.slot.plugin(plugin).name.clone();
    let context = host.slot.vm_mut(vm).new_plugin_context(plugin);
    let vm_size = host.slot.vm(vm).configuration.len() as u32;
    let size = host.slot.plugin(plugin).configuration.len() as u32;
    let steps = [
        (CallbackId::ContextCreate, [context, 0], true, "Failed to start base Wasm"),
        (CallbackId::VmStart, [context, vm_size], false, "Failed to start base Wasm"),
        (CallbackId::Configure, [context, size], true, "Failed to configure base Wasm plugin"),
    ];
    for (callback, args, configuring, envoy) in steps {
        host.slot.vm_mut(vm).configuring = configuring.then_some(plugin);
        let traps = host.vms.traps.len();
        let mut drive: Drive<'_, Vms> = host.drive();
        let called = drive.call(vm, Invocation::new(callback, &args));
        host.slot.vm_mut(vm).configuring = None;
        let answered = match called {
            Called::Absent => true,
            Called::Number(number) => callback == CallbackId::ContextCreate || number != 0,
            Called::Failed => false,
        };
        if !answered {
            let trap = host.vms.traps.get(traps).map(|trapped| trapped.trap.clone());
            return Some(refused(name, callback.name(), trap, envoy));
        }
    }
    None
}

fn refused(plugin: String, callback: &'static str, trap: Option<Trap>, envoy: &'static str) -> Refusal {
    Refusal { plugin, callback, trap, envoy }
}
