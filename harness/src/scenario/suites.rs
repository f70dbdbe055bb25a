//! What a scenario states for the suites that judge it beyond its steps: cost, parity, rate limits.

use serde_json::{Value as Json, json};

use super::document::declare::{choices, document};
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape, only_keys};
use super::document::source::{Entry, Node};
use super::value::matcher::Pattern;
use super::value::quantity::Quantity;
use super::value::units::Size;
use crate::state::Duration;

document! {
    /// What the scenario may cost.
    #[derive(Default)]
    pub struct Cost {
        /// The most fuel that one exchange may use.
        pub max_fuel: Option<u64>,
        /// The most bytes of memory that any VM may have when the scenario ends.
        pub max_memory: Option<Size>,
    }
}

document! {
    /// How the scenario is compared with a real proxy.
    #[derive(Default)]
    pub struct Parity {
        /// Why it cannot be played in real time.
        pub skip: Option<String>,
        /// Parts of log lines that cannot be equal.
        pub mask: Vec<Mask> = Vec::new(),
    }
}

document! {
    /// A part of log lines that cannot be equal on both sides.
    pub struct Mask {
        /// What is masked.
        pub regex: Pattern,
        /// Why.
        pub why: String,
    }
}

document! {
    /// The rate limiter that the plugin claims to be.
    pub struct RateLimit {
        /// How it counts.
        pub algorithm: Algorithm,
        /// How many requests it admits.
        pub limit: u32,
        /// The time in which it admits so many.
        pub per: Duration,
        /// The most tokens that a bucket holds; left out, `limit`.
        pub capacity: Option<u32>,
        /// How tokens come back.
        pub refill: Refill = Refill::default(),
        /// What is counted apart: `none`, or `{header: NAME}`.
        pub key: LimitKey = LimitKey::None,
        /// What counts together.
        pub scope: Scope = Scope::default(),
        /// How a request is refused.
        pub refused: Refused = Refused::default(),
    }
}

choices! {
    /// An algorithm of rate limiting.
    pub enum Algorithm {
        /// A bucket that tokens flow back into.
        TokenBucket = "token_bucket",
        /// So many in each window.
        FixedWindow = "fixed_window",
        /// So many in any window.
        SlidingWindow = "sliding_window",
    }
}

choices! {
    /// How tokens come back.
    pub enum Refill = Continuous {
        /// One by one, as time goes.
        Continuous = "continuous",
        /// All at once, when the time is over.
        Steps = "steps",
    }
}

choices! {
    /// What counts together.
    pub enum Scope = PerVm {
        /// Each VM for itself.
        PerVm = "per-vm",
        /// All VMs together.
        Shared = "shared",
    }
}

document! {
    /// How a request is refused.
    pub struct Refused {
        /// The status that the client receives.
        pub status: Quantity<u16> = Quantity::is(429),
    }
}

impl Default for Refused {
    fn default() -> Self {
        Self { span: super::document::source::Span::none(), status: Quantity::is(429) }
    }
}

/// What a rate limiter counts apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitKey {
    /// Nothing: all requests count together.
    None,
    /// Requests by the value of this header.
    Header(String),
}

impl Shape for LimitKey {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match (node.scalar(), node.get("header")) {
            (Some("none"), _) => Some(Self::None),
            (_, Some(header)) => {
                only_keys(node, "a key of a rate limit", &["header"], reader)?;
                String::read(header, reader).map(Self::Header)
            }
            _ => reader.expected("`none` or {header: NAME}", node),
        }
    }

    fn write(&self) -> Node {
        match self {
            Self::None => Node::text("none"),
            Self::Header(name) => Node::mapping(vec![Entry::new("header", Node::text(name))]),
        }
    }

    fn schema(defs: &mut Defs) -> Json {
        json!({"anyOf": [
            {"const": "none"},
            {"type": "object", "properties": {"header": defs.place::<String>()}, "required": ["header"],
             "additionalProperties": false},
        ]})
    }
}
