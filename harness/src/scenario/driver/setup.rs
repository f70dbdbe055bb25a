//! What stands around the steps of a scenario, as a host to be started.

use super::google;
use crate::host::{Builder, Host, Setup};
use crate::proxy::transcript::Detail;
use crate::proxy::{self, Options, Start};
use crate::scenario::cost;
use crate::scenario::document::error::ScenarioError;
use crate::scenario::{
    Answers, Chain, Expectations, FailurePolicy, Modules, PluginSpec, Profile, RunError, RunOptions,
    Scenario, StartMode,
};

/// The host that `scenario` describes.
pub(super) fn builder(
    scenario: &Scenario,
    modules: &dyn Modules,
    options: &RunOptions,
) -> Result<Builder, RunError> {
    let mut builder = Host::builder()
        .options(proxy_options(scenario))
        .workers(scenario.host.workers as usize)
        .seed(scenario.seed)
        .patience(scenario.patience)
        .record(options.detail.max(needed(scenario)))
        .hang_timeout(options.hang_timeout)
        .max_memory(options.max_memory)
        .by_image(options.by_image)
        .count_fuel(options.count_fuel || cost::counts(scenario));
    if let Some(fuel) = scenario.host.max_fuel_per_callback {
        builder = builder.max_fuel_per_callback(fuel);
    }
    if let Some(time) = scenario.clock {
        builder = builder.clock(time.ns);
    }
    for (name, answers) in &scenario.clusters {
        builder = match answers {
            Answers::Every(answer) => builder.cluster(name, answer.clone()),
            Answers::Each(answers) => builder.cluster(name, answers.clone()),
        };
    }
    for property in &scenario.properties {
        let path: Vec<&str> = property.path.0.iter().map(String::as_str).collect();
        builder = builder.property(&path, property.value.clone());
    }
    builder = match &scenario.upstream {
        Answers::Every(answer) => builder.upstream(answer.clone()),
        Answers::Each(answers) => builder.upstream_each(answers.iter().cloned()),
    };
    if scenario.host.profile == Profile::Google {
        builder = google::builder(builder, scenario);
    }
    let Chain::Plugins(plugins) = &scenario.chain else { return Ok(builder) };
    for spec in plugins {
        builder = builder.plugin(plugin(spec, modules)?);
    }
    Ok(builder)
}

fn plugin(spec: &PluginSpec, modules: &dyn Modules) -> Result<Setup, RunError> {
    let plugin = modules
        .load(&spec.name, &spec.source)
        .map_err(|error| RunError::from(ScenarioError::at(&spec.span, error.message).hint(error.hint)))?;
    let mut setup = Setup::from(plugin)
        .name(&spec.name)
        .root_id(&spec.root_id)
        .config(spec.config.clone())
        .failure_policy(match spec.failure_policy {
            FailurePolicy::Closed => proxy::FailurePolicy::Closed,
            FailurePolicy::Open => proxy::FailurePolicy::Open,
            FailurePolicy::Reload => proxy::FailurePolicy::Reload,
        })
        .vm_id(&spec.vm.id)
        .vm_config(spec.vm.config.0.clone())
        .fail_open(spec.envoy.fail_open);
    if let Some(name) = &spec.envoy.plugin_name {
        setup = setup.plugin_name(name);
    }
    if let Some(allow) = spec.envoy.allow_on_headers_stop_iteration {
        setup = setup.allow_on_headers_stop_iteration(allow);
    }
    if let Some(names) = &spec.envoy.allowed_capabilities {
        setup = setup.allowed_capabilities(names);
    }
    if let Some(backoff) = spec.envoy.reload_backoff {
        setup = setup.reload_backoff(backoff);
    }
    for (name, value) in &spec.vm.env {
        setup = setup.env(name, value);
    }
    Ok(setup)
}

fn proxy_options(scenario: &Scenario) -> Options {
    let host = &scenario.host;
    Options {
        upstream_protocol: scenario.upstream_protocol(),
        allow_metadata: host.allow_metadata,
        log_level: host.log_level,
        buffer_limit: usize::try_from(host.buffer_limit.0).unwrap_or(usize::MAX),
        enable_trailers: host.enable_trailers.unwrap_or_default(),
        route_timeout: host.route_timeout,
        allow_on_headers_stop_iteration: host.allow_on_headers_stop_iteration,
        upgrades: host.upgrades.clone(),
        start: match host.start {
            StartMode::Single => Start::Single,
            StartMode::Envoy => Start::Envoy,
        },
    }
}

/// What has to be recorded for the expectations to be judged, and for traps to be explained.
fn needed(scenario: &Scenario) -> Detail {
    let of = |expect: &Expectations| {
        if expect.callbacks.is_some() || expect.hostcalls.is_some() {
            Detail::Abi
        } else if expect.log.is_some() || expect.no_log.is_some() || expect.trap.is_some() {
            Detail::Log
        } else {
            Detail::Off
        }
    };
    scenario.steps.iter().filter_map(|step| step.expect.as_ref()).map(of).max().unwrap_or(Detail::Off)
}
