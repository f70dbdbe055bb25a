//! What came of an examination, for people and for programs. Pure functions of the results: the same results give the
//! same bytes. In reading order: `about` (the module), `text` (one check), `json`, `markdown`, `badge`, `catalogue`
//! (requirements without a plugin).

mod about;
mod badge;
mod catalogue;
mod json;
mod markdown;
mod text;

pub use about::About;
pub use badge::badge;
pub use catalogue::{catalogue, explain, list};
pub use json::{SCHEMA, json};
pub use markdown::{markdown, table};
pub use text::{finding, headline, remark, reproduction, requirement};
