//! Files in protocol buffers' text format.

use miette::Diagnostic as _;
use prost_reflect::DynamicMessage;

use super::{Wrong, form};

/// The message, and the line of each test.
pub(super) fn read(text: &str) -> Result<(DynamicMessage, Vec<usize>), Wrong> {
    let message = DynamicMessage::parse_text_format(form::test_suite(), text).map_err(|error| {
        let at = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
        Wrong { line: at.map(|at| line_of(text, at)), message: error.to_string() }
    })?;
    Ok((message, tests(text)))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The lines of the fields `test` of the outermost message.
fn tests(text: &str) -> Vec<usize> {
    let (mut lines, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            b'"' | b'\'' => {
                at += 1;
                while bytes.get(at).is_some_and(|inner| *inner != byte) {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'<' => depth += 1,
            b'}' | b'>' => depth = depth.saturating_sub(1),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let len = bytes[at..].iter().take_while(|byte| word(byte)).count();
                if depth == 0 && &bytes[at..at + len] == b"test" {
                    lines.push(line_of(text, at));
                }
                at += len - 1;
            }
            _ => {}
        }
        at += 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_refused_with_its_line() {
        for (text, line, message) in [
            ("test {\n  name: \"a\"\n  retries: 3\n}\n", 3, "retries"),
            ("env { log_level: LOUD }", 1, "LOUD"),
            ("test {\n request_headers { input { header { key: 1 } } } }", 2, "string"),
            ("test { num_chunks: 1\n\n chunk_size: 2 }", 3, "already set"),
            ("test {\n name: \"a\"\n name: \"b\" }", 3, "already set"),
        ] {
            let Err(wrong) = read(text) else { panic!("{text} is refused") };
            assert_eq!(wrong.line, Some(line), "{wrong:?}");
            assert!(wrong.message.contains(message), "{wrong:?}");
        }
    }

    #[test]
    fn the_grammar_is_the_usual_one_and_tests_have_lines() {
        let text = "# test {\nenv < wasm_path: 'a' \"b\" >\ntest: { name: \"{ \\\" test\"; properties: [{path: \"test\"}] }\n\ntest { }";
        let (message, lines) = read(text).unwrap();
        assert_eq!(lines, [3, 5]);
        let shown = format!("{message}");
        assert!(shown.contains("wasm_path:\"ab\"") || shown.contains("wasm_path: \"ab\""), "{shown}");
    }
}
