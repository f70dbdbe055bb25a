//! Bytes that arguments give as text or by the name of a file.

use std::path::Path;

use crate::error::Error;

/// The body that `--data` (several, joined) or `--data-binary` give, as curl does.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn of(data: &[String], binary: Option<&str>) -> Result<Option<Vec<u8>>, Error> {
    if let Some(text) = binary {
        return bytes(text).map(Some);
    }
    if data.is_empty() {
        return Ok(None);
    }
    let mut parts = Vec::new();
    for text in data {
        let mut part = bytes(text)?;
        if text.starts_with('@') {
            part.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        }
        parts.push(part);
    }
    Ok(Some(parts.join(&b'&')))
}

/// Text, or the content of `@FILE`.
fn bytes(text: &str) -> Result<Vec<u8>, Error> {
    match text.strip_prefix('@') {
        Some(file) => read(Path::new(file)),
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// The configuration: the content of the file of this name (`@` in front may say that it is one), or the text itself.
///
/// # Errors
/// When the file cannot be read, or when the text looks like the name of a file and there is none.
pub(super) fn config(text: &str) -> Result<Vec<u8>, Error> {
    let path = Path::new(text);
    if text.starts_with('@') {
        return bytes(text);
    }
    if path.is_file() {
        return read(path);
    }
    let name = !text.contains(char::is_whitespace) && !text.contains(['{', '[', '"', '=', ':']);
    if name && (text.contains('/') || path.extension().is_some()) {
        let hint = "text that looks like the name of a file has to be put into one".to_owned();
        return Err(Error::usage(format!("{text}: there is no such file"), hint));
    }
    Ok(text.as_bytes().to_vec())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(Error::reading(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_joined_and_files_lose_their_line_ends_unless_they_are_binary() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("d");
        std::fs::write(&file, "a\r\nb\n").unwrap();
        let at = format!("@{}", file.display());
        assert_eq!(of(&["x".to_owned(), at.clone()], None).unwrap().unwrap(), b"x&ab");
        assert_eq!(of(&[], Some(&at)).unwrap().unwrap(), b"a\r\nb\n");
        assert_eq!(of(&[], None).unwrap(), None);
        assert_eq!(config(&file.display().to_string()).unwrap(), b"a\r\nb\n");
    }

    #[test]
    fn a_configuration_is_a_file_or_text_but_never_the_name_of_a_missing_file() {
        for text in ["{\"limit\": 2}", "hello=world.", "limit", "", "key: a/b"] {
            assert_eq!(config(text).unwrap(), text.as_bytes());
        }
        for text in ["missing.json", "build/missing", "@missing"] {
            assert!(config(text).unwrap_err().to_string().contains("missing"), "{text}");
        }
    }
}
