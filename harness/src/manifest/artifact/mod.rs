//! From the `url` of a resource to the bytes of its module, as Istio's agent gets them: what is unpacked, what is an
//! image, what a checksum is compared with.
//!
//! In reading order: [`checksum`], [`unpack`] (gzip and tar), [`image`] (which layer holds the module), [`layout`] and
//! [`saved`] (images that lie on a disk), [`place`] (a local file or folder in an url's place).
//!
//! Everything is read in memory and limited in size: nothing is ever unpacked onto a disk, so that no archive can climb out
//! of a folder. Source: Istio 1.32-dev, `pkg/wasm`.

pub(crate) mod checksum;
mod image;
mod layout;
pub(crate) mod place;
mod saved;
mod unpack;

#[cfg(test)]
mod tests;

/// The most bytes of a module, and of what it is unpacked from.
pub(crate) const LARGEST: u64 = 256 << 20;

/// A module that was got hold of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) module: Vec<u8>,
    /// What a checksum is compared with: of the module itself, or of the image's manifest. Nothing: it is not known.
    pub(crate) checksum: Option<String>,
}

/// Why there is no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl FetchError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Whether bytes are a module to Istio: the magic number, and something behind it. The version is not looked at.
pub(crate) fn is_module(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes.starts_with(b"\0asm")
}
