//! The few styles that text has on a terminal. `anstream` takes them out where there is none.

use anstyle::{AnsiColor, Style};

/// What went wrong with the input.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What to do about it.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// What passed.
pub(crate) const PASSED: Style = AnsiColor::Green.on_default();
/// What failed.
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
/// What deserves a look: skipped trials, known failures, local responses.
pub(crate) const NOTED: Style = AnsiColor::Yellow.on_default();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What may be passed over.
pub(crate) const FAINT: Style = Style::new().dimmed();
