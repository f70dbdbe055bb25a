//! Directories and files that belong to this user alone: the ground that the artifact cache stands on.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A new file that only its owner may read and nobody may open for writing, under a name that nobody else has.
pub(super) fn create(dir: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!("{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = dir.join(name);
        match system::create_read_only(&path) {
            // Left behind by a process of the same number, or another machine's on a shared disk.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (path, file)),
        }
    }
}

/// Makes or checks the directory, and gives the user that owns it. A file is made in it and removed: that tells
/// whether it can be written, and which user this process is.
pub(super) fn private_dir(dir: &Path) -> io::Result<u32> {
    if !dir.is_dir() {
        system::create_private_dir(dir)?;
    }
    let about = fs::metadata(dir)?;
    if system::others_may_enter(&about) {
        return Err(io::Error::other("others may enter it; make it private (chmod 700)"));
    }
    let (path, file) = create(dir)?;
    let me = system::owner(&file.metadata()?);
    fs::remove_file(path)?;
    if me == system::owner(&about) { Ok(me) } else { Err(io::Error::other("it belongs to another user")) }
}

/// Whether this is a regular file of the user that nobody else may write.
pub(super) fn is_private(about: &fs::Metadata, owner: u32) -> bool {
    about.is_file() && system::owner(about) == owner && !system::others_may_write(about)
}

/// What the operating system knows of owners and modes.
#[cfg(unix)]
mod system {
    use super::*;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};

    pub(super) fn owner(about: &fs::Metadata) -> u32 {
        about.uid()
    }
    pub(super) fn others_may_write(about: &fs::Metadata) -> bool {
        about.mode() & 0o022 != 0
    }
    pub(super) fn others_may_enter(about: &fs::Metadata) -> bool {
        about.mode() & 0o077 != 0
    }
    pub(super) fn create_private_dir(dir: &Path) -> io::Result<()> {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            // Another process was faster; whether it is private is checked after this.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }
    pub(super) fn create_read_only(path: &Path) -> io::Result<File> {
        File::options().write(true).create_new(true).mode(0o400).open(path)
    }
}

/// Elsewhere ownership is not known, and nothing is cached.
#[cfg(not(unix))]
mod system {
    use super::*;

    pub(super) fn owner(_: &fs::Metadata) -> u32 {
        0
    }
    pub(super) fn others_may_write(_: &fs::Metadata) -> bool {
        true
    }
    pub(super) fn others_may_enter(_: &fs::Metadata) -> bool {
        true
    }
    pub(super) fn create_private_dir(_: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) fn create_read_only(_: &Path) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
