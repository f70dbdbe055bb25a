//! Two views beside each other, and where they first part.

use similar::{ChangeTag, TextDiff};

use super::views::{View, Views};

/// Lines shown around the first divergence.
const CONTEXT: usize = 6;

/// Where the two sides part in one view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The view.
    pub view: View,
    /// The first line that differs, from 1.
    pub line: usize,
    /// The lines around it: ` ` on both sides, `-` on Envoy's only, `+` on the mock's only.
    pub diff: Vec<String>,
}

/// The views in which `mock` is not as `envoy`.
#[must_use]
pub fn compare(envoy: &Views, mock: &Views) -> Vec<Divergence> {
    View::ALL.into_iter().filter_map(|view| divergence(view, envoy.lines(view), mock.lines(view))).collect()
}

fn divergence(view: View, envoy: &[String], mock: &[String]) -> Option<Divergence> {
    let same = envoy.iter().zip(mock).take_while(|(one, other)| one == other).count();
    if same == envoy.len() && same == mock.len() {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) =
        (envoy.iter().map(String::as_str).collect(), mock.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&old, &new)
        .iter_all_changes()
        .skip(same.saturating_sub(CONTEXT))
        .take(2 * CONTEXT + 12)
        .map(|change| {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            format!("{sign} {}", change.value())
        })
        .collect();
    Some(Divergence { view, line: same + 1, diff })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abi(lines: &[&str]) -> Views {
        Views { abi: lines.iter().map(|line| (*line).to_owned()).collect(), ..Views::default() }
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let envoy = abi(&["a", "b -> 0", "c"]);
        assert_eq!(compare(&envoy, &envoy.clone()), []);
        let found = compare(&envoy, &abi(&["a", "b -> 2", "c"]));
        assert_eq!((found[0].view, found[0].line), (View::Abi, 2));
        assert_eq!(found[0].diff, ["  a", "- b -> 0", "+ b -> 2", "  c"]);
        assert_eq!(compare(&envoy, &abi(&["a", "b -> 0"]))[0].line, 3);
    }
}
