//! The first run of a large module: compiled by the single-pass compiler at once, and by the optimising one meanwhile, for
//! the cache that later runs load it from.
//!
//! Both give the same transcripts; the first run's code is about half as fast and is there in a fifth of the time.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use wasmtime::Module;

use super::artifact::ArtifactCache;
use super::compile::{compile_once, known};
use super::engine::{Compiler, Engine, EngineSettings};

/// Bytes from which on a module is large: Rust plugins of a few hundred KiB compile within 100 ms, Go plugins of some MiB
/// take a second.
const LARGE: usize = 1 << 20;

/// The threads that compile for the cache.
static UNDER_WAY: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// A module that need not wait for the optimising compiler, and its engine; none when there is nothing to gain: it is
/// small, there is no cache to be filled, it is known already, or the single-pass compiler cannot compile it.
pub(super) fn quickly(
    place: &str,
    wasm: &Arc<Vec<u8>>,
    sha256: &[u8; 32],
    engine: &'static Engine,
    cache: Option<&ArtifactCache>,
) -> Option<(Module, &'static Engine)> {
    let settings = engine.settings();
    let cache = cache.filter(|_| wasm.len() >= LARGE && settings.compiler == Compiler::Cranelift)?;
    // Nothing else counts fuel as Cranelift does.
    if settings.fuel || known(sha256, engine, Some(cache)).is_some() {
        return None;
    }
    let quick = Engine::get(EngineSettings { compiler: Compiler::Winch, ..settings }).ok()?;
    let module = compile_once(place, wasm, sha256, quick, None).ok()?;
    let (place, wasm, sha256, cache) = (place.to_owned(), Arc::clone(wasm), *sha256, cache.clone());
    let compile = move || {
        // It can be compiled: it was. Whoever loads it next sees what went wrong all the same.
        drop(compile_once(&place, &wasm, &sha256, engine, Some(&cache)));
    };
    if let Ok(thread) = std::thread::Builder::new().name("compile".to_owned()).spawn(compile) {
        UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }
    Some((module, quick))
}

/// Waits until everything that is compiled for later runs lies in the cache. A process that ends without it leaves the
/// work to the next one.
pub fn finish_compiling() {
    let threads = std::mem::take(&mut *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner));
    for thread in threads {
        let _ = thread.join();
    }
}
