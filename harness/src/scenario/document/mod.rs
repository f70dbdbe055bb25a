//! How a file becomes values, whatever they are: its tree of nodes and their places, named values, errors with hints,
//! and the declarations that give each type its strict reader, its writer and its JSON Schema.
//!
//! In reading order: [`source`] (nodes and spans), [`parse`] (YAML to nodes), [`names`] (`$(name)`), [`shape`] and
//! [`declare`] (nodes to values and back), [`schema`], [`error`], [`yaml`] (nodes to text).

pub(crate) mod declare;
pub(crate) mod error;
pub(crate) mod names;
pub(crate) mod parse;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod yaml;
