//! Files that are there whole or not at all: written beside their place, then renamed.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes `bytes` to the file at `path`.
///
/// What is there and is no ordinary file (a pipe, `/dev/stdout`) is written to, not replaced.
///
/// # Errors
/// What the system says. Then the file at `path` is as it was.
pub fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = match fs::metadata(path) {
        Ok(there) if !there.is_file() => return fs::write(path, bytes),
        // Through links, to the file itself.
        Ok(_) => path.canonicalize()?,
        Err(_) => path.to_path_buf(),
    };
    let mut file = named(folder(&path))?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes `bytes` to a file that is not there yet.
///
/// # Errors
/// What the system says; also when there is one by now, which stays as it is.
pub fn new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = named(folder(path))?;
    file.write_all(bytes)?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Checks that [`whole`] can begin, so that this is known before minutes of work.
///
/// # Errors
/// What the system says.
pub fn possible(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Ok(()),
        Err(_) => named(folder(path)).map(drop),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A temporary file that has, once it is renamed, the permissions of any new file.
fn named(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".proxy-wasm-test.");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_nothing_is_left_beside_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.xml");
        for text in ["a longer text", "short"] {
            possible(&path).unwrap();
            whole(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(possible(dir.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(possible(&dir.path().join("no/file")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
