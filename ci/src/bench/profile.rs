//! A profile of the plugins' functions, sampled while the scenario is repeated.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::time::{APART, Timed};
use crate::error::Error;
use crate::write;

/// Between two samples.
const INTERVAL: Duration = Duration::from_millis(1);

/// Repeats the scenario for so long, and writes where the plugins spent the time.
pub(super) fn write(timed: Timed<'_>, name: &str, time: Duration, path: &Path) -> Result<(), Error> {
    let mut host = timed.fresh();
    let unusable = |error: proxy_wasm_harness::vm::ProfileError| {
        Error::usage(
            error.to_string(),
            "profiles need the checks that end a hang: leave `--unguarded` out".to_owned(),
        )
    };
    let profile = host.profile(name, INTERVAL).map_err(unusable)?;
    let over = AtomicBool::new(false);
    let played = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(INTERVAL);
                profile.tick();
            }
        });
        let _stop = Stop(&over);
        let began = Instant::now();
        while began.elapsed() < time {
            (host, _) = timed.replay.play(host)?;
            host.advance(APART);
        }
        Ok(())
    });
    played.map_err(Error::Run)?;
    let mut json = Vec::new();
    profile.finish(&mut json).map_err(unusable)?;
    write::whole(path, &json).map_err(Error::writing(path))
}

/// Ends the ticks, also when the repetitions end in a panic.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
