//! Why trials print nothing.
//!
//! libtest-mimic does not capture output, so whatever a trial prints stands between the lines of the others. Two things
//! would: a panic, whose message is taken here for the trial's own; and insta, which shows a difference when it finds one
//! and is silenced by `INSTA_OUTPUT=none` in the environment. A program cannot safely change its own environment, so it
//! starts itself again, once, before anything else happens.

use std::cell::RefCell;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::{Command, ExitCode};

thread_local! {
    /// The panics of the trial that runs on this thread; nothing outside of trials.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Starts this program again in insta's quiet, unless that has happened. Comes back with an exit code when the program
/// has run by now, and with nothing when this is the one to run.
pub(super) fn restart(manifest_dir: &Path) -> Option<ExitCode> {
    if std::env::var_os("INSTA_OUTPUT").is_some_and(|value| value == "none") {
        return None;
    }
    let mut again = Command::new(std::env::current_exe().ok()?);
    again.args(std::env::args_os().skip(1)).env("INSTA_OUTPUT", "none");
    if std::env::var_os("INSTA_WORKSPACE_ROOT").is_none() {
        again.env("INSTA_WORKSPACE_ROOT", workspace(manifest_dir));
    }
    become_it(&mut again)
}

/// The root of the caller's workspace: where its lock file is. insta would start Cargo to know it, in each process.
fn workspace(manifest_dir: &Path) -> OsString {
    let root = manifest_dir.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.unwrap_or(manifest_dir).to_path_buf().into_os_string()
}

/// Takes the place of this process. That it comes back means that it cannot; insta is then as loud as it is.
#[cfg(unix)]
fn become_it(program: &mut Command) -> Option<ExitCode> {
    let _why = std::os::unix::process::CommandExt::exec(program);
    None
}

/// Runs the program to its end.
#[cfg(not(unix))]
fn become_it(program: &mut Command) -> Option<ExitCode> {
    let status = program.status().ok()?;
    Some(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// From here on, panics in trials are kept for their messages and not printed; all others are printed as ever.
pub(super) fn catch_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
        let kept = PANICS.with_borrow_mut(|panics| {
            panics.as_mut().map(|panics| panics.push(format!("panicked{place}: {text}")))
        });
        if kept.is_none() {
            print(info);
        }
    }));
}

/// Runs a trial. A panic in it is a bug of the host: its message and place become the trial's.
pub(super) fn trial<T>(body: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    PANICS.set(Some(Vec::new()));
    let ended = caught(body);
    PANICS.set(None);
    ended.and_then(|result| result)
}

/// Runs a part of a trial that may panic; the error is what it panicked with.
pub(super) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(body)).map_err(|_| {
        let last = PANICS.with_borrow_mut(|panics| panics.as_mut().and_then(Vec::pop));
        last.unwrap_or_else(|| "panicked".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_where_the_lock_file_is() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(Some(Path::new(&workspace(here))), here.parent());
        let alone = tempfile::tempdir().expect("a folder");
        assert_eq!(workspace(alone.path()), alone.path());
    }
}
