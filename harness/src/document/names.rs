//! Named values: `$(name)` stands for a value of `let` or of a case.
//!
//! Alone it keeps its type: the tree of the value is put in its place. Inside text it is a scalar. `$$(` is a literal
//! `$(`. Values may use other values; a name that leads back to itself is an error.

use indexmap::{IndexMap, IndexSet};

use super::error::{ScenarioError, nearest};
use super::parse::{DEEPEST, duplicate};
use super::source::{DEFINED, Entry, Node, Span, Style, USED, Value};

/// How many nodes, and 16 bytes of text for a node, one file may grow to.
const LARGEST: usize = 2_000_000;

/// One named value.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// Where the name stands.
    pub(crate) span: Span,
    pub(crate) node: Node,
    pub(crate) origin: Origin,
}

/// Who gives a name its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The file's own `let`: has to be used.
    Own,
    /// An imported `let`: may rest.
    Imported,
    /// The case that is expanded. Its names in turn are in place already.
    Case,
}

/// The names that can be used, and which of them were.
#[derive(Debug, Default)]
pub(crate) struct Names {
    values: IndexMap<String, Named>,
    used: IndexSet<String>,
    spent: usize,
}

impl Names {
    /// Adds a name.
    pub(crate) fn define(&mut self, name: &str, named: Named) -> Result<(), ScenarioError> {
        if !is_name(name) {
            let hint = "letters, digits, `_`, `-` and `.`".to_owned();
            return Err(ScenarioError::at(&named.span, format!("`{name}` cannot be a name")).hint(Some(hint)));
        }
        if let Some(first) = self.values.get(name) {
            let message = format!("the name `{name}` is defined twice");
            return Err(ScenarioError::at(&named.span.with_note(DEFINED, &first.span), message));
        }
        self.values.insert(name.to_owned(), named);
        Ok(())
    }

    /// Takes away the names of a case; gives those that were not used.
    pub(crate) fn end_case(&mut self) -> Vec<String> {
        let (case, others): (IndexMap<_, _>, IndexMap<_, _>) =
            self.values.drain(..).partition(|(_, named)| named.origin == Origin::Case);
        self.values = others;
        case.into_keys().filter(|name| !self.used.shift_remove(name)).collect()
    }

    /// An error for each own name that nothing uses.
    pub(crate) fn unused(&self) -> Vec<ScenarioError> {
        let own = self.values.iter().filter(|(_, named)| named.origin == Origin::Own);
        own.filter(|(name, _)| !self.used.contains(*name))
            .map(|(name, named)| {
                ScenarioError::at(&named.span, format!("nothing uses `{name}`"))
                    .hint(Some(format!("write $({name}) where it belongs, or take it out")))
            })
            .collect()
    }

    /// What a node that is nothing but a name stands for, the names in it left as they are: cases may still give them
    /// values. Other nodes as they are; `None` for a name that nobody knows, with the reason in `errors`.
    pub(crate) fn open(&mut self, node: &Node, errors: &mut Vec<ScenarioError>) -> Option<Node> {
        let Some(name) = node.scalar().and_then(alone) else { return Some(node.clone()) };
        let Some(named) = self.values.get(name) else { return self.resolve(node, errors) };
        self.used.insert(name.to_owned());
        Some(spliced(named.node.clone(), &node.span))
    }

    /// `node` with every name put in its place; `None` when that is impossible, with the reason in `errors`.
    pub(crate) fn resolve(&mut self, node: &Node, errors: &mut Vec<ScenarioError>) -> Option<Node> {
        Resolver { names: self, errors, path: Vec::new(), depth: 0 }.node(node)
    }
}

/// The name that a whole scalar stands for.
fn alone(text: &str) -> Option<&str> {
    text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')).filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A piece of a scalar.
enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
}

/// The pieces of `text`; the error is a `$(` without its end.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ()> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("$(") {
        if rest[..at].ends_with('$') {
            pieces.push(Piece::Text(&rest[..at - 1]));
            pieces.push(Piece::Text("$("));
            rest = &rest[at + 2..];
            continue;
        }
        let end = rest[at..].find(')').map(|end| at + end).ok_or(())?;
        if !is_name(&rest[at + 2..end]) {
            return Err(());
        }
        pieces.push(Piece::Text(&rest[..at]));
        pieces.push(Piece::Name(&rest[at + 2..end]));
        rest = &rest[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

struct Resolver<'r> {
    names: &'r mut Names,
    errors: &'r mut Vec<ScenarioError>,
    /// The names whose values are being resolved.
    path: Vec<String>,
    depth: usize,
}

impl Resolver<'_> {
    fn fail<T>(&mut self, span: &Span, message: String, hint: Option<String>) -> Option<T> {
        self.errors.push(ScenarioError::at(span, message).hint(hint));
        None
    }

    fn spend(&mut self, amount: usize, span: &Span) -> Option<()> {
        let before = self.names.spent;
        self.names.spent = before.saturating_add(amount);
        match self.names.spent > LARGEST {
            false => Some(()),
            true if before > LARGEST => None,
            true => self.fail(span, "the named values grow too large".to_owned(), None),
        }
    }

    fn node(&mut self, node: &Node) -> Option<Node> {
        self.spend(1, &node.span)?;
        if self.depth > 2 * DEEPEST {
            return self.fail(&node.span, format!("nested deeper than {}", 2 * DEEPEST), None);
        }
        self.depth += 1;
        let resolved = self.deeper(node);
        self.depth -= 1;
        resolved
    }

    fn deeper(&mut self, node: &Node) -> Option<Node> {
        let value = match &node.value {
            Value::Scalar { text, .. } if text.contains("$(") => {
                return self.scalar(text, &node.span);
            }
            Value::Scalar { text, .. } => {
                self.spend(text.len() / 16, &node.span)?;
                node.value.clone()
            }
            Value::Sequence(items) => {
                let items: Vec<Option<Node>> = items.iter().map(|item| self.node(item)).collect();
                Value::Sequence(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Mapping(entries) => {
                let mut resolved: Vec<Entry> = Vec::with_capacity(entries.len());
                let mut whole = true;
                for entry in entries {
                    let (key, value) = (self.key(entry), self.node(&entry.value));
                    let (Some(key), Some(value)) = (key, value) else {
                        whole = false;
                        continue;
                    };
                    if key != entry.key
                        && let Some(error) = duplicate(&resolved, &key, &entry.key_span)
                    {
                        self.errors.push(error);
                        whole = false;
                    }
                    resolved.push(Entry { key, key_span: entry.key_span.clone(), value });
                }
                whole.then_some(Value::Mapping(resolved))?
            }
        };
        Some(Node { span: node.span.clone(), value })
    }

    fn key(&mut self, entry: &Entry) -> Option<String> {
        if !entry.key.contains("$(") {
            return Some(entry.key.clone());
        }
        self.text(&entry.key, &entry.key_span)
    }

    fn scalar(&mut self, text: &str, span: &Span) -> Option<Node> {
        if let Some(name) = alone(text) {
            return self.value(name, span).map(|node| spliced(node, span));
        }
        let resolved = self.text(text, span)?;
        // What is put together is text.
        Some(Node { span: span.clone(), value: Value::Scalar { text: resolved, style: Style::Text } })
    }

    fn text(&mut self, text: &str, span: &Span) -> Option<String> {
        let Ok(pieces) = pieces(text) else {
            let hint = "$(name) stands for a named value, `$$(` for a literal `$(`".to_owned();
            return self.fail(span, "`$(` without a name and its `)`".to_owned(), Some(hint));
        };
        let mut resolved = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => resolved.push_str(text),
                Piece::Name(name) => {
                    let node = self.value(name, span)?;
                    let Some(text) = node.scalar() else {
                        let message = format!("$({name}) is {}, and stands inside text", node.found());
                        return self.fail(&span.with_note(DEFINED, &node.span), message, None);
                    };
                    self.spend(text.len() / 16, span)?;
                    resolved.push_str(text);
                }
            }
        }
        Some(resolved)
    }

    /// The value of `name`, with the names in it put in their places.
    fn value(&mut self, name: &str, span: &Span) -> Option<Node> {
        let Some(named) = self.names.values.get(name).cloned() else {
            let hint = nearest(name, self.names.values.keys().map(String::as_str));
            let hint = hint.unwrap_or_else(|| "`$$(` writes a literal `$(`".to_owned());
            return self.fail(span, format!("no value has the name `{name}`"), Some(hint));
        };
        self.names.used.insert(name.to_owned());
        if named.origin == Origin::Case {
            return Some(named.node);
        }
        if let Some(at) = self.path.iter().position(|open| open == name) {
            let circle = [&self.path[at..], &[name.to_owned()]].concat().join(" -> ");
            return self.fail(span, format!("the named values go round in a circle: {circle}"), None);
        }
        self.path.push(name.to_owned());
        let resolved = self.node(&named.node);
        self.path.pop();
        resolved
    }
}

/// A value in the place where it is used: it stands there and names its definition, and its parts the other way round.
fn spliced(node: Node, at: &Span) -> Node {
    let span = at.with_note(DEFINED, &node.span);
    Node { span, value: inside(node.value, at) }
}

fn inside(value: Value, at: &Span) -> Value {
    let noted = |span: Span| if span.note().is_none() { span.with_note(USED, at) } else { span };
    let part = |node: Node| Node { span: noted(node.span), value: inside(node.value, at) };
    match value {
        Value::Scalar { .. } => value,
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(part).collect()),
        Value::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|entry| Entry {
                    key_span: noted(entry.key_span),
                    value: part(entry.value),
                    key: entry.key,
                })
                .collect(),
        ),
    }
}
