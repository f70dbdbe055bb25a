//! From the `url` of a resource to the bytes of its module, as Istio's agent gets them: what is unpacked, what is an
//! image, what a checksum is compared with.
//!
//! In reading order: `checksum`, `unpack` (gzip and tar), `image` (which layer holds the module), `layout` and
//! `saved` (images that lie on a disk), `place` (a local file or folder in an url's place), `fetch` (what somebody
//! else downloads).
//!
//! Everything is read in memory and limited in size: nothing is ever unpacked onto a disk, so that no archive can climb out
//! of a folder. Source: Istio 1.32-dev, `pkg/wasm`.

pub(crate) mod checksum;
mod fetch;
mod image;
mod layout;
pub(crate) mod place;
mod saved;
mod unpack;

#[cfg(test)]
mod tests;

pub use checksum::of as sha256;
pub use fetch::{Fetch, downloaded, verified, wanted};
pub use image::{Manifest, Store};

/// The most bytes of a module, and of what it is unpacked from: 256 MiB.
pub const LARGEST: u64 = 256 << 20;

/// A module that was got hold of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The module, unpacked.
    pub module: Vec<u8>,
    /// What a checksum is compared with, in small hexadecimal digits: the SHA-256 of the module itself, or that of the
    /// image's manifest. Nothing: it is not known.
    pub checksum: Option<String>,
}

/// Why there is no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Nothing came that could be looked at: no connection, no permission, no such image. In a proxy this is the same as
    /// what is no module; in a test it says nothing about the manifests.
    pub unreachable: bool,
}

impl FetchError {
    /// What came cannot be used.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, unreachable: false }
    }

    /// Nothing came.
    #[must_use]
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self { unreachable: true, ..Self::new(message) }
    }

    /// With this hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Whether bytes are a module to Istio: the magic number, and something behind it. The version is not looked at.
pub(crate) fn is_module(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes.starts_with(b"\0asm")
}
