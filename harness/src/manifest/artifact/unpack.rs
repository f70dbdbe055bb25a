//! What a module is packed in when it is downloaded: gzip and tar, one in the other.
//!
//! Source: Istio 1.32-dev, `pkg/wasm/httpfetcher.go`: as long as the bytes are gzip or tar they are unpacked, of a tar the
//! first entry, whatever its name; what is too large is cut off, not refused; what cannot be unpacked stays as it is.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// How often one thing can be packed in another, so that no file unpacks for ever.
const DEEPEST: usize = 16;

/// The innermost bytes, cut at `limit`.
pub(crate) fn unpacked(mut bytes: Vec<u8>, limit: u64) -> Vec<u8> {
    cut(&mut bytes, limit);
    for _ in 0..DEEPEST {
        let inner = if bytes.starts_with(&[0x1f, 0x8b]) {
            gunzip(&bytes, limit)
        } else if is_tar(&bytes) {
            first_entry(&bytes, limit)
        } else {
            return bytes;
        };
        match inner {
            Some(inner) => bytes = inner,
            None => return bytes,
        }
    }
    bytes
}

fn cut(bytes: &mut Vec<u8>, limit: u64) {
    bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
}

/// Whether bytes are a tar of the usual kind.
pub(crate) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// The bytes in a gzip stream, cut at `limit`.
pub(crate) fn gunzip(bytes: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut inner = Vec::new();
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut inner).ok()?;
    Some(inner)
}

fn first_entry(bytes: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(bytes);
    let entry = archive.entries().ok()?.next()?.ok()?;
    let mut inner = Vec::new();
    entry.take(limit).read_to_end(&mut inner).ok()?;
    Some(inner)
}
