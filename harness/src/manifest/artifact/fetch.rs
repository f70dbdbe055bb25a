//! What whoever downloads modules needs to know of Istio's agent, and how it is asked. Nothing here downloads.

use super::{FetchError, Fetched, LARGEST, checksum, is_module, unpack};
use crate::manifest::resolved::Link;

/// Gets the modules that urls lead to. This crate asks no network: whoever runs scenarios or resolves manifests says who
/// does.
pub trait Fetch: Sync {
    /// The module of a link whose url is remote, in the form that the agent gets: `http`, `https` or `oci`. It has the
    /// checksum that the manifest wants ([`verified`]).
    ///
    /// # Errors
    ///
    /// When it cannot be had, or is not what the manifest wants.
    fn fetch(&self, link: &Link, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// The module in the body of an `http` or `https` answer: unpacked from gzip and tar as often as it is packed, and cut at
/// [`LARGEST`] bytes.
#[must_use]
pub fn downloaded(body: Vec<u8>) -> Fetched {
    let module = unpack::unpacked(body, LARGEST);
    let checksum = Some(checksum::of(&module));
    Fetched { module, checksum }
}

/// The checksum that the module of an url must have: that of the resource, else the digest that an image is named by.
#[must_use]
pub fn wanted(url: &str, sha256: Option<&str>) -> Option<String> {
    checksum::wanted(sha256, url)
}

/// The module, if it is one and has the checksum that is wanted.
///
/// # Errors
///
/// When it is not.
pub fn verified(fetched: Fetched, url: &str, sha256: Option<&str>) -> Result<Vec<u8>, FetchError> {
    let given = checksum::given(sha256);
    if let (true, Some(sha256), Some(digest)) = (fetched.checksum.is_some(), given, checksum::digest(url))
        && sha256 != digest
    {
        // It is fetched by the one and compared with the other.
        let message =
            format!("the digest of {url} is not the sha256 of the resource, {sha256}: it never matches");
        return Err(FetchError::new(message));
    }
    checksum::check(&fetched, checksum::wanted(sha256, url).as_deref(), url)?;
    if !is_module(&fetched.module) {
        return Err(FetchError::new(format!("what comes from {url} is no wasm module")));
    }
    Ok(fetched.module)
}
