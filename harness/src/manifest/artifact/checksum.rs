//! What a module's checksum is, and whether it is the one that is wanted.
//!
//! | source | compared |
//! |---|---|
//! | `http`, `https` | the SHA-256 of the module, after gzip and tar |
//! | `oci` | the digest of the image's manifest, after the platform is chosen |
//! | `file` | nothing |
//!
//! Source: Istio 1.32-dev, `pkg/wasm/cache.go`.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{FetchError, Fetched};

/// The SHA-256 of bytes, in small hexadecimal digits.
#[must_use]
pub fn of(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The checksum that a module must have: that of the resource, else the digest that an image is named by.
pub(crate) fn wanted(sha256: Option<&str>, url: &str) -> Option<String> {
    given(sha256).or_else(|| digest(url)).map(str::to_owned)
}

/// The checksum of a resource, where it gives one.
pub(crate) fn given(sha256: Option<&str>) -> Option<&str> {
    sha256.filter(|text| !text.is_empty() && *text != "nil")
}

/// The SHA-256 in `oci://HOST/NAME@sha256:...`; digests of other kinds are let pass.
pub(crate) fn digest(url: &str) -> Option<&str> {
    url.strip_prefix("oci://")?.rsplit_once("@sha256:").map(|(_, digest)| digest)
}

/// Complains when what came from `url` is not what was wanted.
pub(crate) fn check(fetched: &Fetched, wanted: Option<&str>, url: &str) -> Result<(), FetchError> {
    match (wanted, &fetched.checksum) {
        (Some(wanted), Some(found)) if wanted != found => {
            let what = if url.starts_with("oci://") {
                "an image is compared by the digest of its manifest, not by its module"
            } else {
                "a module is compared after it is unpacked"
            };
            Err(FetchError::new(format!("the module from {url} has the checksum {found}, not {wanted}"))
                .hint(what))
        }
        _ => Ok(()),
    }
}
