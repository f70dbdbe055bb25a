//! The disk cache of compiled modules: a second run maps what the first one compiled.
//!
//! Holds one file per (module bytes, engine, our format). A file that is damaged, cut off, of another version or of
//! another owner is compiled again and replaced; a directory that cannot be used makes runs slower, never wrong, and
//! is reported as a value ([`ArtifactCache::problem`]). Refuses to choose a directory: the caller does.
//!
//! # Why the one `unsafe` call is sound
//!
//! `Module::deserialize_open_file` maps machine code. wasmtime asks that the bytes come from a compatible engine's
//! `serialize`, and that they do not change while the module lives.
//!
//! 1. *They come from us.* The open handle is a regular file, owned by this process's user, that nobody else may
//!    write (checked on the handle, not on the path), in a directory that nobody else may enter. Only [`store`] makes
//!    such files there. Whoever can write them all the same acts as this user and needs no cache to run code.
//! 2. *They are whole.* The last bytes of the file hold the body's length, the key, and a checksum of body and key.
//!    They are verified on the same handle that is then mapped, so no other file can take its place in between. The
//!    checksum is against accidents (a full disk, a crash, bad memory); point 1 is against malice.
//! 3. *They fit.* The key covers wasmtime's own hash of everything that decides compatibility, and wasmtime checks
//!    version and flags once more while loading.
//! 4. *They do not change.* Files are written under a temporary name, made read-only at their creation, and renamed;
//!    after the rename nothing opens them for writing. Replacing renames another file over the name and removal
//!    unlinks it: a mapped file lives on unchanged until it is unmapped.
//!
//! [`store`]: ArtifactCache::store

mod checksum;
mod private;
#[cfg(all(test, unix))]
mod tests;

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wasmtime::Module;

use self::checksum::Checksum;
use super::engine::Engine;

/// Changes when the layout of the files does.
const FORMAT: &[u8; 8] = b"pwart-02";
/// Bytes behind the body: format, length of the body, key, checksum.
const TRAILER: usize = 8 + 8 + 32 + 32;
/// Bytes that all files together may take; the oldest go first.
const LIMIT: u64 = 512 << 20;

/// Why the cache is not used, or not filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("compiled modules are not cached in {}: {cause}", dir.display())]
pub struct CacheProblem {
    /// The directory.
    pub dir: PathBuf,
    /// What is wrong with it.
    pub cause: String,
}

/// A private directory of compiled modules. Cheap to clone; clones share what they know.
#[derive(Clone, Debug)]
pub struct ArtifactCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    /// The user that owns the directory and every file in it; none when the cache cannot be used.
    owner: Option<u32>,
    problem: Mutex<Option<CacheProblem>>,
}

/// What a compiled module is filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// The key of a module (its SHA-256) compiled by this engine.
    pub(super) fn new(module: &[u8; 32], engine: &Engine) -> Self {
        let mut sha = Sha256::new();
        sha.update(FORMAT);
        sha.update(env!("CARGO_PKG_VERSION"));
        sha.update(module);
        let mut hasher = ShaHasher(sha);
        engine.wasmtime().precompile_compatibility_hash().hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }
}

/// Feeds what is hashed to SHA-256, so that nothing depends on the standard library's hasher.
struct ShaHasher(Sha256);

impl Hasher for ShaHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    }
}

impl ArtifactCache {
    /// A cache in `dir`, which is made (mode 0700) when it is not there. Never fails: a directory that cannot be
    /// used, or that others may enter, gives a cache that holds nothing and says why.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let (owner, problem) = match private::private_dir(&dir) {
            Ok(owner) => (Some(owner), None),
            Err(cause) => (None, Some(CacheProblem { dir: dir.clone(), cause: cause.to_string() })),
        };
        Self(Arc::new(Inner { dir, owner, problem: Mutex::new(problem) }))
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// The first thing that kept the cache from working, to be reported once.
    #[must_use]
    pub fn problem(&self) -> Option<CacheProblem> {
        self.0.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The file of a key.
    fn path(&self, key: &Key) -> PathBuf {
        self.0.dir.join(HEXLOWER.encode(&key.0)).with_extension("pwart")
    }

    /// The compiled module of this key, when there is a sound file for it.
    #[expect(
        unsafe_code,
        reason = "mapping compiled code is unsafe in wasmtime; the proof is in the module's doc"
    )]
    pub(super) fn load(&self, key: &Key, engine: &Engine) -> Option<Module> {
        let owner = self.0.owner?;
        let file = File::open(self.path(key)).ok()?;
        verify(&file, owner, key).ok()?;
        // SAFETY: points 1 to 4 of the module's doc. `verify` checked this very handle.
        unsafe { Module::deserialize_open_file(engine.wasmtime(), file) }.ok()
    }

    /// Files a compiled module. Failing is no error: the problem is kept for the report.
    pub(super) fn store(&self, key: &Key, module: &Module) {
        if self.0.owner.is_none() {
            return;
        }
        let written = module.serialize().map_err(io::Error::other).and_then(|body| self.write(key, &body));
        if let Err(cause) = written.and_then(|()| self.shrink(LIMIT)) {
            let mut problem = self.0.problem.lock().unwrap_or_else(PoisonError::into_inner);
            problem.get_or_insert_with(|| CacheProblem { dir: self.0.dir.clone(), cause: cause.to_string() });
        }
    }

    /// Writes a file under a name of its own and renames it. Concurrent writers of one key each rename a whole file.
    fn write(&self, key: &Key, body: &[u8]) -> io::Result<()> {
        let (temporary, mut file) = private::create(&self.0.dir)?;
        let renamed = file
            .write_all(body)
            .and_then(|()| file.write_all(&trailer(key, body.len() as u64, Checksum::of(body))))
            .and_then(|()| fs::rename(&temporary, self.path(key)));
        renamed.inspect_err(|_| _ = fs::remove_file(&temporary))
    }

    /// Removes the oldest files until the rest fits in `limit` bytes.
    fn shrink(&self, limit: u64) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.0.dir)? {
            let entry = entry?;
            // Another process may have removed it since.
            if let Ok(about) = entry.metadata().and_then(|about| Ok((about.modified()?, about.len()))) {
                files.push((about.0, entry.path(), about.1));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, _, len)| len).sum();
        for (_, path, len) in files {
            if total <= limit {
                break;
            }
            _ = fs::remove_file(path);
            total -= len;
        }
        Ok(())
    }
}

/// Whether the open file is ours, whole, and of this key.
fn verify(mut file: &File, owner: u32, key: &Key) -> io::Result<()> {
    let about = file.metadata()?;
    let ours = private::is_private(&about, owner);
    let body = about.len().checked_sub(TRAILER as u64).filter(|_| ours).ok_or(io::ErrorKind::InvalidData)?;
    let mut checksum = Checksum::new();
    let mut buffer = vec![0; 256 << 10];
    let mut left = body;
    while left > 0 {
        let part = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut buffer[..part])?;
        checksum.add(&buffer[..part]);
        left -= part as u64;
    }
    let mut found = [0; TRAILER];
    file.read_exact(&mut found)?;
    if found == trailer(key, body, checksum) { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// The end of a file.
fn trailer(key: &Key, body: u64, mut checksum: Checksum) -> [u8; TRAILER] {
    let mut bytes = [0; TRAILER];
    bytes[..8].copy_from_slice(FORMAT);
    bytes[8..16].copy_from_slice(&body.to_le_bytes());
    bytes[16..48].copy_from_slice(&key.0);
    checksum.add(&bytes[..48]);
    for (place, lane) in bytes[48..].chunks_exact_mut(8).zip(checksum.lanes()) {
        place.copy_from_slice(&lane.to_le_bytes());
    }
    bytes
}
