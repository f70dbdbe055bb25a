//! A local file or folder in the place of an url: a module, a packed one, an image.

use std::path::{Path, PathBuf};

use super::layout::{self, Files};
use super::{FetchError, Fetched, LARGEST, checksum, saved, unpack, verified};

/// A module as it can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    /// The file itself.
    File(PathBuf),
    /// What was found in it.
    Bytes(Vec<u8>),
}

/// What the agent would make of `path` if `url` gave it that, with `sha256` checked.
pub(crate) fn remote(path: &Path, url: &str, sha256: Option<&str>) -> Result<Module, FetchError> {
    let about = std::fs::metadata(path)
        .map_err(|error| FetchError::new(format!("{}: cannot be opened: {error}", path.display())))?;
    let image = url.starts_with("oci://");
    let named =
        |error: FetchError| FetchError { message: format!("{}: {}", path.display(), error.message), ..error };
    if about.is_dir() {
        if !layout::is_layout(path) {
            return Err(FetchError::new(format!("{}: the folder is no OCI image layout", path.display()))
                .hint("a layout has index.json and blobs"));
        }
        return whole(layout::fetch(&Files::Folder(path), url).map_err(named)?, url, sha256);
    }
    if about.len() > LARGEST {
        return Err(FetchError::new(format!(
            "{}: has {} bytes, {LARGEST} at most",
            path.display(),
            about.len()
        )));
    }
    let bytes = std::fs::read(path)
        .map_err(|error| FetchError::new(format!("{}: cannot be read: {error}", path.display())))?;
    if image && unpack::is_tar(&bytes) && saved::is_saved(&bytes) {
        return whole(saved::fetch(&bytes, url).map_err(named)?, url, sha256);
    }
    if path.extension().is_some_and(|ending| ending == "wat") {
        return text(path, &bytes, url, sha256);
    }
    let packed = bytes.starts_with(&[0x1f, 0x8b]) || unpack::is_tar(&bytes);
    let module = unpack::unpacked(bytes, LARGEST);
    // The digest of an image is not that of its module: without the image it cannot be compared.
    let checksum = (!image).then(|| checksum::of(&module));
    let fetched = Fetched { module, checksum };
    let module = whole(fetched, url, sha256)?;
    Ok(if packed { module } else { Module::File(path.to_path_buf()) })
}

/// A module in text form stands for its binary form. No registry has one.
fn text(path: &Path, bytes: &[u8], url: &str, sha256: Option<&str>) -> Result<Module, FetchError> {
    let module = wat::parse_bytes(bytes).map_err(|error| {
        FetchError::new(format!("{}: is no module in text form: {error}", path.display()))
    })?;
    let checksum = (!url.starts_with("oci://")).then(|| checksum::of(&module));
    whole(Fetched { module: module.into_owned(), checksum }, url, sha256)?;
    Ok(Module::File(path.to_path_buf()))
}

fn whole(fetched: Fetched, url: &str, sha256: Option<&str>) -> Result<Module, FetchError> {
    verified(fetched, url, sha256).map(Module::Bytes)
}
