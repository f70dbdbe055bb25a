//! Compiles modules: at most once per process and engine, at most two at a time, through the disk cache.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use wasmtime::Module;

use super::artifact::{ArtifactCache, Key};
use super::engine::{Engine, EngineSettings};
use super::image::expose_globals;
use super::load_error::LoadError;
use super::recognise::corrupt;

/// A module's place in the memo: whoever comes first compiles, the others wait for it.
type Slot = Arc<Mutex<Option<Module>>>;
/// What a module is remembered under: its SHA-256 and the engine.
type MemoKey = ([u8; 32], EngineSettings);

/// The slot of a module.
fn slot(sha256: &[u8; 32], engine: &Engine) -> Slot {
    static MEMO: Mutex<BTreeMap<MemoKey, Slot>> = Mutex::new(BTreeMap::new());
    let mut memo = MEMO.lock().unwrap_or_else(PoisonError::into_inner);
    memo.entry((*sha256, engine.settings())).or_default().clone()
}

/// The module, when it need not be compiled any more.
pub(super) fn known(sha256: &[u8; 32], engine: &Engine, cache: Option<&ArtifactCache>) -> Option<Module> {
    let slot = slot(sha256, engine);
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if slot.is_none() {
        *slot = cache.and_then(|cache| cache.load(&Key::new(sha256, engine), engine));
    }
    slot.clone()
}

/// The module, compiled or loaded at most once per process. Its mutable globals are exported besides, see `image`.
pub(super) fn compile_once(
    place: &str,
    wasm: &[u8],
    sha256: &[u8; 32],
    engine: &Engine,
    cache: Option<&ArtifactCache>,
) -> Result<Module, LoadError> {
    let slot = slot(sha256, engine);
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = &*slot {
        return Ok(module.clone());
    }
    let key = cache.map(|cache| (cache, Key::new(sha256, engine)));
    let module = match key.as_ref().and_then(|(cache, key)| cache.load(key, engine)) {
        Some(module) => module,
        None => {
            let module = compile(place, wasm, engine)?;
            if let Some((cache, key)) = &key {
                cache.store(key, &module);
            }
            module
        }
    };
    *slot = Some(module.clone());
    Ok(module)
}

/// Compiles, waiting while two others do.
fn compile(place: &str, wasm: &[u8], engine: &Engine) -> Result<Module, LoadError> {
    let _turn = Turn::wait();
    Module::from_binary(engine.wasmtime(), &expose_globals(wasm)).map_err(|error| {
        // wasmtime compiles while it validates; on failure, validate again for the place of the fault.
        match wasmparser::Validator::new().validate_all(wasm) {
            Err(fault) => corrupt(place, wasm, &fault),
            Ok(_) => LoadError::Uncompilable { place: place.to_owned(), cause: format!("{error:#}") },
        }
    })
}

/// Leave to compile. A large Go module takes about 100 MiB while it compiles, so there are two.
struct Turn;

static TURNS: (Mutex<u32>, Condvar) = (Mutex::new(2), Condvar::new());

impl Turn {
    fn wait() -> Self {
        let (free, given_back) = &TURNS;
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = given_back.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        TURNS.1.notify_one();
    }
}
