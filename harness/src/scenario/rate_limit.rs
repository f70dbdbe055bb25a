//! The rate limiter that a plugin claims to be: what `rate_limit:` of a scenario says, and the same built in Rust.
//!
//! Says what is claimed. How it is judged is the business of whoever judges it.

use serde_json::{Value as Json, json};

use super::document::declare::{choices, document};
use super::document::schema::Defs;
use super::document::shape::{Reader, Shape, only_keys};
use super::document::source::{Entry, Node, Span};
use super::value::quantity::Quantity;
use crate::state::{Duration, Request};

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
        /// Where fixed windows begin.
        pub windows: Windows = Windows::default(),
        /// What a request gets that comes exactly `per` after a window's begin, or after an admission that slides out.
        pub edge: Edge = Edge::default(),
        /// What is counted apart: `none`, or `{header: NAME}`.
        pub key: LimitKey = LimitKey::None,
        /// What counts together.
        pub scope: Scope = Scope::default(),
        /// How a request is refused.
        pub refused: Refused = Refused::default(),
        /// Whether it claims the algorithm to the nanosecond: each request is then decided as the model decides it.
        pub exact: bool = false,
        /// What it takes from the realtime clock.
        pub clock: ClockClaim = ClockClaim::default(),
        /// What it does with a configuration push.
        pub pushes: Pushes = Pushes::default(),
        /// Whether hostcalls fail for a while in ways that the ABI lets them fail: it then goes through that without a trap,
        /// ends every stream, and keeps its claim from there on.
        pub faults: bool = false,
        /// A request of its kind; left out, `GET /`. The suite adds the header that is the key.
        pub request: Option<Request>,
        /// Requests that come in a row, with no time between, are made together. Where workers meet, before hostcalls on
        /// shared data and queues, these numbers say which goes on: 0 is the one that went on last. Where a worker has a tick or
        /// the answer of a cluster at that instant too, they say what comes first: 0 is what has been due longest. 0 after the last.
        pub interleaving: Option<Vec<u32>>,
        /// How many schedules are tried; left out, as many as whoever runs the suite says. With 0 only the steps of the
        /// scenario are judged.
        pub cases: Option<u32>,
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
        /// `limit` of them at once, each time that `per` is over.
        Steps = "steps",
    }
}

choices! {
    /// Where fixed windows begin.
    pub enum Windows = Clock {
        /// At multiples of `per` since 1970.
        Clock = "clock",
        /// With the first request after the last window's end.
        FirstRequest = "first_request",
    }
}

choices! {
    /// Which side the instant at the end of a window belongs to.
    pub enum Edge = Next {
        /// To what comes after: the request is counted anew.
        Next = "next",
        /// To what was before: one nanosecond later it is over.
        Same = "same",
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

choices! {
    /// What a limiter takes from the realtime clock.
    pub enum ClockClaim = Steady {
        /// That it runs evenly, and not beyond 2262, where 63 bits of nanoseconds end. Where it steps, no more is asked than that nothing traps and that the limit holds from
        /// the step on.
        Steady = "steady",
        /// Nothing: after a step of the clock, in 1970 and where 64 bits end, requests are admitted as ever.
        Any = "any",
    }
}

choices! {
    /// What a limiter does with a configuration push. The configuration that is pushed says the same, a space longer.
    pub enum Pushes = None {
        /// Nothing is claimed, and none are tried.
        None = "none",
        /// It begins anew.
        BeginAnew = "begin_anew",
        /// What it has counted stays counted.
        CountOn = "count_on",
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
        Self { span: Span::none(), status: Quantity::is(429) }
    }
}

impl RateLimit {
    /// `limit` requests in `per`, by this algorithm; everything else as in a file that leaves it out.
    #[must_use]
    pub fn new(algorithm: Algorithm, limit: u32, per: Duration) -> Self {
        Self {
            span: Span::none(),
            algorithm,
            limit,
            per,
            capacity: None,
            refill: Refill::default(),
            windows: Windows::default(),
            edge: Edge::default(),
            key: LimitKey::None,
            scope: Scope::default(),
            refused: Refused::default(),
            exact: false,
            clock: ClockClaim::default(),
            pushes: Pushes::default(),
            faults: false,
            request: None,
            interleaving: None,
            cases: None,
        }
    }

    /// A bucket of `limit` tokens that come back, one by one, at a rate of `limit` in `per`.
    #[must_use]
    pub fn token_bucket(limit: u32, per: Duration) -> Self {
        Self::new(Algorithm::TokenBucket, limit, per)
    }

    /// At most `limit` requests in each window.
    #[must_use]
    pub fn fixed_window(limit: u32, per: Duration) -> Self {
        Self::new(Algorithm::FixedWindow, limit, per)
    }

    /// At most `limit` requests in any window.
    #[must_use]
    pub fn sliding_window(limit: u32, per: Duration) -> Self {
        Self::new(Algorithm::SlidingWindow, limit, per)
    }

    /// The most tokens that the bucket holds.
    #[must_use]
    pub fn capacity(mut self, tokens: u32) -> Self {
        self.capacity = Some(tokens);
        self
    }

    /// Requests are counted apart by the value of this header.
    #[must_use]
    pub fn by_header(mut self, name: impl Into<String>) -> Self {
        self.key = LimitKey::Header(name.into());
        self
    }

    /// All VMs count together.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.scope = Scope::Shared;
        self
    }

    /// The status of a refusal.
    #[must_use]
    pub fn refused(mut self, status: u16) -> Self {
        self.refused.status = Quantity::is(status);
        self
    }

    /// The algorithm is claimed to the nanosecond.
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Steps of the realtime clock make no difference.
    #[must_use]
    pub fn any_clock(mut self) -> Self {
        self.clock = ClockClaim::Any;
        self
    }

    /// What contradicts itself, in words.
    pub(crate) fn objections(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.limit == 0 {
            all.push("`limit` is at least 1".to_owned());
        }
        if self.per.is_zero() || self.per.as_nanos() > u128::from(u64::MAX) {
            all.push("`per` is at least 1ns and at most 584 years".to_owned());
        }
        if self.capacity == Some(0) {
            all.push("`capacity` is at least 1".to_owned());
        }
        let bucket = self.algorithm == Algorithm::TokenBucket;
        let only = |key: &str, of: &str| format!("`{key}` belongs to `algorithm: {of}`");
        if !bucket && self.capacity.is_some() {
            all.push(only("capacity", "token_bucket"));
        }
        if !bucket && self.refill != Refill::default() {
            all.push(only("refill", "token_bucket"));
        }
        if self.algorithm != Algorithm::FixedWindow && self.windows != Windows::default() {
            all.push(only("windows", "fixed_window"));
        }
        if bucket && self.edge != Edge::default() {
            all.push("`edge` belongs to windows: a token is back when its time is over".to_owned());
        }
        all
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
