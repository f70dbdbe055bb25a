//! What happens when this program itself is wrong: a short report that asks for a bug report, and exit code 3.

use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use crate::exit::Exit;

/// Puts the report in the place of the standard library's message.
pub(crate) fn install() {
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        // Whoever asks for a backtrace gets the standard message, too.
        let standard = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            standard(info);
            report(info);
        }));
    } else {
        panic::set_hook(Box::new(report));
    }
}

/// Runs `body`; a panic in it becomes the exit code for our own mistakes.
pub(crate) fn caught(body: impl FnOnce() -> Exit) -> Exit {
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or(Exit::Internal)
}

fn report(info: &PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
    let command: Vec<String> = std::env::args().map(|arg| format!("{arg:?}")).collect();
    // Where stderr is gone, nobody is left to be told.
    let _ = writeln!(
        std::io::stderr(),
        "internal error: {what}{place}\n\
         This is a mistake in proxy-wasm-test, not in your plugin. Please report it with this text and, if you can, \
         the files.\n  version: {} on {}-{}\n  command: {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
        command.join(" "),
    );
}
