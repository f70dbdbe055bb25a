//! What an Envoy needs before it can start: a folder with modules, servers for its clusters, and its configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use proxy_wasm_harness::manifest::stands_for_rbac;
use proxy_wasm_harness::state::Protocol;
use serde_json::Value as Json;

use super::batch::first_mark;
use super::config::{self, Cluster, Filter, Listener};
use super::error::ParityError;
use super::mark::marked;
use super::playable;
use super::prepared::Prepared;
use super::push::{Pushed, pushes};
use super::stage::Server;

/// Where an Envoy is going to run.
pub(super) struct Ground {
    pub(super) home: tempfile::TempDir,
    pub(super) servers: Vec<Server>,
    pub(super) config: Json,
    /// Plugins whose configuration can change.
    pub(super) pushed: Vec<Pushed>,
}

impl Ground {
    /// With a listener for each scenario of a batch, and one without plugins to the upstream where streams are to find a
    /// connection open.
    pub(super) fn new(batch: &[&Prepared<'_>]) -> Result<Self, ParityError> {
        let home = tempfile::Builder::new().prefix("parity-").tempdir();
        let home = home.map_err(ParityError::io("making a folder for Envoy"))?;
        let protocols: BTreeMap<String, bool> =
            batch.iter().flat_map(|prepared| prepared.settings().2).collect();
        let servers = protocols.keys().map(|cluster| Server::new(cluster)).collect::<io::Result<Vec<_>>>();
        let servers = servers.map_err(ParityError::io("listening on loopback"))?;
        let clusters: Vec<Cluster> = protocols
            .into_iter()
            .zip(&servers)
            .map(|((name, h2), server)| Cluster {
                name,
                port: server.address.port(),
                protocol: if h2 { Protocol::Http2 } else { Protocol::Http1 },
            })
            .collect();
        let mut listeners = Vec::new();
        let mut pushed = Vec::new();
        for (at, prepared) in batch.iter().enumerate() {
            listeners.push(listener(at, prepared, home.path(), &mut pushed)?);
        }
        let warm = batch.iter().any(|prepared| prepared.simulated.fleeting);
        let config = config::bootstrap(&listeners, &clusters, warm);
        Ok(Self { home, servers, config, pushed })
    }
}

/// The listener of a scenario, whose modules are written into `home`.
fn listener<'a>(
    at: usize,
    prepared: &Prepared<'a>,
    home: &Path,
    pushed: &mut Vec<Pushed>,
) -> Result<Listener<'a>, ParityError> {
    let scenario = &prepared.trial.scenario;
    let (pushes, tcp) = (pushes(&scenario.steps), playable::is_tcp(scenario));
    let mut written = BTreeSet::new();
    let mut chain = Vec::new();
    for ((spec, plugin), group) in prepared.plugins.iter().zip(prepared.groups()) {
        if stands_for_rbac(spec) {
            chain.push(Filter::Rbac);
            continue;
        }
        let mark = first_mark(at) + group as u32;
        let file = home.join(format!("{mark}.wasm"));
        if written.insert(mark) {
            let module = marked(plugin.wasm(), mark)
                .map_err(|error| io::Error::other(error.to_string()))
                .map_err(ParityError::io("marking a module"))?;
            std::fs::write(&file, module).map_err(ParityError::io("writing a module"))?;
        }
        if !pushes {
            chain.push(Filter::Plugin(spec, file));
            continue;
        }
        let kind = if tcp { "network" } else { "http" };
        let path = home.join(format!("plugin-{}.json", pushed.len()));
        let one = Pushed::new(kind, spec, &file, &scenario.host, path.clone());
        pushed.push(one.map_err(ParityError::io("writing a configuration"))?);
        chain.push(Filter::Discovered(spec, path));
    }
    Ok(Listener { name: format!("scenario-{at}"), host: &scenario.host, chain, tcp })
}
