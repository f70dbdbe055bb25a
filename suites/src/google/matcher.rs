//! Matchers over lists of strings.

use std::path::Path;

use regex::bytes::Regex;

use super::suite::{How, StringMatcher};

/// Whether the matcher takes these strings, or why not.
pub(super) fn check(matcher: &StringMatcher, folder: &Path, strings: &[Vec<u8>]) -> Result<(), String> {
    let any = |is: &dyn Fn(&[u8]) -> bool| strings.iter().any(|one| is(one));
    let (found, what) = match &matcher.how {
        None => return Err("the matcher says neither exact, regex nor file".to_owned()),
        Some(How::Exact(bytes)) => (any(&|one| one == bytes), format!("exactly {:?}", shown(bytes))),
        Some(How::File(file)) => {
            let path = folder.join(file);
            let bytes = std::fs::read(&path)
                .map_err(|cause| format!("{}: cannot be read: {cause}", path.display()))?;
            (any(&|one| one == bytes), format!("exactly what is in {file}"))
        }
        Some(How::Regex(text)) => {
            // The whole string, as RE2's FullMatch.
            let regex = Regex::new(&format!("\\A(?:{text})\\z"))
                .map_err(|cause| format!("the regular expression {text:?} is none: {cause}"))?;
            (any(&|one| regex.is_match(one)), format!("a match of {text:?}"))
        }
    };
    if found != matcher.invert {
        return Ok(());
    }
    let found: Vec<String> = strings.iter().map(|one| format!("\n    {:?}", shown(one))).collect();
    let found = if found.is_empty() { " nothing".to_owned() } else { found.concat() };
    let wants = if matcher.invert { "expected none that is" } else { "expected" };
    Err(format!("{wants} {what}, found{found}"))
}

pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(how: How, strings: &[&str]) -> [bool; 2] {
        let strings: Vec<Vec<u8>> = strings.iter().map(|one| one.as_bytes().to_vec()).collect();
        [false, true].map(|invert| {
            check(&StringMatcher { invert, how: Some(how.clone()) }, Path::new(""), &strings).is_ok()
        })
    }

    #[test]
    fn one_of_the_strings_is_enough_and_all_of_a_string_is_needed() {
        assert_eq!(takes(How::Exact(b"b".to_vec()), &["a", "b"]), [true, false]);
        assert_eq!(takes(How::Exact(b"b".to_vec()), &[]), [false, true]);
        assert_eq!(takes(How::Regex("a.*".to_owned()), &["xa", "ab"]), [true, false]);
        assert_eq!(takes(How::Regex("a.*".to_owned()), &["a\nb"]), [false, true]);
        assert_eq!(takes(How::Regex("a|b".to_owned()), &["ab"]), [false, true]);
        assert_eq!(takes(How::Regex("(".to_owned()), &["("]), [false, false]);
        assert_eq!(takes(How::File("no such file".to_owned()), &["x"]), [false, false]);
        assert!(check(&StringMatcher::default(), Path::new(""), &[]).is_err());
    }
}
