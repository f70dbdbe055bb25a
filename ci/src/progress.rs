//! How far a run has come: a line on stderr, where that is a terminal.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The line.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A line for this many trials; none when stderr is no terminal.
    pub(crate) fn new(trials: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(trials as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        // It shows from the start: the first trial may wait for a module that is compiled.
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Self(bar)
    }

    /// What is being done.
    pub(crate) fn now(&self, what: &'static str) {
        self.0.set_message(what);
    }

    /// One more is over. `print` may write to the terminal meanwhile.
    pub(crate) fn one_more(&self, print: impl FnOnce()) {
        self.0.suspend(print);
        self.0.inc(1);
    }

    /// So many more are over.
    pub(crate) fn more(&self, trials: usize) {
        self.0.inc(trials as u64);
    }

    /// Tells of something that takes its time.
    pub(crate) fn notice(&self, line: &str) {
        // Where stderr is gone, nobody is left to be told.
        self.0.suspend(|| drop(writeln!(std::io::stderr(), "{line}")));
    }

    /// Takes the line away.
    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
    }
}
