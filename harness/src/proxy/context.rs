//! Contexts: plugin contexts and stream contexts of a VM, in one sequence of numbers (Envoy 1.40, observed).

use std::collections::VecDeque;
use std::sync::Arc;

use super::calls::{CallIds, CallView};
use super::capabilities::Capabilities;
use super::effect::Effect;
#[cfg(feature = "cel")]
use super::foreign::expressions::Expressions;
use super::ids::{PluginIndex, StreamId};
use super::properties::Declaration;
use super::threads::{PluginKey, Thread};
use crate::abi::AbiVersion;
use crate::state::{DeadlineId, Duration, Entropy, MetricIds};

/// What a context number of a VM stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContextRef {
    Plugin(PluginIndex),
    Stream { stream: StreamId, filter: usize },
    Connection { connection: StreamId, filter: usize },
}

impl ContextRef {
    /// The stream or connection that it is in.
    pub(crate) fn stream(self) -> Option<StreamId> {
        match self {
            Self::Plugin(_) => None,
            Self::Stream { stream, .. } | Self::Connection { connection: stream, .. } => Some(stream),
        }
    }
}

/// The proxy's side of one VM.
#[derive(Clone, Debug)]
pub(crate) struct VmState {
    pub(crate) abi: AbiVersion,
    /// What it runs for.
    pub(crate) thread: Thread,
    /// Index of its kind.
    pub(crate) kind: usize,
    /// It has been dropped.
    pub(crate) gone: bool,
    /// It trapped when a plugin context was created in it.
    pub(crate) stillborn: bool,
    pub(crate) vm_id: String,
    pub(crate) configuration: Vec<u8>,
    /// Environment variables, sorted by name.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) capabilities: Capabilities,
    pub(crate) entropy: Entropy,
    pub(crate) metric_ids: MetricIds,
    pub(crate) call_ids: CallIds,
    /// The VM has trapped: no callback of any kind reaches it any more.
    pub(crate) failed: bool,
    /// `_initialize`, `main` or `_start` is running.
    pub(crate) starting: bool,
    /// The plugin context whose `proxy_on_context_create` or `proxy_on_configure` runs: its configuration is readable.
    pub(crate) configuring: Option<u32>,
    /// A local response or close was asked for: the callback's own result does not count.
    pub(crate) stop_next_iteration: bool,
    /// `proxy_on_done` or `proxy_on_delete` of a stream is running.
    pub(crate) finishing: bool,
    pub(crate) effects: VecDeque<Effect>,
    /// Effects that are being carried out, inside each other.
    pub(crate) draining: u8,
    pub(crate) plugins: Vec<PluginContext>,
    /// The last token of a lookup.
    pub(crate) dns_token: u32,
    /// The contexts whose last look at a buffer was at the VM's configuration: call data is that, for them.
    pub(crate) saw_configuration: Vec<ContextRef>,
    /// Names of properties that streams declared, by stream.
    pub(crate) declared_by_streams: Vec<(ContextRef, Vec<u8>)>,
    contexts: Vec<(u32, ContextRef)>,
    last: u32,
    current: u32,
    effective: u32,
}

/// A plugin context of a VM.
#[derive(Clone, Debug)]
pub(crate) struct PluginContext {
    pub(crate) id: u32,
    /// The plugin that it was made for. Others of the same key share it.
    pub(crate) plugin: PluginIndex,
    pub(crate) key: Arc<PluginKey>,
    /// `proxy_on_done` has been called.
    pub(crate) leaving: bool,
    pub(crate) tick_period: Duration,
    pub(crate) tick: Option<DeadlineId>,
    /// `proxy_on_done` answered false: `proxy_done` is awaited.
    pub(crate) done_pending: bool,
    /// What the plugin declared about properties that it sets.
    pub(crate) declared: Vec<(Vec<u8>, Declaration)>,
    /// The expressions that it made with `expr_create`.
    #[cfg(feature = "cel")]
    pub(crate) expressions: Expressions,
    /// What the callbacks of its calls show.
    pub(crate) view: CallView,
}

/// What [`VmState::leave`] puts back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outer {
    current: u32,
    effective: u32,
}

impl VmState {
    pub(crate) fn new(abi: AbiVersion, entropy: Entropy) -> Self {
        Self {
            abi,
            thread: Thread::Worker(0),
            kind: 0,
            gone: false,
            stillborn: false,
            vm_id: String::new(),
            configuration: Vec::new(),
            environment: Vec::new(),
            capabilities: Capabilities::default(),
            entropy,
            metric_ids: MetricIds::default(),
            call_ids: CallIds::default(),
            failed: false,
            starting: false,
            configuring: None,
            stop_next_iteration: false,
            finishing: false,
            effects: VecDeque::new(),
            draining: 0,
            plugins: Vec::new(),
            dns_token: 1,
            saw_configuration: Vec::new(),
            declared_by_streams: Vec::new(),
            contexts: Vec::new(),
            last: 0,
            current: 0,
            effective: 0,
        }
    }

    fn new_context(&mut self, what: ContextRef) -> u32 {
        self.last += 1;
        self.contexts.push((self.last, what));
        self.last
    }

    pub(crate) fn new_plugin_context(&mut self, plugin: PluginIndex, key: Arc<PluginKey>) -> u32 {
        let id = self.new_context(ContextRef::Plugin(plugin));
        self.plugins.push(PluginContext {
            id,
            plugin,
            key,
            leaving: false,
            tick_period: Duration::ZERO,
            tick: None,
            done_pending: false,
            declared: Vec::new(),
            #[cfg(feature = "cel")]
            expressions: Expressions::default(),
            view: CallView::default(),
        });
        id
    }

    pub(crate) fn new_stream_context(&mut self, stream: StreamId, filter: usize) -> u32 {
        self.new_context(ContextRef::Stream { stream, filter })
    }

    pub(crate) fn new_connection_context(&mut self, connection: ContextRef) -> u32 {
        self.new_context(connection)
    }

    /// A context that no stream of the proxy stands behind.
    pub(crate) fn new_foreign_context(&mut self, what: ContextRef) -> u32 {
        self.new_context(what)
    }

    pub(crate) fn remove_context(&mut self, id: u32) {
        // The newest contexts end first as a rule.
        if let Some(at) = self.contexts.iter().rposition(|(known, _)| *known == id) {
            let (_, gone) = self.contexts.remove(at);
            self.declared_by_streams.retain(|(by, _)| *by != gone);
            self.saw_configuration.retain(|by| *by != gone);
        }
    }

    pub(crate) fn context(&self, id: u32) -> Option<ContextRef> {
        self.contexts.iter().rev().find(|(known, _)| *known == id).map(|(_, what)| *what)
    }

    /// The configuration that is readable while a plugin context is created or configured.
    pub(crate) fn plugin_configuration(&self) -> Option<&[u8]> {
        let context = self.configuring?;
        let of = self.plugins.iter().find(|of| of.id == context)?;
        Some(&of.key.configuration)
    }

    /// A callback for `context` begins; hostcalls are about it until they name another.
    pub(crate) fn enter(&mut self, context: u32) -> Outer {
        let outer = Outer { current: self.current, effective: self.effective };
        self.current = context;
        self.effective = 0;
        outer
    }

    /// The callback has returned.
    pub(crate) fn leave(&mut self, outer: Outer) {
        self.current = outer.current;
        self.effective = outer.effective;
    }

    /// The context that hostcalls are about: the one named by `proxy_set_effective_context` while it lives, else the
    /// callback's own. `None` while the module starts.
    pub(crate) fn effective(&self) -> Option<ContextRef> {
        self.effective_context().map(|(_, what)| what)
    }

    /// As [`Self::effective`], with its number.
    pub(crate) fn effective_context(&self) -> Option<(u32, ContextRef)> {
        let known = |id: u32| self.context(id).map(|what| (id, what));
        if self.effective != 0
            && let Some(named) = known(self.effective)
        {
            return Some(named);
        }
        known(self.current)
    }

    /// `proxy_set_effective_context`: false when there is no such context. Zero goes back to the callback's own.
    pub(crate) fn set_effective(&mut self, id: u32) -> bool {
        let known = id == 0 || self.context(id).is_some();
        if known {
            self.effective = id;
        }
        known
    }

    /// The VM is dead: nothing that its start asked for comes of it.
    pub(crate) fn fail_to_start(&mut self) {
        self.failed = true;
        self.effects.clear();
    }
}
