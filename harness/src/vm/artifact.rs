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

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wasmtime::Module;

use super::engine::Engine;

/// Changes when the layout of the files does.
const FORMAT: &[u8; 8] = b"pwart-01";
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
        let (owner, problem) = match private_dir(&dir) {
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
        let (temporary, mut file) = create(&self.0.dir)?;
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
    let ours = about.is_file() && system::owner(&about) == owner && !system::others_may_write(&about);
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
    for (place, lane) in bytes[48..].chunks_exact_mut(8).zip(checksum.0) {
        place.copy_from_slice(&lane.to_le_bytes());
    }
    bytes
}

/// A checksum against accidents, at memory speed: four lanes of eight bytes. Each step is reversible, so damage
/// within one word always shows; wider damage goes unseen once in 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Checksum([u64; 4]);

impl Checksum {
    /// Of nothing yet.
    fn new() -> Self {
        Self([0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x27d4_eb2f_1656_67c5])
    }

    /// Of these bytes.
    fn of(bytes: &[u8]) -> Self {
        let mut sum = Self::new();
        sum.add(bytes);
        sum
    }

    /// Adds bytes. All parts but the last must be multiples of 32 bytes, or the sum depends on where it was cut.
    fn add(&mut self, bytes: &[u8]) {
        let mut blocks = bytes.chunks_exact(32);
        for block in &mut blocks {
            self.block(block);
        }
        let rest = blocks.remainder();
        if !rest.is_empty() {
            let mut block = [0; 32];
            block[..rest.len()].copy_from_slice(rest);
            self.block(&block);
        }
    }

    /// Adds one block of 32 bytes.
    fn block(&mut self, block: &[u8]) {
        for (lane, word) in self.0.iter_mut().zip(block.as_chunks::<8>().0) {
            let mixed = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(0x9fb2_1c65_1e98_df25);
            *lane = mixed.rotate_left(29) ^ (mixed >> 37 << 8);
        }
    }
}

/// A new file that only its owner may read and nobody may open for writing, under a name that nobody else has.
fn create(dir: &Path) -> io::Result<(PathBuf, File)> {
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
fn private_dir(dir: &Path) -> io::Result<u32> {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::vm::engine::EngineSettings;
    use std::os::unix::fs::PermissionsExt;

    const WAT: &str = r#"(module (func (export "answer") (result i32) (i32.const 42)))"#;

    /// A cache in a fresh directory that holds one module.
    fn filled() -> (tempfile::TempDir, ArtifactCache, Key, &'static Engine) {
        let engine = Engine::get(EngineSettings::default()).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let cache = ArtifactCache::new(parent.path().join("artifacts"));
        let key = Key::new(&[7; 32], engine);
        cache.store(&key, &Module::new(engine.wasmtime(), wat::parse_str(WAT).unwrap()).unwrap());
        assert_eq!(cache.problem(), None);
        (parent, cache, key, engine)
    }

    /// Puts other bytes in the place of the file, as nobody who keeps the rules would.
    fn tamper(cache: &ArtifactCache, key: &Key, change: impl FnOnce(&mut Vec<u8>)) {
        let path = cache.path(key);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    }

    #[test]
    fn what_was_stored_runs_when_loaded() {
        let (_parent, cache, key, engine) = filled();
        let module = cache.load(&key, engine).unwrap();
        let mut store = wasmtime::Store::new(engine.wasmtime(), ());
        store.set_epoch_deadline(1000);
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
        let answer = instance.get_typed_func::<(), i32>(&mut store, "answer").unwrap();
        assert_eq!(answer.call(&mut store, ()).unwrap(), 42);
        assert!(cache.load(&Key::new(&[8; 32], engine), engine).is_none());
        let mode = fs::metadata(cache.dir()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn damage_of_every_kind_is_seen_and_mended() {
        type Damage = fn(&mut Vec<u8>);
        let damages: [(&str, Damage); 7] = [
            ("a bit flipped in the body", |bytes| bytes[4096] ^= 4),
            ("a bit flipped in the checksum", |bytes| *bytes.last_mut().unwrap() ^= 1),
            ("cut off", |bytes| bytes.truncate(bytes.len() - 100)),
            ("cut to less than a trailer", |bytes| bytes.truncate(10)),
            ("empty", Vec::clear),
            ("longer", |bytes| bytes.extend([0; 32])),
            ("another format", |bytes| {
                let format = bytes.len() - TRAILER;
                bytes[format + 7] = b'0';
            }),
        ];
        for (what, damage) in damages {
            let (_parent, cache, key, engine) = filled();
            tamper(&cache, &key, damage);
            assert!(cache.load(&key, engine).is_none(), "{what}");
            cache.store(&key, &Module::new(engine.wasmtime(), wat::parse_str(WAT).unwrap()).unwrap());
            assert!(cache.load(&key, engine).is_some(), "{what}");
        }
    }

    #[test]
    fn a_file_under_another_files_name_is_not_taken() {
        let (_parent, cache, key, engine) = filled();
        let other = Key::new(&[8; 32], engine);
        fs::rename(cache.path(&key), cache.path(&other)).unwrap();
        assert!(cache.load(&other, engine).is_none());
    }

    #[test]
    fn a_file_that_others_may_write_is_not_taken() {
        let (_parent, cache, key, engine) = filled();
        fs::set_permissions(cache.path(&key), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(cache.load(&key, engine).is_none());
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_reported_and_no_error() {
        let parent = tempfile::tempdir().unwrap();
        let open = parent.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        for dir in [open, file.clone(), file.join("below")] {
            let cache = ArtifactCache::new(&dir);
            let engine = Engine::get(EngineSettings::default()).unwrap();
            let key = Key::new(&[7; 32], engine);
            cache.store(&key, &Module::new(engine.wasmtime(), wat::parse_str(WAT).unwrap()).unwrap());
            assert!(cache.load(&key, engine).is_none());
            let problem = cache.problem().unwrap();
            assert_eq!(problem.dir, dir);
            assert!(problem.to_string().starts_with("compiled modules are not cached in "), "{problem}");
        }
    }

    #[test]
    fn a_directory_that_vanishes_is_reported() {
        let (parent, cache, key, engine) = filled();
        drop(parent);
        cache.store(&key, &Module::new(engine.wasmtime(), wat::parse_str(WAT).unwrap()).unwrap());
        assert!(cache.problem().is_some());
    }

    #[test]
    fn writers_at_once_leave_a_sound_file_and_nothing_else() {
        let (_parent, cache, key, engine) = filled();
        let module = Module::new(engine.wasmtime(), wat::parse_str(WAT).unwrap()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        cache.store(&key, &module);
                        assert!(cache.load(&key, engine).is_some());
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(cache.dir()).unwrap().count(), 1);
        assert_eq!(cache.problem(), None);
    }

    #[test]
    fn the_oldest_files_go_when_there_are_too_many_bytes() {
        let (_parent, cache, key, engine) = filled();
        let size = fs::metadata(cache.path(&key)).unwrap().len();
        let newer = Key::new(&[8; 32], engine);
        fs::copy(cache.path(&key), cache.path(&newer)).unwrap();
        let epoch = std::time::SystemTime::UNIX_EPOCH;
        fs::set_permissions(cache.path(&key), fs::Permissions::from_mode(0o600)).unwrap();
        File::options().write(true).open(cache.path(&key)).unwrap().set_modified(epoch).unwrap();
        cache.shrink(size * 3 / 2).unwrap();
        assert!(!cache.path(&key).exists() && cache.path(&newer).exists());
    }

    #[test]
    fn the_checksum_does_not_depend_on_how_the_bytes_were_cut() {
        let bytes: Vec<u8> = (0..1000u32).map(|n| (n * 7) as u8).collect();
        let mut parts = Checksum::new();
        parts.add(&bytes[..640]);
        parts.add(&bytes[640..]);
        assert_eq!(parts, Checksum::of(&bytes));
    }

    #[test]
    fn engines_with_other_settings_have_other_keys() {
        let with = |guard| {
            Engine::get(EngineSettings { guard, pooling: false, ..EngineSettings::default() }).unwrap()
        };
        assert_ne!(Key::new(&[7; 32], with(true)), Key::new(&[7; 32], with(false)));
    }
}
