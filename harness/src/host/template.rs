//! A host described and tried once, from which fresh ones come.
//!
//! The first ones are started like any host. Meanwhile an image of the start is made, by a thread of its own so that nobody
//! waits, and later ones come from it. Which way a host came cannot be seen in it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::Host;
use super::builder::Builder;
use super::error::HostError;
use super::image::HostImage;
use super::start::{self, Started};
use crate::vm::NoImage;

/// Starts after which an image is looked for in the cache. Looking costs a start, a copy of the memory and its hash.
const LOOK_AFTER: u32 = 16;

/// Starts after which an image is compiled. See `BENCHMARKS.md`, "Images", for the figures behind it.
const COMPILE_AFTER: u32 = 1000;

/// Makes fresh hosts that are all alike: same chain, same start, same seed. Shared between threads; clones share what
/// they have made.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    builder: Arc<Builder>,
    started: AtomicU32,
    image: OnceLock<Result<HostImage, NoImage>>,
}

impl Template {
    /// Tries the start once, so that a refusal shows here and not in a test case.
    pub(super) fn new(builder: Builder) -> Result<Self, HostError> {
        let builder = Arc::new(builder);
        drop(start::running(&builder, builder.seed)?);
        Ok(Self(Arc::new(Inner { builder, started: AtomicU32::new(0), image: OnceLock::new() })))
    }

    /// A fresh host, started and configured.
    ///
    /// # Panics
    ///
    /// When the start fails that went well when the template was made: only a machine that runs out of memory does that.
    #[must_use]
    pub fn fresh(&self) -> Host {
        self.seeded(self.0.builder.seed)
    }

    /// A fresh host whose randomness comes from `seed` once it is started.
    ///
    /// # Panics
    ///
    /// As [`Self::fresh`].
    #[must_use]
    pub fn seeded(&self, seed: u64) -> Host {
        let host = match self.0.image.get() {
            Some(Ok(image)) => image.host(seed),
            Some(Err(_)) => start::running(&self.0.builder, seed),
            None => {
                self.count();
                start::running(&self.0.builder, seed)
            }
        };
        host.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes the image now, and waits for it, in place of after many hosts.
    ///
    /// # Errors
    ///
    /// When a plugin of the chain cannot be imaged: every host is started then.
    pub fn image(&self) -> Result<(), NoImage> {
        self.0.make(true);
        match self.0.image.get() {
            Some(Err(why)) => Err(why.clone()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Whether hosts come from an image now.
    #[must_use]
    pub fn imaged(&self) -> bool {
        matches!(self.0.image.get(), Some(Ok(_)))
    }

    /// One more start; at some numbers it is worth while to do something about it.
    fn count(&self) {
        let compile = match self.0.started.fetch_add(1, Ordering::Relaxed) {
            LOOK_AFTER => false,
            COMPILE_AFTER => true,
            _ => return,
        };
        let inner = Arc::clone(&self.0);
        // Without a thread there is no image, and hosts go on being started.
        let _ = std::thread::Builder::new().name("image".to_owned()).spawn(move || inner.make(compile));
    }
}

impl Inner {
    fn make(&self, compile: bool) {
        if self.image.get().is_some() {
            return;
        }
        let Ok(Started::Running(mut host)) = start::configured(&self.builder) else { return };
        host.judged();
        if let Some(image) = HostImage::of(&mut host, compile).transpose() {
            // Of two that were made at once, which are alike, the first stays.
            let _ = self.image.set(image);
        }
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("imaged", &self.imaged()).finish_non_exhaustive()
    }
}
