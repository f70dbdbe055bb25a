//! How a run differs from its snapshot, for people.

use std::fmt;
use std::path::PathBuf;

use similar::TextDiff;

/// A snapshot that is not what the run gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Difference {
    /// The snapshot.
    pub path: PathBuf,
    /// In what it differs.
    pub why: Why,
}

/// In what a snapshot differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is none.
    Missing {
        /// What the run gives.
        text: String,
    },
    /// It says something else.
    Changed {
        /// Lines that only the snapshot has (`-`), that only the run has (`+`), and some of those around them.
        diff: String,
    },
    /// It is no snapshot, or cannot be read.
    Unreadable {
        /// Why.
        cause: String,
    },
}

/// Lines of a missing snapshot that are shown.
const SHOWN: usize = 40;

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Missing { text } => {
                write!(f, "there is no snapshot {path}; this run gives:")?;
                for line in text.lines().take(SHOWN) {
                    write!(f, "\n+{line}")?;
                }
                match text.lines().count().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "\n({more} more lines)"),
                }
            }
            Why::Changed { diff } => {
                write!(
                    f,
                    "this run (+) is not as the snapshot (-) {path} says:\n{}",
                    diff.trim_end_matches('\n')
                )
            }
            Why::Unreadable { cause } => write!(f, "the snapshot {path} cannot be used: {cause}"),
        }
    }
}

/// The lines that differ, each with three lines around it; `@@ line 12 @@` where lines in between are left out.
pub(super) fn unified(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut out = String::new();
    for group in diff.grouped_ops(3) {
        let Some(first) = group.first() else { continue };
        let start = first.old_range().start;
        if start > 0 || !out.is_empty() {
            out.push_str(&format!("@@ line {} @@\n", start + 1));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            out.push_str(&format!("{}{}", change.tag(), change.value()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_its_surroundings() {
        let old: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 10\n", "line ten\n");
        assert_eq!(
            unified(&old, &new),
            "@@ line 7 @@\n line 7\n line 8\n line 9\n-line 10\n+line ten\n line 11\n line 12\n line 13\n"
        );
    }

    #[test]
    fn a_missing_snapshot_is_shown_from_its_start() {
        let text: String = (1..=50).map(|n| format!("line {n}\n")).collect();
        let shown = Difference { path: "a.snap".into(), why: Why::Missing { text } }.to_string();
        assert!(shown.starts_with("there is no snapshot a.snap; this run gives:\n+line 1\n+line 2\n"));
        assert!(shown.ends_with("+line 40\n(10 more lines)"));
    }
}
