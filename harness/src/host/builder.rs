//! A chain of plugins and the world around it, to be made into a host.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Host;
use super::error::HostError;
use super::start::{self, Started};
use super::template::Template;
use crate::abi::{LogLevel, Status};
use crate::document::istio_json;
use crate::proxy::capabilities::Capabilities;
use crate::proxy::transcript::Detail;
use crate::proxy::{Cluster, FailurePolicy, Options, Own};
use crate::state::{Answer, Clock, Duration};
use crate::vm::{Allowance, HangGuard, MemoryCap, Plugin};

/// A plugin's place in a chain: the module, and how it is configured there.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(crate) plugin: Plugin,
    pub(crate) name: Option<String>,
    pub(crate) plugin_name: Option<String>,
    pub(crate) root_id: String,
    pub(crate) config: Vec<u8>,
    pub(crate) policy: FailurePolicy,
    pub(crate) fail_open: bool,
    pub(crate) reload_backoff: Duration,
    pub(crate) vm_id: String,
    pub(crate) vm_config: Vec<u8>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) capabilities: Capabilities,
    pub(crate) allow_on_headers_stop_iteration: Option<bool>,
}

impl Setup {
    /// The plugin's name; default: its file's stem.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name that it reads as the property `plugin_name`, where that is another than the one the test calls it by.
    #[must_use]
    pub fn plugin_name(mut self, name: impl Into<String>) -> Self {
        self.plugin_name = Some(name.into());
        self
    }

    /// Its `root_id`; default: empty.
    #[must_use]
    pub fn root_id(mut self, root_id: impl Into<String>) -> Self {
        self.root_id = root_id.into();
        self
    }

    /// Its configuration; default: zero bytes.
    #[must_use]
    pub fn config(mut self, config: impl Into<Config>) -> Self {
        self.config = config.into().0;
        self
    }

    /// What happens to streams when its VM is dead; default: they get 503.
    #[must_use]
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Envoy's deprecated `fail_open`: the stream that it fails in goes on as well; default: no.
    #[must_use]
    pub fn fail_open(mut self, open: bool) -> Self {
        self.fail_open = open;
        self
    }

    /// With [`FailurePolicy::Reload`]: how long after a reload there may be another; default: 1 s, as Envoy's. Envoy adds up
    /// to half of it at random, and the host waits for all of that.
    #[must_use]
    pub fn reload_backoff(mut self, backoff: Duration) -> Self {
        self.reload_backoff = backoff;
        self
    }

    /// Whether StopIteration from a headers callback lets body callbacks run; default: what the host's options say.
    #[must_use]
    pub fn allow_on_headers_stop_iteration(mut self, allow: bool) -> Self {
        self.allow_on_headers_stop_iteration = Some(allow);
        self
    }

    /// Its `vm_id`; default: empty.
    #[must_use]
    pub fn vm_id(mut self, vm_id: impl Into<String>) -> Self {
        self.vm_id = vm_id.into();
        self
    }

    /// The configuration of its VM; default: zero bytes.
    #[must_use]
    pub fn vm_config(mut self, config: impl Into<Config>) -> Self {
        self.vm_config = config.into().0;
        self
    }

    /// An environment variable of its VM; default: none.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The only hostcalls, functions of WASI and callbacks that it may use, by their names (Envoy's
    /// `capability_restriction_config`); default, and of an empty list: all.
    #[must_use]
    pub fn allowed_capabilities(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.capabilities = Capabilities::only(names.into_iter().map(Into::into));
        self
    }
}

impl From<Plugin> for Setup {
    fn from(plugin: Plugin) -> Self {
        Self {
            plugin,
            name: None,
            plugin_name: None,
            root_id: String::new(),
            config: Vec::new(),
            policy: FailurePolicy::Closed,
            fail_open: false,
            reload_backoff: Duration::from_secs(1),
            vm_id: String::new(),
            vm_config: Vec::new(),
            env: BTreeMap::new(),
            capabilities: Capabilities::default(),
            allow_on_headers_stop_iteration: None,
        }
    }
}

impl Plugin {
    /// This plugin in a chain, with this configuration.
    #[must_use]
    pub fn config(self, config: impl Into<Config>) -> Setup {
        Setup::from(self).config(config)
    }

    /// This plugin in a chain, under this name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Setup {
        Setup::from(self).name(name)
    }
}

/// Bytes of a configuration. JSON becomes the text that Istio would send: sorted keys, numbers as doubles, zero bytes
/// for `{}`; everything else is taken as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config(pub Vec<u8>);

impl From<serde_json::Value> for Config {
    fn from(json: serde_json::Value) -> Self {
        Self(istio_json::plugin_config(&json))
    }
}

impl From<&str> for Config {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Config {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<Vec<u8>> for Config {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Describes a host.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) chain: Vec<Setup>,
    pub(crate) upstream: Upstream,
    pub(crate) clusters: IndexMap<String, Cluster>,
    pub(crate) foreign_functions: BTreeMap<String, Own>,
    pub(crate) dns: BTreeMap<String, Vec<IpAddr>>,
    pub(crate) options: Options,
    pub(crate) properties: Vec<(Vec<String>, Vec<u8>)>,
    pub(crate) realtime: u64,
    pub(crate) seed: u64,
    pub(crate) workers: usize,
    pub(crate) patience: Duration,
    pub(crate) detail: Detail,
    pub(crate) guard: HangGuard,
    pub(crate) max_memory: u64,
    pub(crate) by_image: bool,
    pub(crate) count_fuel: bool,
    pub(crate) max_fuel_per_callback: Option<u64>,
    /// The properties of the profile `google`, where it takes the proxy's place.
    pub(crate) tester: Option<Vec<(String, Vec<u8>)>>,
}

/// How the upstream answers.
#[derive(Clone, Debug)]
pub(crate) enum Upstream {
    Every(Answer),
    Each(Vec<Answer>),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            chain: Vec::new(),
            upstream: Upstream::Every(Answer::ok()),
            clusters: IndexMap::new(),
            foreign_functions: BTreeMap::new(),
            dns: BTreeMap::new(),
            options: Options::default(),
            properties: Vec::new(),
            realtime: Clock::DEFAULT_REALTIME,
            seed: 0,
            workers: 1,
            patience: Duration::from_secs(60),
            detail: Detail::Abi,
            guard: HangGuard::default(),
            max_memory: crate::vm::MAX_MEMORY,
            by_image: false,
            count_fuel: false,
            max_fuel_per_callback: None,
            tester: None,
        }
    }
}

impl Builder {
    /// What a VM may use up whose memory has this cap.
    pub(super) fn allowance(&self, cap: MemoryCap) -> Allowance {
        Allowance { guard: self.guard, cap, fuel: self.max_fuel_per_callback }
    }

    /// Adds a plugin at the end of the chain.
    #[must_use]
    pub fn plugin(mut self, plugin: impl Into<Setup>) -> Self {
        self.chain.push(plugin.into());
        self
    }

    /// What the upstream answers to every request; default: 200, no body.
    #[must_use]
    pub fn upstream(mut self, answer: impl Into<Answer>) -> Self {
        self.upstream = Upstream::Every(answer.into());
        self
    }

    /// What the upstream answers to each request, in order; one request too many is a finding.
    #[must_use]
    pub fn upstream_each(mut self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.upstream = Upstream::Each(answers.into_iter().collect());
        self
    }

    /// The addresses that `envoy_resolve_dns` finds for a name; none is a name that nobody knows. Default: addresses are
    /// themselves, `localhost` is `::1`, and no other name is known.
    #[must_use]
    pub fn resolves(mut self, name: impl Into<String>, to: impl IntoIterator<Item = IpAddr>) -> Self {
        self.dns.insert(name.into(), to.into_iter().collect());
        self
    }

    /// A foreign function of the test's own, which plugins call by this name with `proxy_call_foreign_function`; it comes
    /// before one of Envoy's with the same name. What it answers with must follow from its argument alone: a host that is
    /// made anew calls it anew.
    ///
    /// The argument is what the plugin hands over, zero bytes as well. The plugin gets the bytes with status OK, or the
    /// status and no bytes.
    ///
    /// ```
    /// use proxy_wasm_harness::abi::Status;
    /// use proxy_wasm_harness::host::Host;
    ///
    /// let builder = Host::builder().foreign_function("reverse", |argument: &[u8]| {
    ///     if argument.is_empty() { Err(Status::BadArgument) } else { Ok(argument.iter().rev().copied().collect()) }
    /// });
    /// # drop(builder);
    /// ```
    #[must_use]
    pub fn foreign_function(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&[u8]) -> Result<Vec<u8>, Status> + Send + Sync + 'static,
    ) -> Self {
        self.foreign_functions.insert(name.into(), Own(Arc::new(function)));
        self
    }

    /// A cluster that plugins can call, and what it answers: an [`Answer`] to every call, a list with one for each call, or
    /// a closure `|call: &Call| Answer`. Calls to clusters that are not described fail.
    #[must_use]
    pub fn cluster(mut self, name: impl Into<String>, answers: impl Into<Cluster>) -> Self {
        self.clusters.insert(name.into(), answers.into());
        self
    }

    /// The options of the simulated proxy.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The lowest level of log lines that are kept; default: info.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.options.log_level = level;
        self
    }

    /// A property that plugins can read from the start on, in place of the default set or beside it.
    #[must_use]
    pub fn property(mut self, path: &[&str], value: impl Into<Vec<u8>>) -> Self {
        self.properties.push((path.iter().map(|part| (*part).to_owned()).collect(), value.into()));
        self
    }

    /// Realtime when the host is built, in nanoseconds since the epoch; default: 2024-01-01T00:00:00Z.
    #[must_use]
    pub fn clock(mut self, nanos: u64) -> Self {
        self.realtime = nanos;
        self
    }

    /// Where randomness comes from; default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many workers run the chain, each with its own VMs; default: 1. Requests take turns.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// How plugins are started; default: one VM for each worker.
    #[must_use]
    pub fn start_as(mut self, start: crate::proxy::Start) -> Self {
        self.options.start = start;
        self
    }

    /// The plugins of the chain: names and configurations.
    pub fn plugins(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.chain
            .iter()
            .map(|setup| (setup.name.as_deref().unwrap_or(setup.plugin.name()), setup.config.as_slice()))
    }

    /// How many workers there are.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        self.workers
    }

    /// Realtime when the host is built, in nanoseconds since the epoch.
    #[must_use]
    pub fn realtime(&self) -> u64 {
        self.realtime
    }

    /// How much virtual time [`Host::send`] waits for its exchange; default: 60 s.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How much is recorded; default: everything.
    #[must_use]
    pub fn record(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// How long one call into a plugin may take in wall-clock time; default: 10 s. Nothing else depends on that clock.
    #[must_use]
    pub fn hang_timeout(mut self, timeout: Duration) -> Self {
        self.guard = HangGuard::new(timeout);
        self
    }

    /// Bytes of memory that a VM may have; default: 256 MiB.
    #[must_use]
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.max_memory = bytes;
        self
    }

    /// Starts by way of an image: the start is made, kept, and taken up again, as [`Template`] does for many hosts. Where
    /// it cannot be kept it is a start like any other. Both give the same transcript, byte for byte; this is for the tests
    /// that say so.
    #[must_use]
    pub fn by_image(mut self, by_image: bool) -> Self {
        self.by_image = by_image;
        self
    }

    /// Counts the fuel that callbacks use, see [`Host::spent`]; default: no. The plugins are compiled for it: code that
    /// counts is slower, and does the same.
    #[must_use]
    pub fn count_fuel(mut self, count: bool) -> Self {
        self.count_fuel = count;
        self
    }

    /// Fuel that one callback may use; one that uses more traps. Default: as much as it wants. Fuel is counted then.
    #[must_use]
    pub fn max_fuel_per_callback(mut self, fuel: u64) -> Self {
        self.max_fuel_per_callback = Some(fuel);
        self
    }

    /// This description with each plugin compiled for an engine that counts fuel, where that is wanted.
    fn metered(mut self) -> Result<Self, HostError> {
        if self.count_fuel || self.max_fuel_per_callback.is_some() {
            for setup in &mut self.chain {
                setup.plugin = setup.plugin.counting_fuel()?;
            }
        }
        Ok(self)
    }

    /// Starts and configures the plugins.
    ///
    /// # Errors
    ///
    /// When a plugin cannot be loaded, or refuses its start or configuration: the error prints what it logged.
    pub fn build(self) -> Result<Host, HostError> {
        let seed = self.seed;
        start::running(&Arc::new(self.metered()?), seed)
    }

    /// As [`Self::build`], for callers that expect a refusal.
    ///
    /// # Errors
    ///
    /// When a plugin cannot be loaded.
    pub fn start(self) -> Result<Started, HostError> {
        let seed = self.seed;
        start::start(&Arc::new(self.metered()?), seed)
    }

    /// A template of this host: fresh ones come from it quickly.
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    pub fn template(self) -> Result<Template, HostError> {
        Template::new(self.metered()?)
    }
}
