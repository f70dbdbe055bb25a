//! `chain`: what manifests come to for one workload, without running anything.
//!
//! `workload` (the options), `fetched` (what urls lead to, when they may be followed), `pretty` and `json` (how the chain is shown).

mod fetched;
mod json;
mod pretty;
mod workload;

use std::path::PathBuf;

use proxy_wasm_harness::manifest::{Link, ManifestSet, Resolved};
use proxy_wasm_harness::scenario::{Traffic, Workload};

use self::fetched::Modules;
use crate::error::{self, Error};
use crate::exit::Exit;
use crate::fetching::Fetching;
use crate::format::Plain;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  proxy-wasm-test chain deploy/                             # a folder: every .yaml, .yml, .json below it
  proxy-wasm-test chain deploy/ --namespace shop --labels app=cart,version=v2 --port 8080
  proxy-wasm-test chain gateway.yaml --kind gateway --labels istio=ingressgateway --port 80
  proxy-wasm-test chain plugins.yaml --env POD_NAME=cart-0  # for values that come from the HOST
  proxy-wasm-test chain envoy.yaml --port 10000             # a configuration of Envoy itself
  proxy-wasm-test chain deploy/ --expect shop/auth,shop/limiter
  proxy-wasm-test chain deploy/ --fetch                     # are the modules there, with these checksums?
  proxy-wasm-test chain deploy/ --format json | jq '.http[] | select(.plugin) | .plugin.name'

Exit codes: 0 resolved, 1 not the chain of --expect or a module that cannot be had, 2 usage or manifests that cannot be used";

/// Show which plugins run in a workload's proxy, in order, and why the others do not
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Manifests of Istio or Envoy: files, folders, or patterns with *, ? and **
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,

    #[command(flatten)]
    of: workload::Of,

    #[command(flatten)]
    fetching: Fetching,

    /// The names that the chain must come to, in order; an empty text means none
    #[arg(long, value_name = "NAME,...", help_heading = "Results")]
    expect: Option<String>,

    /// How it is shown: pretty, json
    #[arg(long, default_value = "pretty", hide_possible_values = true, help_heading = "Results")]
    format: Plain,
}

/// Carries it out.
pub(crate) fn run(args: &Args, out: &mut Output) -> Result<Exit, Error> {
    let workload = args.of.workload();
    let set = ManifestSet::read(&args.manifests)?;
    let resolved = set.resolve(&workload)?;
    resolved.warnings.iter().for_each(error::warn);
    let modules = match args.fetching.registry()? {
        Some(registry) => Modules::fetch(&resolved, &registry),
        None => Modules::default(),
    };
    match args.format {
        Plain::Pretty => out.text(&pretty::show(&workload, &resolved, &modules)),
        Plain::Json => out.line(&format!("{:#}", json::document(&workload, &resolved, &modules))),
    }
    let mut exit = Exit::Passed;
    for (link, why) in modules.failed() {
        let place = &link.module.span;
        error::tell(&format!("{place}: {}", why.message), why.hint.as_deref());
        exit = Exit::Failed;
    }
    if let Some(difference) = args.expect.as_deref().and_then(|names| unexpected(names, &workload, &resolved))
    {
        error::tell(&difference, None);
        exit = Exit::Failed;
    }
    Ok(exit)
}

/// The environment of a plugin, without the credentials that istiod leaves in that of a local module.
fn env(link: &Link) -> impl Iterator<Item = (&str, &str)> {
    let hidden = |name: &str| name == "ISTIO_META_WASM_IMAGE_PULL_SECRET";
    link.env.iter().map(move |(name, value)| match hidden(name) && !value.is_empty() {
        true => (name.as_str(), "(the text of the secret)"),
        false => (name.as_str(), value.as_str()),
    })
}

/// In what the chain differs from the one that was expected.
fn unexpected(names: &str, workload: &Workload, resolved: &Resolved) -> Option<String> {
    let wanted: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let found: Vec<&str> = match workload.traffic {
        Traffic::Http => resolved.http_plugins().map(|link| link.name.as_str()).collect(),
        Traffic::Tcp => resolved.network_plugins().map(|link| link.name.as_str()).collect(),
    };
    let listed = |names: &[&str]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    (wanted != found)
        .then(|| format!("the manifests come to the chain {}, not {}", listed(&found), listed(&wanted)))
}
