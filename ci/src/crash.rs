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
    let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
    let what = format!("{}{place}", info.payload_as_str().unwrap_or("no message"));
    // Where stderr is gone, nobody is left to be told.
    let _ = std::io::stderr().write_all(text(&what, std::env::args()).as_bytes());
}

fn text(what: &str, command: impl Iterator<Item = String>) -> String {
    let command: Vec<String> = command.map(|word| format!("{word:?}")).collect();
    format!(
        "internal error: {what}\n\
         This is a mistake in proxy-wasm-test, not in your plugin. Please report it with this text and, if you can, \
         the files.\n  version: {} on {}-{}\n  command: {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
        command.join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_in_the_code_for_our_own_mistakes() {
        assert_eq!(caught(|| panic!("on purpose")), Exit::Internal);
        assert_eq!(Exit::Internal.code(), 3);
        assert_eq!(caught(|| Exit::Failed), Exit::Failed);
    }

    #[test]
    fn the_report_asks_for_a_report() {
        let report =
            text("index out of bounds (a.rs:7)", ["proxy-wasm-test", "run"].map(str::to_owned).into_iter());
        assert!(report.starts_with("internal error: index out of bounds (a.rs:7)\n"), "{report}");
        assert!(
            report.contains("Please report it") && report.ends_with("command: \"proxy-wasm-test\" \"run\"\n")
        );
    }
}
