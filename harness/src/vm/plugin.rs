//! A plugin: a compiled module and what it declares. Immutable, cheap to clone, shared between threads.
//!
//! Holds the way from bytes to a compiled module: recognise, read, check, compile. The same bytes are compiled at
//! most once per process and engine; at most two modules compile at once, which bounds peak memory. Refuses to hold
//! configuration or state: a `Plugin` says nothing about any VM.
//! Serves: Proxy-Wasm ABI v0.2.1, "Integration".

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use wasmtime::{Module, ModuleExport};

use crate::abi::{AbiVersion, CallbackId};

use super::admission;
use super::artifact::ArtifactCache;
use super::compile::compile_once;
use super::declared::{Declared, EntryPoint, MemoryPlace};
use super::engine::{self, Allocation, Compiler, Engine, EngineSettings};
use super::imageable::{ImageObstacle, image_obstacles};
use super::limits;
use super::load_error::LoadError;
use super::program::{Link, Program};
use super::quick::quickly;
use super::recognise::{corrupt, recognise};

/// How plugins are loaded.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The engine to compile for.
    pub engine: EngineSettings,
    /// Where compiled modules are kept between processes, if anywhere.
    pub cache: Option<ArtifactCache>,
    /// Memory in bytes that a VM may have; a module that starts with more is refused.
    pub max_memory: u64,
    /// Takes the single-pass compiler for a large module that the cache does not have, and lets the optimising one fill
    /// the cache meanwhile. To be had with [`finish_compiling`](super::finish_compiling) at the end of the process.
    pub quick_first: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            engine: EngineSettings::default(),
            cache: None,
            max_memory: limits::MAX_MEMORY,
            quick_first: false,
        }
    }
}

/// A module that a proxy would load, compiled, and what it declares.
#[derive(Clone, Debug)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    name: String,
    place: String,
    wasm: Arc<Vec<u8>>,
    sha256: [u8; 32],
    declared: Declared,
    version: AbiVersion,
    engine: &'static Engine,
    program: Arc<Program>,
    cache: Option<ArtifactCache>,
    /// Found out when somebody asks: every instruction is read for it.
    obstacles: OnceLock<Result<Vec<ImageObstacle>, String>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}

impl Plugin {
    /// Loads a module from its bytes, binary or text. `name` is the plugin's name, and its place in messages.
    ///
    /// # Errors
    ///
    /// When the bytes are no module, or one that Envoy would refuse. See [`LoadError`].
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: &[u8],
        options: &LoadOptions,
    ) -> Result<Self, LoadError> {
        let name = name.into();
        let place = name.clone();
        Self::load(name, place, bytes.into(), options)
    }

    /// Loads a module from a file, binary or text. The plugin's name is the file's stem.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or as [`Plugin::from_bytes`].
    pub fn from_file(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let place = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|cause| LoadError::Unreadable { place: place.clone(), cause: cause.to_string() })?;
        let name = path.file_stem().map_or_else(|| place.clone(), |stem| stem.to_string_lossy().into_owned());
        Self::load(name, place, bytes.into(), options)
    }

    fn load(
        name: String,
        place: String,
        bytes: Cow<'_, [u8]>,
        options: &LoadOptions,
    ) -> Result<Self, LoadError> {
        let wasm = Arc::new(recognise(&place, bytes)?.into_owned());
        let declared = Declared::read(&wasm).map_err(|error| corrupt(&place, &wasm, &error))?;
        if let Some(objection) = admission::objections(&place, &declared).into_iter().next() {
            return Err(objection);
        }
        Self::compiled(name, place, wasm, declared, options)
    }

    /// The same plugin for another engine: to count fuel, say, or to live outside the pool.
    ///
    /// # Errors
    ///
    /// When that engine cannot compile it.
    pub fn with_options(&self, options: &LoadOptions) -> Result<Self, LoadError> {
        let Inner { name, place, wasm, declared, .. } = &*self.0;
        Self::compiled(name.clone(), place.clone(), wasm.clone(), declared.clone(), options)
    }

    /// The same plugin with code that counts fuel: always of the optimising compiler and without inlining, so that the
    /// figures are the same on every machine.
    ///
    /// # Errors
    ///
    /// When that cannot be compiled.
    pub fn counting_fuel(&self) -> Result<Self, LoadError> {
        let engine = self.engine().settings();
        if engine.fuel && engine.compiler == Compiler::Cranelift {
            return Ok(self.clone());
        }
        let engine = EngineSettings { fuel: true, compiler: Compiler::Cranelift, ..engine };
        // It was small enough when it was loaded.
        let cache = self.0.cache.clone();
        self.with_options(&LoadOptions { engine, cache, max_memory: u64::MAX, quick_first: false })
    }

    fn compiled(
        name: String,
        place: String,
        wasm: Arc<Vec<u8>>,
        declared: Declared,
        options: &LoadOptions,
    ) -> Result<Self, LoadError> {
        let needs = declared.memories.iter().copied().max().unwrap_or(0);
        if needs > options.max_memory {
            return Err(LoadError::TooMuchMemory { place, needs, cap: options.max_memory });
        }
        let uncompilable = |cause: String| LoadError::Uncompilable { place: place.clone(), cause };
        let mut engine = Engine::get(options.engine).map_err(|error| uncompilable(error.to_string()))?;
        if !fits(engine, &declared) {
            let settings = EngineSettings { pooling: false, ..options.engine };
            engine = Engine::get(settings).map_err(|error| uncompilable(error.to_string()))?;
        }
        let sha256: [u8; 32] = Sha256::digest(&*wasm).into();
        let cache = options.cache.as_ref();
        let quick = if options.quick_first { quickly(&place, &wasm, &sha256, engine, cache) } else { None };
        let (module, engine) = match quick {
            Some(quick) => quick,
            None => (compile_once(&place, &wasm, &sha256, engine, cache)?, engine),
        };
        let version = declared
            .abi_version()
            .ok_or_else(|| LoadError::NoAbiVersion { place: place.clone(), markers: Vec::new() })?;
        let program = Arc::new(Program::new(module, engine, version, &declared));
        let cache = options.cache.clone();
        let obstacles = OnceLock::new();
        Ok(Self(Arc::new(Inner {
            name,
            place,
            wasm,
            sha256,
            declared,
            version,
            engine,
            program,
            cache,
            obstacles,
        })))
    }

    /// Its name: the file's stem, or what the caller gave.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The path it was read from, or its name.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// The module's bytes, in binary form.
    #[must_use]
    pub fn wasm(&self) -> &[u8] {
        &self.0.wasm
    }

    /// SHA-256 of [`Plugin::wasm`].
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        &self.0.sha256
    }

    /// What the module declares.
    #[must_use]
    pub fn declared(&self) -> &Declared {
        &self.0.declared
    }

    /// The ABI version it is written for.
    #[must_use]
    pub fn abi_version(&self) -> AbiVersion {
        self.0.version
    }

    /// What the host calls first.
    #[must_use]
    pub fn entry_point(&self) -> EntryPoint {
        self.0.declared.entry_point()
    }

    /// Where its memory is.
    #[must_use]
    pub fn memory(&self) -> MemoryPlace {
        self.0.declared.memory()
    }

    /// The engine it is compiled for.
    #[must_use]
    pub fn engine(&self) -> &'static Engine {
        self.0.engine
    }

    /// The compiled module.
    #[must_use]
    pub fn module(&self) -> &Module {
        self.0.program.module()
    }

    /// What instances of it are made from.
    ///
    /// # Errors
    ///
    /// When `link` does not offer an import. Admission has checked that it does.
    pub(crate) fn program(&self, link: Link) -> Result<Arc<Program>, LoadError> {
        match self.0.program.linked(link) {
            Ok(_) => Ok(Arc::clone(&self.0.program)),
            Err(error) => {
                Err(LoadError::Uncompilable { place: self.0.place.clone(), cause: format!("{error:#}") })
            }
        }
    }

    /// Why its state after the start cannot be kept as an image.
    pub(super) fn image_obstacles(&self) -> Result<&[ImageObstacle], String> {
        let found =
            self.0.obstacles.get_or_init(|| image_obstacles(self.wasm()).map_err(|error| error.to_string()));
        found.as_deref().map_err(Clone::clone)
    }

    /// Where compiled modules are kept.
    pub(crate) fn cache(&self) -> Option<&ArtifactCache> {
        self.0.cache.as_ref()
    }

    /// Where the module exports this function, if it does and the host looks it up: of `malloc` and
    /// `proxy_on_memory_allocate`, and of the entry points, only what the host would call is here.
    #[must_use]
    pub fn export(&self, id: CallbackId) -> Option<&ModuleExport> {
        self.0.program.export(id)
    }
}

/// Whether a pooled engine has room for an instance of this module.
fn fits(engine: &Engine, declared: &Declared) -> bool {
    !matches!(engine.allocation(), Allocation::Pooled { .. })
        || declared.tables.iter().all(|&elements| elements <= engine::POOLED_TABLE_ELEMENTS as u64)
            && declared.tables.len() <= engine::POOLED_TABLES as usize
            && declared.memories.len() <= engine::POOLED_MEMORIES as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::artifact::Key;

    /// A module in text form with these fields beside marker and allocator.
    fn module(fields: &str) -> String {
        format!(
            r#"(module {fields} (func (export "proxy_abi_version_0_2_1"))
               (func (export "malloc") (param i32) (result i32) (i32.const 0)))"#
        )
    }

    /// The error that bytes give, and its hint.
    fn refused(bytes: &[u8]) -> (String, Option<String>) {
        let error = Plugin::from_bytes("p", bytes, &LoadOptions::default()).unwrap_err();
        (error.to_string(), error.hint())
    }

    #[test]
    fn every_truncation_is_an_error_and_none_panics() {
        let wasm = wat::parse_str(module("(memory 1) (data (i32.const 0) \"some bytes\")")).unwrap();
        for cut in 1..wasm.len() {
            // Cut between two sections, what is left can be a module of its own.
            let Err(error) = Plugin::from_bytes("p", &wasm[..cut], &LoadOptions::default()) else { continue };
            let sound = matches!(error, LoadError::NoAbiVersion { .. } | LoadError::NoAllocator { .. });
            assert!(
                sound || error.envoy().as_deref() == Some("Failed to parse corrupted Wasm module"),
                "{cut}: {error}"
            );
        }
    }

    #[test]
    fn a_fault_in_a_function_body_is_found_with_its_place() {
        let mut wasm = wat::parse_str(module("(func (drop (i32.const 77)))")).unwrap();
        let place = wasm.windows(3).position(|bytes| bytes == [0x41, 0xcd, 0x00]).unwrap();
        wasm[place] = 0x42; // i64.const leaves a type that `drop` takes, so the fault is the unknown opcode after it
        wasm[place + 3] = 0xff;
        let (message, _) = refused(&wasm);
        assert!(message.starts_with(&format!("p: corrupt or truncated at byte {}", place + 3)), "{message}");
    }

    #[test]
    fn missing_files_are_named() {
        let error = Plugin::from_file("no/such/file.wasm", &LoadOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("no/such/file.wasm: cannot be read: "), "{error}");
    }

    #[test]
    fn a_plugin_knows_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("limiter.wat");
        let text = module(
            r#"(memory (export "memory") 1) (func (export "proxy_on_tick") (param i32)) (func (export "_start"))"#,
        );
        std::fs::write(&path, text).unwrap();
        let plugin = Plugin::from_file(&path, &LoadOptions::default()).unwrap();
        assert_eq!(plugin.name(), "limiter");
        assert_eq!(plugin.abi_version(), AbiVersion::V0_2_1);
        assert_eq!(plugin.entry_point(), EntryPoint::Command);
        assert_eq!(plugin.memory(), MemoryPlace::Exported("memory".into()));
        assert!(plugin.export(CallbackId::Tick).is_some() && plugin.export(CallbackId::Start).is_some());
        assert!(plugin.export(CallbackId::RequestHeaders).is_none());
        assert!(plugin.wasm().starts_with(b"\0asm"));
    }

    #[test]
    fn a_module_that_starts_above_the_cap_is_refused() {
        let (message, hint) = refused(module("(memory 5000)").as_bytes());
        assert_eq!(message, "p: needs 327680000 bytes of memory to start, and a VM may have 268435456");
        assert_eq!(hint.as_deref(), Some("raise the cap with `--max-memory`"));
    }

    #[test]
    fn what_the_pool_cannot_hold_lives_outside() {
        let text = module("(table 200000 funcref)");
        let plugin = Plugin::from_bytes("p", text.as_bytes(), &LoadOptions::default()).unwrap();
        assert!(!matches!(plugin.engine().allocation(), Allocation::Pooled { .. }));
    }

    #[test]
    fn one_module_is_compiled_once_and_for_each_engine() {
        let text = module(r#"(func (export "proxy_on_delete") (param i32))"#);
        let load = || Plugin::from_bytes("p", text.as_bytes(), &LoadOptions::default()).unwrap();
        let plugins: Vec<Plugin> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(plugins.iter().all(|plugin| Module::same(plugin.module(), plugins[0].module())));
        let fuel = EngineSettings { fuel: true, ..EngineSettings::default() };
        let counted =
            plugins[0].with_options(&LoadOptions { engine: fuel, ..LoadOptions::default() }).unwrap();
        assert!(!Module::same(counted.module(), plugins[0].module()));
        assert!(counted.engine().settings().fuel);
    }

    #[test]
    fn winch_compiles_too() {
        let engine = EngineSettings { compiler: Compiler::Winch, ..EngineSettings::default() };
        let options = LoadOptions { engine, ..LoadOptions::default() };
        Plugin::from_bytes("p", module("(memory 1)").as_bytes(), &options).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_large_module_is_there_quickly_and_later_runs_have_the_better_code() {
        let dir = tempfile::tempdir().unwrap();
        let cache = ArtifactCache::new(dir.path().join("artifacts"));
        let options = LoadOptions { cache: Some(cache), quick_first: true, ..LoadOptions::default() };
        let compiler = |bytes: usize| {
            let text = module(&format!("(memory 64) (data (i32.const 0) \"{}\")", "a".repeat(bytes)));
            let plugin = Plugin::from_bytes("p", text.as_bytes(), &options).unwrap();
            plugin.engine().settings().compiler
        };
        assert_eq!(compiler(1000), Compiler::Cranelift);
        assert_eq!(compiler(1 << 20), Compiler::Winch);
        crate::vm::finish_compiling();
        assert_eq!(std::fs::read_dir(dir.path().join("artifacts")).unwrap().count(), 2);
        assert_eq!(compiler(1 << 20), Compiler::Cranelift);
    }

    #[cfg(unix)]
    #[test]
    fn compiled_modules_come_back_from_the_cache() {
        let dir = tempfile::tempdir().unwrap();
        let cache = ArtifactCache::new(dir.path().join("artifacts"));
        let options = LoadOptions { cache: Some(cache.clone()), ..LoadOptions::default() };
        let text = module(r#"(func (export "proxy_on_log") (param i32))"#);
        let plugin = Plugin::from_bytes("p", text.as_bytes(), &options).unwrap();
        assert_eq!(std::fs::read_dir(cache.dir()).unwrap().count(), 1);
        let key = Key::new(plugin.sha256(), plugin.engine());
        assert!(cache.load(&key, plugin.engine()).is_some());
        assert_eq!(cache.problem(), None);
    }
}
