//! One declaration for each object of a file: its struct, its strict reader, its writer and its JSON Schema.
//!
//! [`document!`] declares an object with named keys, [`choices!`] a value that is one of several words. Everything
//! else implements [`Shape`] by hand.

use std::fmt;

use indexmap::IndexSet;

use super::error::{ScenarioError, nearest};
use super::schema::{Defs, Properties};
use super::source::{Entry, Node, Span};

/// A value that stands in a scenario file.
pub(crate) trait Shape: Sized {
    /// Reads it, or tells the reader what is wrong.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// What reads back to an equal value.
    fn write(&self) -> Node;

    /// The JSON Schema of what `read` accepts.
    fn schema(defs: &mut Defs) -> serde_json::Value;

    /// The value of a key that is left out, for values that may be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the key is left out when this is written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// An object with named keys, as [`document!`] declares it.
pub(crate) trait Document: Shape {
    const NAME: &'static str;
    const DOC: &'static str;
    fn keys(out: &mut Vec<&'static str>);
    fn take(fields: &Fields<'_>, reader: &mut Reader) -> Option<Self>;
    fn properties(out: &mut Properties, defs: &mut Defs);
    fn entries(&self, out: &mut Vec<Entry>);
}

/// What reading a file gathers beside the values.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) errors: Vec<ScenarioError>,
    /// Messages over HTTP/1.1 that have trailers: wrong unless the host says what becomes of them.
    pub(crate) http1_trailers: Vec<Span>,
    /// The streams whose response has begun and not ended.
    pub(crate) responding: IndexSet<String>,
}

impl Reader {
    pub(crate) fn fail<T>(&mut self, span: &Span, message: impl Into<String>) -> Option<T> {
        self.fail_with(span, message, None)
    }

    pub(crate) fn fail_with<T>(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Option<T> {
        self.complain(span, message, hint);
        None
    }

    /// As `fail_with`, where there is nothing to give up.
    pub(crate) fn complain(&mut self, span: &Span, message: impl Into<String>, hint: Option<String>) {
        self.errors.push(ScenarioError::at(span, message).hint(hint));
    }

    pub(crate) fn expected<T>(&mut self, what: impl fmt::Display, node: &Node) -> Option<T> {
        self.fail(&node.span, format!("expected {what}, found {}", node.found()))
    }
}

/// The keys of one object while it is read.
pub(crate) struct Fields<'n> {
    pub(crate) node: &'n Node,
}

impl Fields<'_> {
    pub(crate) fn take<T: Shape>(
        &self,
        key: &str,
        default: Option<fn() -> T>,
        reader: &mut Reader,
    ) -> Option<T> {
        match (self.node.get(key), default) {
            (Some(node), _) => T::read(node, reader),
            (None, Some(default)) => Some(default()),
            (None, None) => {
                T::absent().or_else(|| reader.fail(&self.node.span, format!("the key `{key}` is missing")))
            }
        }
    }
}

/// Complains about each key of a mapping that is not among `keys`; `None` when `node` is no mapping.
pub(crate) fn only_keys<'n>(
    node: &'n Node,
    what: &str,
    keys: &[&'static str],
    reader: &mut Reader,
) -> Option<&'n [Entry]> {
    let Some(entries) = node.entries() else {
        return reader.expected(format!("a mapping ({what})"), node);
    };
    for entry in entries {
        if !keys.contains(&entry.key.as_str()) {
            let hint = nearest(&entry.key, keys.iter().copied());
            reader.complain(&entry.key_span, format!("unknown key `{}` in {what}", entry.key), hint);
        }
    }
    Some(entries)
}

pub(crate) fn read_document<D: Document>(node: &Node, reader: &mut Reader) -> Option<D> {
    let mut keys = Vec::new();
    D::keys(&mut keys);
    only_keys(node, &title(D::NAME), &keys, reader)?;
    D::take(&Fields { node }, reader)
}

pub(crate) fn write_document<D: Document>(document: &D) -> Node {
    let mut entries = Vec::new();
    document.entries(&mut entries);
    Node::mapping(entries)
}

pub(crate) fn put<T: Shape + PartialEq>(
    out: &mut Vec<Entry>,
    key: &str,
    value: &T,
    default: Option<fn() -> T>,
) {
    if !value.is_absent() && default.is_none_or(|default| default() != *value) {
        out.push(Entry::new(key, value.write()));
    }
}

/// `HttpCallExpectation` as `an http call expectation` says it: the words of a type's name.
pub(crate) fn title(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// The key of a field: its name, without the mark of a raw identifier.
pub(crate) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// Declares an object with named keys. A field with `= value` may be left out, and so may an `Option`; the fields of
/// the document after `; with` stand beside the others. Each gets the `span` that it was read from.
macro_rules! document {
    (
        $(#[doc = $doc:literal])*
        $(#[derive($($derive:ident),+)])?
        $vis:vis struct $name:ident {
            $( $(#[doc = $fdoc:literal])* $fvis:vis $field:ident : $type:ty $(= $default:expr)?, )*
            $(; with $(#[doc = $wdoc:literal])* $wvis:vis $with:ident : $wtype:ty)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq $(, $($derive),+)?)]
        $vis struct $name {
            /// Where it is written.
            $vis span: $crate::scenario::source::Span,
            $( $(#[doc = $fdoc])* $fvis $field: $type, )*
            $( $(#[doc = $wdoc])* $wvis $with: $wtype, )?
        }

        impl $crate::scenario::shape::Document for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = concat!($($doc, "\n",)* "");

            fn keys(out: &mut Vec<&'static str>) {
                $( out.push($crate::scenario::shape::key(stringify!($field))); )*
                $( <$wtype as $crate::scenario::shape::Document>::keys(out); )?
                let _ = out;
            }

            fn take(
                fields: &$crate::scenario::shape::Fields<'_>,
                reader: &mut $crate::scenario::shape::Reader,
            ) -> Option<Self> {
                $( let $field = fields.take::<$type>(
                    $crate::scenario::shape::key(stringify!($field)),
                    document!(@default $($default)?),
                    reader,
                ); )*
                $( let $with = <$wtype as $crate::scenario::shape::Document>::take(fields, reader); )?
                Some(Self {
                    span: fields.node.span.clone(),
                    $( $field: $field?, )*
                    $( $with: $with?, )?
                })
            }

            fn properties(
                out: &mut $crate::scenario::schema::Properties,
                defs: &mut $crate::scenario::schema::Defs,
            ) {
                $( out.add::<$type>(
                    $crate::scenario::shape::key(stringify!($field)),
                    concat!($($fdoc, "\n",)* ""),
                    document!(@default $($default)?),
                    defs,
                ); )*
                $( <$wtype as $crate::scenario::shape::Document>::properties(out, defs); )?
            }

            fn entries(&self, out: &mut Vec<$crate::scenario::source::Entry>) {
                $( $crate::scenario::shape::put::<$type>(
                    out,
                    $crate::scenario::shape::key(stringify!($field)),
                    &self.$field,
                    document!(@default $($default)?),
                ); )*
                $( $crate::scenario::shape::Document::entries(&self.$with, out); )?
            }
        }

        impl $crate::scenario::shape::Shape for $name {
            fn read(
                node: &$crate::scenario::source::Node,
                reader: &mut $crate::scenario::shape::Reader,
            ) -> Option<Self> {
                $crate::scenario::shape::read_document(node, reader)
            }

            fn write(&self) -> $crate::scenario::source::Node {
                $crate::scenario::shape::write_document(self)
            }

            fn schema(defs: &mut $crate::scenario::schema::Defs) -> serde_json::Value {
                defs.document::<Self>()
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some(|| $default) };
}

/// Declares a value that is one of several words; `enum Name = Word` names the default.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $(= $default:ident)? {
            $( $(#[doc = $vdoc:literal])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $vdoc])* $variant, )+ }

        $( impl Default for $name {
            fn default() -> Self { Self::$default }
        } )?

        impl $name {
            /// The word of a scenario file.
            #[must_use]
            $vis const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl $crate::scenario::shape::Shape for $name {
            fn read(
                node: &$crate::scenario::source::Node,
                reader: &mut $crate::scenario::shape::Reader,
            ) -> Option<Self> {
                match node.scalar() {
                    $( Some($word) => Some(Self::$variant), )+
                    _ => $crate::scenario::shape::unknown_word(node, &[$($word),+], reader),
                }
            }

            fn write(&self) -> $crate::scenario::source::Node {
                $crate::scenario::source::Node::text(self.word())
            }

            fn schema(_: &mut $crate::scenario::schema::Defs) -> serde_json::Value {
                serde_json::json!({"oneOf": [
                    $( {"const": $word, "description": concat!($($vdoc, "\n",)* "").trim()} ),+
                ]})
            }
        }
    };
}

pub(crate) use {choices, document};

/// Complains that a scalar is none of the `words`.
pub(crate) fn unknown_word<T>(node: &Node, words: &[&str], reader: &mut Reader) -> Option<T> {
    let message = format!("expected one of {}, found {}", words.join(", "), node.found());
    let hint = node.scalar().and_then(|text| nearest(text, words.iter().copied()));
    reader.fail_with(&node.span, message, hint.filter(|hint| hint.starts_with("did")))
}
