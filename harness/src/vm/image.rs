//! Images: what a VM was when it had been configured, as a module of its own.
//!
//! Starting a plugin costs what its language's runtime does first: a Go runtime touches megabytes. A module whose data
//! and globals are those of a started VM needs no start: an instance of it maps them copy-on-write. The code is the same,
//! so what a callback does, and the fuel that it takes, is the same.
//!
//! In reading order: `expose` (globals can be read), `snapshot` (what is kept), `encode` (the new module). Which modules
//! cannot be kept so is in `imageable`. Refuses to hold the host's side of a start; that is `host::image`'s.

mod encode;
mod expose;
mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::compile::{compile_once, known};
use super::imageable::ImageObstacle;
use super::machine::Vm;
use super::plugin::Plugin;
use super::program::Program;

pub(super) use expose::expose_globals;

/// Why there is no image of a started plugin: it is started anew each time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoImage {
    /// The module holds state where no image can keep it.
    #[error("the module {}", join(.0))]
    Obstacles(Vec<ImageObstacle>),
    /// A callback of the start trapped, so the VM is dead.
    #[error("a callback trapped during the start")]
    Trapped,
    /// The module was damaged, or its globals cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The image cannot be compiled.
    #[error("the image cannot be compiled: {0}")]
    Uncompilable(String),
}

fn join(obstacles: &[ImageObstacle]) -> String {
    obstacles.iter().map(|obstacle| obstacle.text()).collect::<Vec<_>>().join(", and ")
}

/// An image's module, not compiled yet.
pub(crate) struct ImageModule<'a> {
    plugin: &'a Plugin,
    wasm: Vec<u8>,
    sha256: [u8; 32],
}

impl<'a> ImageModule<'a> {
    /// The image of `vm`, which runs `plugin` and is between two callbacks.
    ///
    /// # Errors
    ///
    /// When the module holds state that an image cannot keep. See [`NoImage`].
    pub(crate) fn of(plugin: &'a Plugin, vm: &mut Vm) -> Result<Self, NoImage> {
        let obstacles = plugin.image_obstacles().map_err(NoImage::Unreadable)?;
        if !obstacles.is_empty() {
            return Err(NoImage::Obstacles(obstacles.to_vec()));
        }
        let wasm = encode::encode(plugin.wasm(), &vm.snapshot())?;
        let sha256 = Sha256::digest(&wasm).into();
        Ok(Self { plugin, wasm, sha256 })
    }

    /// The image, when it was compiled before: by this process, or by an earlier one that left it in the cache.
    pub(crate) fn known(&self) -> Option<Arc<Program>> {
        known(&self.sha256, self.plugin.engine(), self.plugin.cache()).map(|module| self.program(module))
    }

    /// The image, compiled.
    ///
    /// # Errors
    ///
    /// When the engine cannot compile it.
    pub(crate) fn compile(&self) -> Result<Arc<Program>, NoImage> {
        let plugin = self.plugin;
        compile_once(plugin.place(), &self.wasm, &self.sha256, plugin.engine(), plugin.cache())
            .map(|module| self.program(module))
            .map_err(|error| NoImage::Uncompilable(error.to_string()))
    }

    fn program(&self, module: wasmtime::Module) -> Arc<Program> {
        let plugin = self.plugin;
        Arc::new(Program::new(module, plugin.engine(), plugin.abi_version(), plugin.declared()))
    }
}
