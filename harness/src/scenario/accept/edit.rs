//! Values written into the text of a file; everything around them stays, byte for byte.

use super::super::document::layout::{Form, Layout, Piece};
use super::super::document::source::{Entry, Node, Value};
use super::super::document::yaml;

/// Changes to a text, by line and column of the values concerned.
pub(super) struct Edits<'t> {
    /// The text without a byte order mark.
    text: &'t str,
    mark: &'t str,
    layout: Layout,
    /// From, to, and what comes there.
    changes: Vec<(usize, usize, String)>,
}

/// Why a place cannot be edited.
pub(super) struct Refused(pub(super) String);

fn refused<T>(why: &str) -> Result<T, Refused> {
    Err(Refused(why.to_owned()))
}

impl<'t> Edits<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mark = &text[..text.len() - plain.len()];
        Self { text: plain, mark, layout: Layout::of(plain), changes: Vec::new() }
    }

    /// Puts an entry behind the last one of a mapping; one of the same key, and empty, is replaced.
    pub(super) fn add_to_mapping(&mut self, at: (usize, usize), entry: &Entry) -> Result<(), Refused> {
        let Some(piece) = self.layout.mapping(at.0, at.1).cloned() else {
            return refused("the step is not written in a form that can be edited");
        };
        let inside = &self.text[piece.range.clone()];
        if inside.contains(&format!("{}:", entry.key)) {
            return refused("it has an `expect` that judges nothing: take it out, and run this again");
        }
        match piece.form {
            Form::Flow => {
                let rest = &self.text[piece.content_end..piece.range.end];
                let comma = if rest.contains(',') { " " } else { ", " };
                let after = piece.content_end + rest.find(',').map_or(0, |at| at + 1);
                self.changes.push((
                    after,
                    after,
                    format!("{comma}{}: {}", entry.key, yaml::line(&entry.value)),
                ));
            }
            _ => self.below(&piece, at.1 - 1, entry),
        }
        Ok(())
    }

    /// An entry in lines of its own, behind the line in which a block mapping ends.
    fn below(&mut self, piece: &Piece, indent: usize, entry: &Entry) {
        let rest = &self.text[piece.range.end..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let newline = if rest[..line].ends_with('\r') { "\r\n" } else { "\n" };
        let end = piece.range.end + rest[..line].trim_end_matches('\r').len();
        let margin = " ".repeat(indent);
        let text = yaml::text(&Node::mapping(vec![entry.clone()]));
        let text: String = text.lines().map(|line| format!("{newline}{margin}{line}")).collect();
        self.changes.push((end, end, text));
    }

    /// Puts a single value in the place of another one.
    pub(super) fn replace(&mut self, at: (usize, usize), value: &Node) -> Result<(), Refused> {
        let Some(piece) = self.layout.value(at.0, at.1).cloned() else {
            return refused("it is not written in a form that can be edited");
        };
        let single = matches!(value.value, Value::Scalar { .. });
        if piece.form != Form::Scalar || !single {
            return refused("a list, a mapping or a matcher is to be changed by hand");
        }
        if self.text[piece.range.clone()].contains("$(") {
            return refused("a named value is not edited");
        }
        self.changes.push((piece.range.start, piece.range.end, yaml::line(value)));
        Ok(())
    }

    /// The text, and how many places were changed.
    pub(super) fn done(mut self) -> (String, usize) {
        self.changes.sort();
        self.changes.dedup();
        let mut out = self.mark.to_owned();
        let mut from = 0;
        for (start, end, text) in &self.changes {
            out.push_str(&self.text[from..*start]);
            out.push_str(text);
            from = *end;
        }
        out.push_str(&self.text[from..]);
        (out, self.changes.len())
    }
}
