//! Buckets in the shared key-value store, changed by compare-and-swap.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proxy_wasm::hostcalls;
use proxy_wasm::types::Status;

use crate::bucket::Bucket;
use crate::config::Config;
use crate::defect::Defect;

/// Writes that may come too late before a request is refused: a limiter that cannot count does not admit.
const ATTEMPTS: u32 = 100;

/// A number that no write has had. With 0 a write is unconditional; with this one it is done where there is no entry, and
/// not where another VM has made one since.
const NO_ENTRY: u32 = u32::MAX;

thread_local! {
    /// What takes the store's place for one defect.
    static OWN: RefCell<BTreeMap<String, Bucket>> = const { RefCell::new(BTreeMap::new()) };
}

/// Takes a token from the bucket of this name.
pub(crate) fn take(config: &Config, name: &str, clock: impl Fn() -> u64) -> bool {
    for _ in 0..ATTEMPTS {
        let Some((stored, number)) = read(config, name) else { return false };
        let now = clock();
        let set_back = stored.is_some_and(|stored| stored.is_later_than(now));
        let mut bucket = stored.unwrap_or_else(|| Bucket::full(config, now)).at(config, now);
        let admitted = bucket.take(config);
        if !admitted && config.defect == Some(Defect::RefillsOnRefusal) {
            bucket = Bucket::full(config, now);
        } else if !admitted && !set_back {
            // Nothing has changed. Where the clock has gone back, time goes on from there.
            return false;
        }
        match write(config, name, bucket, number) {
            Ok(()) => return admitted,
            Err(Status::CasMismatch) if config.defect == Some(Defect::NoRetry) => return admitted,
            Err(Status::CasMismatch) => {}
            Err(_) => return false,
        }
    }
    false
}

/// The bucket and the number of its last write; nothing when the store fails.
fn read(config: &Config, name: &str) -> Option<(Option<Bucket>, u32)> {
    if config.defect == Some(Defect::PerWorker) {
        return Some((OWN.with_borrow(|own| own.get(name).copied()), 0));
    }
    let (bytes, number) = hostcalls::get_shared_data(name).ok()?;
    Some((bytes.and_then(|bytes| Bucket::read(&bytes)), number.unwrap_or(NO_ENTRY)))
}

fn write(config: &Config, name: &str, bucket: Bucket, number: u32) -> Result<(), Status> {
    match config.defect {
        Some(Defect::PerWorker) => {
            OWN.with_borrow_mut(|own| own.insert(name.to_owned(), bucket));
            Ok(())
        }
        Some(Defect::BlindWrite) => hostcalls::set_shared_data(name, Some(&bucket.bytes()), None),
        _ => hostcalls::set_shared_data(name, Some(&bucket.bytes()), Some(number)),
    }
}
