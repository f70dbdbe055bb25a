//! No Envoy outlives us.
//!
//! Each runs in a process group of its own, so that a Ctrl-C at the terminal reaches us and not it, and so that a
//! wrapper script ends together with what it started. On SIGINT, SIGTERM and SIGHUP all groups are killed, their
//! folders are removed, and then the signal does what it does by default. SIGKILL cannot be answered; the folders
//! are temporary ones.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The process groups that live, with their folders.
static LIVE: Mutex<BTreeMap<u32, PathBuf>> = Mutex::new(BTreeMap::new());

fn live() -> MutexGuard<'static, BTreeMap<u32, PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts `command` in a process group of its own, which ends when we do. `home` goes with it.
pub(super) fn start(command: &mut Command, home: &Path) -> io::Result<Child> {
    watch();
    // Held until the process is known, so that a signal meanwhile finds it.
    let mut live = live();
    let child = command.process_group(0).spawn()?;
    live.insert(child.id(), home.to_path_buf());
    Ok(child)
}

/// Ends a process that [`start`] started, with all of its group, and waits for it.
pub(super) fn end(child: &mut Child) {
    // A process that has not been waited for still has its number, so the group is the right one.
    kill_group(child.id());
    let _ = child.kill();
    let _ = child.wait();
    live().remove(&child.id());
}

/// The shell's `kill` is the portable one that takes a group.
fn kill_group(group: u32) {
    let _ = Command::new("sh")
        .args(["-c", "kill -KILL -$0"])
        .arg(group.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Begins to listen for signals, once.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // Never given back: nothing is started from here on.
                let live = live();
                for (group, home) in live.iter() {
                    kill_group(*group);
                    if home.is_absolute() {
                        let _ = std::fs::remove_dir_all(home);
                    }
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
}
