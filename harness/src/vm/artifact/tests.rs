//! What the cache does with damage, other owners, and several writers.

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
fn engines_with_other_settings_have_other_keys() {
    let with =
        |guard| Engine::get(EngineSettings { guard, pooling: false, ..EngineSettings::default() }).unwrap();
    assert_ne!(Key::new(&[7; 32], with(true)), Key::new(&[7; 32], with(false)));
}
