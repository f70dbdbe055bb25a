//! What bytes are: a module in binary or text form, or something else that has a name.
//!
//! Refuses to look inside a module; that is `declared`'s.

use std::borrow::Cow;

use super::load_error::LoadError;

/// The binary form of the bytes, if they are a module in binary or text form.
pub(super) fn recognise<'a>(place: &str, bytes: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, LoadError> {
    let place = place.to_owned();
    match &*bytes {
        [] => Err(LoadError::Empty { place }),
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Err(LoadError::Component { place }),
        [0, b'a', b's', b'm', ..] => Ok(bytes),
        text if is_text(text) => parse_text(&place, text).map(Cow::Owned),
        _ => Err(LoadError::NotWasm { place, first: first_bytes(&bytes), looks: looks(&bytes) }),
    }
}

/// Whether the bytes start as a module in text form does: with a bracket or a comment.
fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(") || text.starts_with(b";;")
}

/// Compiles the text form to the binary form.
fn parse_text(place: &str, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    let error = match wat::parse_bytes(bytes) {
        Ok(wasm) => return Ok(wasm.into_owned()),
        Err(error) => error.to_string(),
    };
    // The first line says what, the second where: `     --> <anon>:3:14`.
    let mut lines = error.lines();
    let cause = lines.next().unwrap_or_default().to_owned();
    let place_in_text = lines.next().unwrap_or_default();
    let mut numbers = place_in_text.rsplit(':').map_while(|part| part.trim().parse().ok());
    let column = numbers.next().unwrap_or(1);
    let line = numbers.next().unwrap_or(1);
    Err(LoadError::Text { place: place.to_owned(), line, column, cause })
}

/// The first bytes for a message, as text where they are, and in hexadecimal.
fn first_bytes(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(8)];
    let hex: Vec<String> = first.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{}\" ({})", first.escape_ascii(), hex.join(" "))
}

/// What bytes that are no module often are, and what to do about it.
fn looks(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: [(&[u8], &str, &str); 8] = [
        (b"\x7fELF", "a program or library for Linux", "build for a wasm target: `--target wasm32-wasip1`"),
        (
            b"\xcf\xfa\xed\xfe",
            "a program or library for macOS",
            "build for a wasm target: `--target wasm32-wasip1`",
        ),
        (b"MZ", "a program or library for Windows", "build for a wasm target: `--target wasm32-wasip1`"),
        (b"!<arch>", "a static library", "build a module: in Rust `crate-type = [\"cdylib\"]`"),
        (b"\x1f\x8b", "a gzip archive", "unpack it; an image layer holds `plugin.wasm`"),
        (b"PK", "a zip archive", "unpack it"),
        (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file itself: `git lfs pull`"),
        (b"<", "a web page", "the download did not give the file"),
    ];
    let found = known.into_iter().find(|(start, ..)| bytes.trim_ascii_start().starts_with(start));
    found.map(|(_, what, hint)| (what, hint))
}

/// Where and why bytes stop being a module.
pub(super) fn corrupt(place: &str, wasm: &[u8], error: &wasmparser::BinaryReaderError) -> LoadError {
    let (offset, size, cause) = (error.offset(), wasm.len(), error.message().to_owned());
    LoadError::Corrupt { place: place.to_owned(), offset, size, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_module_are_named() {
        for (bytes, message, hint) in [
            (&b""[..], "p: the file is empty", Some("the build or the copy did not finish")),
            (
                b"\x7fELF\x02\x01\x01\0more",
                r#"p: not a WebAssembly module: it starts with "\x7fELF\x02\x01\x01\x00" (7f 45 4c 46 02 01 01 00), like a program or library for Linux"#,
                Some("build for a wasm target: `--target wasm32-wasip1`"),
            ),
            (
                b"version https://git-lfs.github.com/spec/v1",
                r#"p: not a WebAssembly module: it starts with "version " (76 65 72 73 69 6f 6e 20), like a pointer of Git LFS"#,
                Some("fetch the file itself: `git lfs pull`"),
            ),
            (b"abc", r#"p: not a WebAssembly module: it starts with "abc" (61 62 63)"#, None),
            (
                b"\0asm\x0d\0\x01\0",
                "p: this is a WebAssembly component, and Proxy-Wasm plugins are core modules",
                Some("build a core module: Rust with `--target wasm32-wasip1`, Go with `GOOS=wasip1`"),
            ),
            (b"(module\n  (funk))", "p:2:4: expected valid module field", None),
        ] {
            let error = recognise("p", bytes.into()).unwrap_err();
            let (found, found_hint) = (error.to_string(), error.hint());
            assert!(found.starts_with(message), "{found}");
            assert_eq!(found_hint.as_deref(), hint);
        }
    }
}
