//! How a file becomes values, whatever they are: its tree of nodes and their places, named values, errors with hints,
//! and the declarations that give each type its strict reader, its writer and its JSON Schema. Scenario files and
//! manifests are read with it.
//!
//! In reading order: [`source`] (nodes and spans), [`parse`] and [`anchors`] (YAML to nodes), [`core_schema`] (bare scalars),
//! [`names`] (`$(name)`), [`shape`] and [`declare`] (nodes to values and back), [`schema`], [`error`], [`yaml`] (nodes
//! to text), [`layout`] (where values stand in a text), [`istio_json`] (values to the text that Istio sends).

mod anchors;
pub(crate) mod core_schema;
pub(crate) mod declare;
pub(crate) mod error;
pub mod istio_json;
pub(crate) mod layout;
pub(crate) mod names;
pub(crate) mod parse;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod yaml;
