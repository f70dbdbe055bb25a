//! The chain that is built from a configuration of Envoy, on the mock, and Envoy running that very file: what clients and
//! upstreams get, what plugins log, and which files are refused. Without an Envoy all of it is ignored, and says why.

mod accepted;
mod deployed;
mod refused;
mod running;

use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use proxy_wasm_suites::harness::vm::{LoadOptions, Plugin};
use proxy_wasm_suites::parity::Envoy;
use tempfile::TempDir;

/// What a test does with an Envoy.
type Run = Box<dyn FnOnce(&Envoy) -> Result<(), Failed> + Send>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let envoy = Envoy::find();
    let trial = |name: String, run: Run| match &envoy {
        Ok(envoy) => {
            let envoy = envoy.clone();
            Trial::test(name, move || run(&envoy))
        }
        Err(why) => {
            let why = why.to_string();
            let name = format!("{name} ({})", why.lines().next().unwrap_or_default());
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
    };
    let accepted = accepted::CASES.iter().map(|case| {
        trial(format!("accepted::{}", case.name), Box::new(|envoy| accepted::check(case, envoy)))
    });
    let refused = refused::CASES
        .iter()
        .map(|case| trial(format!("refused::{}", case.0), Box::new(|envoy| refused::check(case, envoy))));
    let deployed = trial("deployed::every scenario of manifests".to_owned(), Box::new(deployed::check));
    let denied = trial(
        "deployed::the filter that stands for a module that cannot be had".to_owned(),
        Box::new(deployed::denied),
    );
    libtest_mimic::run(&arguments, accepted.chain(refused).chain([deployed, denied]).collect()).exit_code()
}

/// A folder with a configuration, and the modules that it names.
pub(crate) struct Deployed {
    pub(crate) home: TempDir,
    pub(crate) file: PathBuf,
}

/// The configuration with these HTTP filters before the router, for this port and an upstream on that one. `WASM` in the
/// filters is the type of a filter, `LINK` and `SCRIPT` are virtual machines with the probes of these names.
pub(crate) fn deploy(filters: &[&str], port: u16, upstream: u16) -> Deployed {
    let home = tempfile::tempdir().expect("a folder");
    for probe in ["link", "script"] {
        let path = format!("{}/../plugins-under-test/probes/{probe}.wat", env!("CARGO_MANIFEST_DIR"));
        let plugin = Plugin::from_file(path, &LoadOptions::default()).expect("the probe");
        std::fs::write(home.path().join(format!("{probe}.wasm")), plugin.wasm()).expect("written");
    }
    let local = |probe: &str| {
        let path = home.path().join(format!("{probe}.wasm"));
        format!("runtime: envoy.wasm.runtime.v8, code: {{local: {{filename: \"{}\"}}}}", path.display())
    };
    let module = std::fs::read(home.path().join("link.wasm")).expect("written before");
    let filters: Vec<String> = filters
        .iter()
        .map(|filter| {
            let filter = filter
                .replace("WASM", "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm")
                .replace("PROTOBUF", "type.googleapis.com/google.protobuf")
                .replace("INLINE", &data_encoding::BASE64.encode(&module))
                .replace("LINK", &local("link"))
                .replace("SCRIPT", &local("script"));
            format!("                  - {filter}\n")
        })
        .collect();
    let text = TEMPLATE
        .replace("FILTERS\n", &filters.concat())
        .replace("PORT", &port.to_string())
        .replace("UPSTREAM", &upstream.to_string());
    let file = home.path().join("envoy.yaml");
    std::fs::write(&file, text).expect("written");
    Deployed { home, file }
}

const TEMPLATE: &str = r#"
static_resources:
  listeners:
    - name: main
      address: {socket_address: {address: 127.0.0.1, port_value: PORT}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: main
                route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: up}}]}]}
                http_filters:
FILTERS
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
    - name: up
      type: STATIC
      load_assignment:
        cluster_name: up
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: UPSTREAM}}}}]}]
"#;
