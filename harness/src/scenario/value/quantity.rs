//! Expectations of numbers, sizes and durations: exact, `{min, max}`, `{not: ...}`.

use std::fmt;

use serde_json::{Value as Json, json};

use super::units::Size;
use crate::scenario::document::schema::Defs;
use crate::scenario::document::shape::{Reader, Shape, only_keys};
use crate::scenario::document::source::{Entry, Node, Span};
use crate::state::{Duration, show};

/// What a number, size or duration has to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity<T> {
    /// Where it is written.
    pub span: Span,
    /// The test.
    pub test: QuantityTest<T>,
}

/// The test of a [`Quantity`].
#[derive(Clone, Debug, PartialEq)]
pub enum QuantityTest<T> {
    /// Exactly this.
    Is(T),
    /// Between the two, both included.
    Within {
        /// The least.
        min: Option<T>,
        /// The most.
        max: Option<T>,
    },
    /// Anything but that.
    Not(Box<Quantity<T>>),
}

impl<T> Quantity<T> {
    /// Exactly `value`.
    pub fn is(value: T) -> Self {
        Self { span: Span::none(), test: QuantityTest::Is(value) }
    }
}

impl<T: PartialOrd> Quantity<T> {
    /// Whether `actual` passes.
    pub fn matches(&self, actual: &T) -> bool {
        match &self.test {
            QuantityTest::Is(value) => value == actual,
            QuantityTest::Within { min, max } => {
                min.as_ref().is_none_or(|min| min <= actual) && max.as_ref().is_none_or(|max| actual <= max)
            }
            QuantityTest::Not(inner) => !inner.matches(actual),
        }
    }
}

impl<T: Measure> Quantity<T> {
    /// What is expected, in words: `at least 2`, `5ms`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.test {
            QuantityTest::Is(value) => value.shown(),
            QuantityTest::Within { min: Some(min), max: Some(max) } => {
                format!("{} to {}", min.shown(), max.shown())
            }
            QuantityTest::Within { min: Some(min), max: None } => format!("at least {}", min.shown()),
            QuantityTest::Within { min: None, max: Some(max) } => format!("at most {}", max.shown()),
            QuantityTest::Within { min: None, max: None } => "anything".to_owned(),
            QuantityTest::Not(inner) => format!("not {}", inner.describe()),
        }
    }
}

/// What a [`Quantity`] can measure.
pub trait Measure: PartialOrd {
    /// The value as a scenario file writes it.
    fn shown(&self) -> String;
}

macro_rules! shown_as_displayed {
    ($($type:ty)+) => { $( impl Measure for $type { fn shown(&self) -> String { self.to_string() } } )+ };
}

shown_as_displayed!(u16 u32 u64 Size);

impl Measure for Duration {
    fn shown(&self) -> String {
        show(*self)
    }
}

impl<T: Measure> fmt::Display for Quantity<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

impl<T: Shape> Shape for Quantity<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let span = node.span.clone();
        if node.entries().is_none() {
            return T::read(node, reader).map(|value| Self { span, test: QuantityTest::Is(value) });
        }
        only_keys(node, "min, max or not", &["min", "max", "not"], reader)?;
        let part = |key, reader: &mut Reader| match node.get(key) {
            Some(node) => T::read(node, reader).map(Some),
            None => Some(None),
        };
        let (min, max) = (part("min", reader)?, part("max", reader)?);
        let test = match node.get("not") {
            None if min.is_none() && max.is_none() => {
                return reader.fail(&span, "expected one of min, max, not");
            }
            None => QuantityTest::Within { min, max },
            Some(_) if min.is_some() || max.is_some() => {
                return reader.fail(&span, "`not` stands alone");
            }
            Some(inner) => QuantityTest::Not(Box::new(Self::read(inner, reader)?)),
        };
        Some(Self { span, test })
    }

    fn write(&self) -> Node {
        match &self.test {
            QuantityTest::Is(value) => value.write(),
            QuantityTest::Within { min, max } => {
                let entry = |key: &str, value: &Option<T>| value.as_ref().map(|v| Entry::new(key, v.write()));
                Node::mapping([entry("min", min), entry("max", max)].into_iter().flatten().collect())
            }
            QuantityTest::Not(inner) => Node::mapping(vec![Entry::new("not", inner.write())]),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        let place = defs.place::<T>();
        json!({"anyOf": [
            place,
            {"type": "object", "properties": {"min": place, "max": place}, "additionalProperties": false,
             "minProperties": 1},
            {"type": "object", "properties": {"not": {}}, "required": ["not"], "additionalProperties": false},
        ]})
    }
}
