//! Two texts side by side: in quotes, line by line, or by the first place where they differ.

use similar::{ChangeTag, TextDiff};

use crate::proxy::transcript::show_bytes;

/// Bytes in quotes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", show_bytes(bytes))
}

/// `no call`, `1 call`, `2 calls`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        more => format!("{more} {what}s"),
    }
}

/// In what `actual` differs from `expected`, in a few words, where that can be said.
pub(super) fn difference(expected: &[u8], actual: &[u8]) -> Option<String> {
    if expected == actual || expected.is_empty() || actual.is_empty() {
        return None;
    }
    if expected.eq_ignore_ascii_case(actual) {
        return Some("only upper and lower case differ".to_owned());
    }
    let bare =
        |bytes: &[u8]| bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    if bare(expected) == bare(actual) {
        return Some("only white space differs".to_owned());
    }
    let common = expected.iter().zip(actual).take_while(|(a, b)| a == b).count();
    let (rest, found) = (&expected[common..], &actual[common..]);
    let shown = |bytes: &[u8]| quoted(&bytes[..bytes.len().min(24)]);
    match (common, rest, found) {
        (_, [], more) => Some(format!("it goes on with {} after byte {common}", shown(more))),
        (_, missing, []) => Some(format!("it ends at byte {common}, where {} is missing", shown(missing))),
        (0, ..) => None,
        (_, rest, found) => {
            Some(format!("they differ from byte {common} on: {} in place of {}", shown(found), shown(rest)))
        }
    }
}

/// Both texts line by line, `-` before what is expected and `+` before what was there, when either has several lines.
pub(super) fn diff(expected: &[u8], actual: &[u8]) -> Option<String> {
    let (old, new) = (std::str::from_utf8(expected).ok()?, std::str::from_utf8(actual).ok()?);
    if old.trim_end().lines().count().max(new.trim_end().lines().count()) < 2 {
        return None;
    }
    Some(lines_diff(old, new))
}

/// As [`diff`], whatever the number of lines. Far from a change, lines are left out.
pub(super) fn lines_diff(expected: &str, actual: &str) -> String {
    const AROUND: usize = 3;
    let diff = TextDiff::from_lines(expected, actual);
    let mut out = String::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            out.push_str("  ...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let text = change.value().trim_end_matches(['\n', '\r']);
            out.push_str(format!("{mark} {}", show_bytes(text.as_bytes())).trim_end());
            out.push('\n');
            if change.missing_newline() {
                out.push_str("\\ no line break at the end\n");
            }
        }
    }
    out
}

/// How alike two texts are, from 0 to 1. Long ones are compared by their beginnings.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    let cut = |text: &str| text.chars().take(200).collect::<String>().to_lowercase();
    strsim::normalized_levenshtein(&cut(a), &cut(b))
}

/// The stretch of `text` that is most like `part`, and how alike they are, from 0 to 1.
pub(super) fn nearest_stretch(part: &str, text: &str) -> (f64, String) {
    const LONGEST: usize = 400;
    let (wanted, chars): (Vec<char>, Vec<char>) =
        (part.chars().take(LONGEST).collect(), text.chars().take(LONGEST).collect());
    let length = wanted.len().min(chars.len());
    let (mut best, mut at) = (0.0, 0);
    for (index, window) in chars.windows(length.max(1)).enumerate() {
        let same = window.iter().zip(&wanted).filter(|(a, b)| a.eq_ignore_ascii_case(b)).count();
        // A stretch that begins alike wins over one that is shifted; edits are counted for promising ones only.
        let likeness = if same * 2 >= length || window.first() == wanted.first() {
            strsim::normalized_levenshtein(
                &window.iter().collect::<String>(),
                &part.chars().take(LONGEST).collect::<String>(),
            )
        } else {
            0.0
        };
        if likeness > best {
            (best, at) = (likeness, index);
        }
    }
    (best, chars[at..(at + length).min(chars.len())].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_in_the_shortest_way() {
        let said = |a: &str, b: &str| difference(a.as_bytes(), b.as_bytes()).unwrap_or_default();
        assert_eq!(said("same", "same"), "");
        assert_eq!(said("Alice", "alice"), "only upper and lower case differ");
        assert_eq!(said("a b", "a  b"), "only white space differs");
        assert_eq!(said("abc", "abcd"), "it goes on with \"d\" after byte 3");
        assert_eq!(said("abcd", "abc"), "it ends at byte 3, where \"d\" is missing");
        assert_eq!(said("abXd", "abYd"), "they differ from byte 2 on: \"Yd\" in place of \"Xd\"");
        assert_eq!(said("x", "y"), "");
    }

    #[test]
    fn several_lines_are_compared_line_by_line() {
        assert_eq!(diff(b"one line", b"another"), None);
        assert_eq!(diff(b"a\nb\n", b"a\nc\n").unwrap(), "  a\n- b\n+ c\n");
    }

    #[test]
    fn the_nearest_stretch_of_a_line_is_found() {
        let (likeness, stretch) = nearest_stretch("remain token 5", "last refill 17, remain token 1");
        assert_eq!(stretch, "remain token 1");
        assert!(likeness > 0.9);
        assert!(nearest_stretch("limit 2", "nothing of that kind").0 < 0.5);
        assert_eq!(nearest_stretch("abc", "").0, 0.0);
    }
}
