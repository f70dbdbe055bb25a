//! Where scenarios and tests get their modules from: a file, a package that Cargo builds, or what the command line puts
//! in a plugin's place.
//!
//! Whatever is named is built and compiled at most once per process, when somebody first runs it; naming and listing
//! build nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use proxy_wasm_harness::manifest::Fetch;
use proxy_wasm_harness::scenario::{CargoPackage, ModuleError, Modules, PluginSource};
use proxy_wasm_harness::vm::{LoadOptions, Plugin};

use crate::cache;
use crate::cargo::{Cargo, Package};

/// Switches building off when it is neither empty nor `0`: `{cargo: PACKAGE}` takes what an earlier build left.
pub const NO_BUILD: &str = "PROXY_WASM_TEST_NO_BUILD";

/// The modules of one process: loads, builds where that is asked for, and remembers.
///
/// Shared between threads. Two that need the same module wait for one load; different modules load side by side.
pub struct ModuleSource {
    options: LoadOptions,
    cargo: Cargo,
    build: bool,
    overrides: BTreeMap<String, PathBuf>,
    notice: Box<dyn Fn(&str) + Send + Sync>,
    fetch: Option<Box<dyn Fetch + Send>>,
    packages: Once<(String, PathBuf), Package>,
    builds: Once<(Package, String), PathBuf>,
    files: Once<PathBuf, Plugin>,
    bytes: Once<Arc<[u8]>, Plugin>,
}

impl ModuleSource {
    /// As the environment has it: the cache of [`crate::cache`], and building unless [`NO_BUILD`] says otherwise.
    #[must_use]
    pub fn from_env() -> Self {
        let no_build = std::env::var_os(NO_BUILD).is_some_and(|value| !value.is_empty() && value != "0");
        Self::new(LoadOptions { cache: cache::artifacts(), ..LoadOptions::default() }).build(!no_build)
    }

    /// Loads as `options` say, whatever the environment says; builds packages.
    #[must_use]
    pub fn new(options: LoadOptions) -> Self {
        Self {
            options,
            cargo: Cargo::from_env(),
            build: true,
            overrides: BTreeMap::new(),
            notice: Box::new(|_| ()),
            fetch: None,
            packages: Once::default(),
            builds: Once::default(),
            files: Once::default(),
            bytes: Once::default(),
        }
    }

    /// The one that all tests of this process share: as [`Self::from_env`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<ModuleSource> = LazyLock::new(ModuleSource::from_env);
        &SHARED
    }

    /// Whether packages are built, or only taken as an earlier build left them.
    #[must_use]
    pub fn build(mut self, build: bool) -> Self {
        self.build = build;
        self
    }

    /// The plugin of this name comes from this file, whatever a scenario says.
    #[must_use]
    pub fn replace(mut self, name: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        self.overrides.insert(name.into(), file.into());
        self
    }

    /// Gets a line when something begins that takes seconds: a build.
    #[must_use]
    pub fn notice(mut self, notice: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.notice = Box::new(notice);
        self
    }

    /// Downloads the modules of manifests by this; without it nothing is downloaded.
    #[must_use]
    pub fn fetch(mut self, fetch: impl Fetch + Send + 'static) -> Self {
        self.fetch = Some(Box::new(fetch));
        self
    }

    /// How modules are loaded.
    #[must_use]
    pub fn options(&self) -> &LoadOptions {
        &self.options
    }

    /// The module in this file.
    ///
    /// # Errors
    ///
    /// When there is none, or none that a proxy would load.
    pub fn file(&self, path: &Path) -> Result<Plugin, ModuleError> {
        // One file under two spellings is one module. What does not exist keeps the spelling of whoever named it.
        let known = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        self.files.get(known, || Ok(Plugin::from_file(path, &self.options)?))
    }

    /// The module of a package in the workspace of `folder`, or in one further up, built in this profile.
    ///
    /// # Errors
    ///
    /// When there is no such package, when it does not build, or when no proxy would load what it builds.
    pub fn package(&self, name: &str, profile: &str, folder: &Path) -> Result<Plugin, ModuleError> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let package =
            self.packages.get((name.to_owned(), folder.clone()), || self.cargo.find(name, &folder))?;
        let file = self.builds.get((package.clone(), profile.to_owned()), || {
            if !self.build {
                return package.built(profile);
            }
            (self.notice)(&format!("building {name} for {}", crate::cargo::TARGET));
            self.cargo.build(&package, profile)
        })?;
        self.file(&file)
    }
}

impl Modules for ModuleSource {
    fn load(&self, name: &str, source: &PluginSource) -> Result<Plugin, ModuleError> {
        match (self.overrides.get(name), source) {
            (Some(path), _) | (None, PluginSource::Path(path)) => self.file(path),
            (None, PluginSource::Cargo(CargoPackage { span, cargo, profile })) => {
                self.package(cargo, profile, &span.folder())
            }
            (None, PluginSource::Bytes(bytes)) => {
                self.bytes.get(Arc::clone(bytes), || Ok(Plugin::from_bytes(name, bytes, &self.options)?))
            }
        }
    }

    fn fetch(&self) -> Option<&dyn Fetch> {
        self.fetch.as_deref().map(|fetch| fetch as &dyn Fetch)
    }
}

impl std::fmt::Debug for ModuleSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let overrides = &self.overrides;
        f.debug_struct("ModuleSource")
            .field("build", &self.build)
            .field("overrides", overrides)
            .finish_non_exhaustive()
    }
}

/// Values that are made once, each by the first thread that asks for it.
struct Once<K, V>(Mutex<BTreeMap<K, Slot<V>>>);

/// The place of one value, filled in by whoever comes first.
type Slot<V> = Arc<OnceLock<Result<V, ModuleError>>>;

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Once<K, V> {
    fn get(&self, key: K, make: impl FnOnce() -> Result<V, ModuleError>) -> Result<V, ModuleError> {
        let place = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        place.get_or_init(make).clone()
    }
}
