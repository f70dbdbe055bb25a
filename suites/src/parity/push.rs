//! Configuration pushes: plugins whose configuration Envoy takes from a file that it watches, and its changes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proxy_wasm_harness::scenario::{HostOptions, PluginSpec, Reconfigure, StepKind};
use serde_json::{Value as Json, json};

use super::config::{bytes, wasm_filter};
use super::error::ParityError;
use super::play::{Done, Player};

/// How long Envoy may take to notice a new file, and to compile what it names.
const PATIENCE: Duration = Duration::from_secs(60);

/// The counters by which Envoy says what came of a push.
const OUTCOMES: &str =
    "/stats?filter=extension_config_discovery.*(update_success%7Cupdate_rejected%7Cupdate_failure)";

/// A plugin's configuration in its file.
#[derive(Debug)]
pub(super) struct Pushed {
    plugin: String,
    pub(super) file: PathBuf,
    /// The filter's typed configuration.
    typed: Json,
    version: u32,
}

/// Whether a scenario pushes configurations.
pub(super) fn pushes(steps: &[proxy_wasm_harness::scenario::Step]) -> bool {
    steps.iter().any(|step| matches!(step.kind, StepKind::Reconfigure(_)))
}

impl Pushed {
    /// Writes the first configuration of a plugin, whose module is in `module`.
    pub(super) fn new(
        kind: &str,
        spec: &PluginSpec,
        module: &Path,
        host: &HostOptions,
        file: PathBuf,
    ) -> io::Result<Self> {
        let typed = wasm_filter(kind, spec, module, host)["typed_config"].take();
        let mut pushed = Self { plugin: spec.name.clone(), file, typed, version: 0 };
        pushed.write()?;
        Ok(pushed)
    }

    fn change(&mut self, of: &Reconfigure) -> io::Result<()> {
        let config = &mut self.typed["config"];
        config["configuration"] = if of.config.0.is_empty() { Json::Null } else { bytes(&of.config.0) };
        if let Some(vm) = &of.vm {
            config["vm_config"]["vm_id"] = vm.id.as_str().into();
            let of_vm = if vm.config.0.is_empty() { Json::Null } else { bytes(&vm.config.0) };
            config["vm_config"]["configuration"] = of_vm;
            config["vm_config"]["environment_variables"] = json!({"key_values": vm.env});
        }
        self.write()
    }

    /// Puts the file into its place in one go, as Envoy watches for that.
    fn write(&mut self) -> io::Result<()> {
        self.version += 1;
        let resource = json!({
            "version_info": self.version.to_string(),
            "resources": [{
                "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
                "name": self.plugin,
                "typed_config": self.typed,
            }],
        });
        let new = self.file.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&resource)?)?;
        std::fs::rename(&new, &self.file)
    }
}

impl Player<'_> {
    /// Gives a plugin another configuration, and waits until Envoy has taken or refused it.
    pub(super) fn reconfigure(&mut self, of: &Reconfigure) -> Done {
        let before = self.outcomes()?;
        let mut changed = Ok(());
        if let Some(pushed) = self.stage.pushed.iter_mut().find(|pushed| pushed.plugin == of.plugin) {
            changed = pushed.change(of);
        }
        changed.map_err(ParityError::io("pushing a configuration"))?;
        let began = Instant::now();
        while self.outcomes()? == before {
            if began.elapsed() > PATIENCE {
                return Err(self.stage.process.late("take a configuration", PATIENCE));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.quiet().map(|_| ())
    }

    /// How many pushes Envoy has taken or refused.
    fn outcomes(&self) -> Result<u64, ParityError> {
        let said =
            self.stage.process.ask(OUTCOMES).map_err(ParityError::io("asking for what came of a push"))?;
        let counts = said.lines().filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok());
        Ok(counts.sum())
    }
}
