//! How far an examination has come: a line on stderr, where that is a terminal.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The line.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A line for this many checks; none when stderr is no terminal.
    pub(super) fn new(checks: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(checks as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Self(bar)
    }

    /// What is being done.
    pub(super) fn now(&self, what: &'static str) {
        self.0.set_message(what);
    }

    /// One more is over. `print` may write to the terminal meanwhile.
    pub(super) fn one_more(&self, print: impl FnOnce()) {
        self.0.suspend(print);
        self.0.inc(1);
    }

    /// Takes the line away.
    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}
