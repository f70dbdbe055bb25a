//! Where the values of a file stand in its text, to the byte: what an edit that keeps comments and layout needs.
//!
//! Only files of ours are laid out ([`super::parse`]): one document, without anchors and tags.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// The form that a value has in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A scalar in one piece: bare or in quotes.
    Scalar,
    /// A scalar as a block, behind `|` or `>`.
    BlockScalar,
    /// A list or mapping in brackets.
    Flow,
    /// A list or mapping by indentation.
    Block,
}

/// A value in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) form: Form,
    /// From its first byte to behind its last; without the comments that follow it.
    pub(crate) range: Range<usize>,
    /// Behind the last byte of the last value in it; the start where it is empty.
    pub(crate) content_end: usize,
}

/// The values of a text by line and column of their beginning, both from 1, the column in characters.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    scalars: BTreeMap<(usize, usize), Piece>,
    mappings: BTreeMap<(usize, usize), Piece>,
    lists: BTreeMap<(usize, usize), Piece>,
}

impl Layout {
    /// Lays out `text`; what cannot be parsed is left out.
    pub(crate) fn of(text: &str) -> Self {
        let mut offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        offsets.push(text.len());
        let byte = |mark: Marker| offsets.get(mark.index()).copied().unwrap_or(text.len());
        let mut layout = Self::default();
        // The open collections: where they begin, and where their content ends so far.
        let mut open: Vec<((usize, usize), usize, usize)> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            let (start, end) = (byte(span.start), byte(span.end));
            let at = (span.start.line(), span.start.col() + 1);
            let closed = match event {
                Event::Scalar(_, style, ..) => {
                    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    let form = if block { Form::BlockScalar } else { Form::Scalar };
                    // Blocks end where the next token begins.
                    let end = start + text[start..end.max(start)].trim_end().len();
                    layout.scalars.insert(at, Piece { form, range: start..end, content_end: end });
                    Some(end)
                }
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    open.push((at, start, start));
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => open.pop().map(|(at, start, content_end)| {
                    let flow = text[start..].starts_with(['{', '[']);
                    let (form, end) = match flow {
                        true => (Form::Flow, behind_bracket(text, content_end.max(start + 1), end)),
                        false => (Form::Block, content_end),
                    };
                    let piece = Piece { form, range: start..end, content_end };
                    let kind = match event {
                        Event::MappingEnd => &mut layout.mappings,
                        _ => &mut layout.lists,
                    };
                    kind.insert(at, piece);
                    end
                }),
                _ => None,
            };
            if let (Some(end), Some((.., content_end))) = (closed, open.last_mut()) {
                *content_end = end.max(*content_end);
            }
        }
        layout
    }

    /// The mapping that begins here.
    pub(crate) fn mapping(&self, line: usize, column: usize) -> Option<&Piece> {
        self.mappings.get(&(line, column))
    }

    /// The value that begins here: of several the outermost.
    pub(crate) fn value(&self, line: usize, column: usize) -> Option<&Piece> {
        let at = (line, column);
        self.lists.get(&at).or_else(|| self.mappings.get(&at)).or_else(|| self.scalars.get(&at))
    }
}

/// Where a flow collection ends, whose last value ends at `content`: its end event stands before or behind the bracket.
fn behind_bracket(text: &str, content: usize, event: usize) -> usize {
    let closed = event > content && text[..event].ends_with(['}', ']']);
    if closed { event } else { text[event..].find(['}', ']']).map_or(event, |at| event + at + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: # é\n  - b: |\n      one\n      two\n\n    c: {d: [1, 'é'], }  # after\n  # last\n  - e: \"x\"\nf: plain text # no\n";

    fn cut(piece: &Piece) -> (Form, &str) {
        (piece.form, &TEXT[piece.range.clone()])
    }

    #[test]
    fn values_are_found_to_the_byte() {
        let layout = Layout::of(TEXT);
        let step = layout.mapping(2, 5).expect("a mapping");
        assert_eq!(cut(step), (Form::Block, "b: |\n      one\n      two\n\n    c: {d: [1, 'é'], }"));
        assert_eq!(cut(layout.value(6, 8).unwrap()), (Form::Flow, "{d: [1, 'é'], }"));
        let flow = layout.mapping(6, 8).unwrap();
        assert_eq!(&TEXT[flow.content_end..flow.range.end], ", }");
        assert_eq!(cut(layout.value(6, 12).unwrap()), (Form::Flow, "[1, 'é']"));
        assert_eq!(cut(layout.value(6, 16).unwrap()), (Form::Scalar, "'é'"));
        assert_eq!(cut(layout.value(8, 8).unwrap()), (Form::Scalar, "\"x\""));
        assert_eq!(cut(layout.value(9, 4).unwrap()), (Form::Scalar, "plain text"));
        let block = layout.scalars.values().find(|piece| piece.form == Form::BlockScalar).unwrap();
        assert!(TEXT[block.range.clone()].ends_with("two"), "{:?}", cut(block));
        assert_eq!(layout.value(40, 1), None);
    }
}
