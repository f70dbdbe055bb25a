//! The JSON Schema of scenario files, from the same declarations that read them.

use serde_json::{Map, Value, json};

use super::shape::{Document, Shape};

/// The definitions that a schema refers to.
#[derive(Debug, Default)]
pub(crate) struct Defs(Map<String, Value>);

/// The properties of one object.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

/// The name of the definition of `$(name)`, which may stand in the place of any value.
const NAMED: &str = "NamedValue";

impl Defs {
    /// A reference to the definition of a document, made when it is first asked for.
    pub(crate) fn document<D: Document>(&mut self) -> Value {
        self.named(D::NAME, |defs| {
            let mut all = Properties::default();
            D::properties(&mut all, defs);
            let mut object = json!({
                "description": clean(D::DOC),
                "type": "object",
                "properties": all.properties,
                "additionalProperties": false,
            });
            if !all.required.is_empty() {
                object["required"] = json!(all.required);
            }
            object
        })
    }

    /// A reference to the definition `name`.
    pub(crate) fn named(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // Holds the place, for definitions that lead back to themselves.
            self.0.insert(name.to_owned(), Value::Null);
            let made = make(self);
            self.0.insert(name.to_owned(), made);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }

    /// The schema of a `T` in a place where `$(name)` may stand for it.
    pub(crate) fn place<T: Shape>(&mut self) -> Value {
        let own = T::schema(self);
        self.or_named(own)
    }

    /// `own`, or a `$(name)` in its place.
    pub(crate) fn or_named(&mut self, own: Value) -> Value {
        let named = self.named(NAMED, |_| {
            json!({
                "description": "A value of `let` or of a case, by its name.",
                "type": "string",
                "pattern": r"^\$\([A-Za-z0-9_.-]+\)$",
            })
        });
        json!({"anyOf": [own, named]})
    }
}

impl Properties {
    pub(crate) fn add<T: Shape>(
        &mut self,
        key: &'static str,
        doc: &str,
        default: Option<fn() -> T>,
        defs: &mut Defs,
    ) {
        let mut schema = defs.place::<T>();
        schema["description"] = json!(clean(doc));
        self.properties.insert(key.to_owned(), schema);
        if default.is_none() && T::absent().is_none() {
            self.required.push(key);
        }
    }
}

/// The text of a doc comment.
fn clean(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The schema of the document `D`, with all that it refers to.
pub(crate) fn schema_of<D: Document>(title: &str) -> Value {
    let mut defs = Defs::default();
    let root = D::schema(&mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$ref": root["$ref"],
        "$defs": defs.0,
    })
}
