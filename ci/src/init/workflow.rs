//! The workflow that runs the scenarios in GitHub Actions.

use std::path::{Path, PathBuf};

use proxy_wasm_harness::vm::Language;

use super::subject::Subject;

/// The repository that holds `ci/action.yml` and the releases, as the manifest of this crate names it.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The action's name in a workflow: the repository on GitHub, and the folder there.
fn action() -> String {
    format!("{}/ci", REPOSITORY.trim_start_matches("https://github.com/"))
}

/// Where it is written: at the root of the repository, or here where there is none.
pub(super) fn path() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let up = here.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    let root: PathBuf = std::iter::repeat_n("..", up).collect();
    root.join(".github").join("workflows").join("proxy-wasm-test.yml")
}

/// The folder with the scenarios, from the root of the repository.
fn below(folder: Option<&Path>) -> String {
    let up = folder.map_or(0, |folder| folder.components().filter(|part| part.as_os_str() == "..").count());
    let here = std::env::current_dir().unwrap_or_default();
    let parts: Vec<String> =
        here.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts[parts.len() - up.min(parts.len())..].join("/")
}

/// Its text; `folder` is the one it is written to.
pub(super) fn text(subject: &Subject, folder: Option<&Path>) -> String {
    let below = below(folder);
    let mut out = String::from(
        "name: Proxy-Wasm plugin\non: [push, pull_request]\npermissions:\n  contents: read\njobs:\n  plugin:\n    \
         runs-on: ubuntu-latest\n",
    );
    if !below.is_empty() {
        out.push_str(&format!("    defaults:\n      run:\n        working-directory: {below}\n"));
    }
    out.push_str("    steps:\n      - uses: actions/checkout@v4\n");
    if subject.package.is_some() {
        out.push_str("      - run: rustup target add wasm32-wasip1\n      - run: cargo test\n");
        return out;
    }
    out.push_str(&build(subject));
    let at = |path: &str| if below.is_empty() { path.to_owned() } else { format!("{below}/{path}") };
    let version = env!("CARGO_PKG_VERSION");
    out.push_str(&format!(
        "      - uses: {}@v{version}\n        with:\n          version: {version}\n          paths: {}\n",
        action(),
        at(super::FOLDER)
    ));
    if let Some(module) = subject.module.as_ref().filter(|module| module.is_relative()) {
        out.push_str(&format!("          check: {}\n", at(&module.display().to_string())));
    }
    out
}

/// How the module is built there, as far as can be told.
fn build(subject: &Subject) -> String {
    let language = subject.about.as_ref().map_or(Language::Unknown, |about| about.language);
    if language != Language::Go || !Path::new("go.mod").is_file() {
        return "      # Build the plugin here, unless its module is committed.\n".to_owned();
    }
    let module = subject.module.as_deref().unwrap_or(Path::new("plugin.wasm")).display();
    format!(
        "      - uses: actions/setup-go@v5\n        with:\n          go-version-file: go.mod\n      # As you build it \
         yourself; not needed where the module is committed.\n      # - run: GOOS=wasip1 GOARCH=wasm go build \
         -buildmode=c-shared -o {module} .\n"
    )
}
