//! What was seen of a schedule, held against what is claimed.
//!
//! Requests that count together, by key and, where the claim says so, by VM, are judged together: what others do is no
//! excuse. In order: no trouble; never more than the algorithm's bound in any window; who waits long enough is admitted;
//! and where the algorithm is claimed to the nanosecond, each request as the model decides it. After a step of the realtime
//! clock the bound begins anew.

use std::collections::BTreeMap;

use proxy_wasm_harness::scenario::{Algorithm, ClockClaim, LimitKey, Pushes, RateLimit, Scope};
use proxy_wasm_harness::state::{Duration, show};

use super::model::Model;
use super::play::{Seen, Trace};

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which: `bound`, `progress`, `exact`, `free-refusal`, `larger`, `trap`, `stall`, `answer`, `finding`.
    pub property: &'static str,
    /// Where in the schedule it shows.
    pub place: usize,
    /// What is claimed, in words.
    pub expected: String,
    /// What was seen, in words, with the numbers.
    pub actual: String,
}

/// What was seen at all: a property that met none of it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests.
    pub requests: u64,
    /// Of these, how many were admitted.
    pub admitted: u64,
    /// Of these, how many were refused.
    pub refused: u64,
    /// Requests where a nanosecond more or less would have made a difference.
    pub edges: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.admitted += other.admitted;
        self.refused += other.refused;
        self.edges += other.edges;
    }
}

/// Judges one trace.
///
/// # Errors
///
/// The first property that does not hold.
pub fn judge(claim: &RateLimit, trace: &Trace) -> Result<Tally, Violation> {
    if let Some(trouble) = &trace.trouble {
        return Err(Violation {
            property: trouble.what,
            place: trouble.place,
            expected: "every request is admitted or refused, and nothing else happens".to_owned(),
            actual: trouble.words.clone(),
        });
    }
    let mut groups: BTreeMap<(usize, &[u8]), Vec<Numbered<'_>>> = BTreeMap::new();
    for (number, seen) in trace.requests.iter().enumerate() {
        let worker = if claim.scope == Scope::PerVm { seen.worker } else { 0 };
        groups.entry((worker, &seen.key)).or_default().push((number, seen));
    }
    // Of requests that came together any may have been first: whoever was admitted came before whoever was refused.
    for requests in groups.values_mut() {
        requests.sort_by_key(|(number, seen)| match seen.together {
            Some(first) => (first, seen.admitted != Some(true), *number),
            None => (*number, false, *number),
        });
    }
    let mut tally = Tally { requests: trace.requests.len() as u64, ..Tally::default() };
    let mut first: Option<(usize, Violation)> = None;
    for requests in groups.values() {
        match (Group { claim, requests }.judge()) {
            Ok(of_group) => tally.add(of_group),
            Err((number, violation)) => {
                if first.as_ref().is_none_or(|(earliest, _)| number < *earliest) {
                    first = Some((number, violation));
                }
            }
        }
    }
    first.map_or(Ok(tally), |(_, violation)| Err(violation))
}

/// A request, with its number among all.
type Numbered<'a> = (usize, &'a Seen);

/// Requests that count together, with their numbers among all.
struct Group<'a> {
    claim: &'a RateLimit,
    requests: &'a [Numbered<'a>],
}

/// A violation, with the number of the request where it shows.
type Found = (usize, Violation);

impl Group<'_> {
    fn judge(&self) -> Result<Tally, Found> {
        let mut tally = Tally::default();
        let mut model = Model::of(self.claim);
        let mut pushes = 0;
        let mut healed = 0;
        // On which side of an edge an instant lies is judged only where it is claimed.
        let patience = model.patience().saturating_add(u64::from(!self.claim.exact));
        // Since the last step of the clock: its number, and when the admitted requests came.
        let mut steady: (u32, Vec<(usize, u64)>) = (0, Vec::new());
        // From when on the limiter has had nothing to do but to let time pass.
        let mut idle_since: Option<u64> = None;
        for (number, seen) in self.requests {
            let Some(admitted) = seen.admitted.filter(|_| !seen.troubled) else { continue };
            if seen.healed != healed {
                healed = seen.healed;
                steady.1.clear();
                idle_since = None;
            }
            if self.claim.pushes == Pushes::BeginAnew && seen.pushes != pushes {
                pushes = seen.pushes;
                model = Model::of(self.claim);
                steady.1.clear();
                idle_since = None;
            }
            if seen.steps_of_clock != steady.0 {
                steady = (seen.steps_of_clock, Vec::new());
                idle_since = None;
            }
            // The clock that plugins read stands still there.
            let stands_still = seen.realtime == u64::MAX;
            // What was counted in trouble is not known.
            let known = seen.healed == 0;
            let stepped = seen.steps_of_clock > 0;
            if !stepped && !stands_still && known {
                tally.edges += u64::from(model.at_an_edge(seen.realtime));
                if self.claim.exact && model.would_admit(seen.realtime) != admitted {
                    return Err(self.inexact(*number, seen, admitted));
                }
            }
            if admitted {
                tally.admitted += 1;
                steady.1.push((*number, seen.at));
                if !stands_still {
                    self.bound(&model, &steady.1, seen)?;
                }
                model.admitted(seen.realtime);
            } else {
                tally.refused += 1;
                let judged = !stands_still && (!stepped || self.claim.clock == ClockClaim::Any);
                let waited = match idle_since {
                    Some(since) => seen.at - since,
                    // It has not been asked yet: it had all the time before.
                    None if !stepped && known => u64::MAX,
                    None => 0,
                };
                if judged && waited >= patience {
                    return Err(self.starved(*number, seen, waited, patience));
                }
            }
            if admitted || idle_since.is_none() {
                idle_since = Some(seen.at);
            }
        }
        Ok(tally)
    }

    /// Whether the last of `admitted` makes too many in any window that ends with it.
    fn bound(&self, model: &Model, admitted: &[(usize, u64)], seen: &Seen) -> Result<(), Found> {
        let (last, to) = admitted[admitted.len() - 1];
        let mut worst: Option<(u64, u64, u64)> = None;
        for (before, (_, from)) in admitted.iter().rev().enumerate() {
            let (count, span) = (before as u64 + 1, to - from);
            let most = model.most_in(span);
            if count > most && worst.is_none_or(|(_, _, of)| span < of) {
                worst = Some((count, most, span));
            }
        }
        let Some((count, most, span)) = worst else { return Ok(()) };
        let window = |span: u64| match span {
            0 => "at one instant".to_owned(),
            span => format!("within {}", time(span)),
        };
        let which = &admitted[admitted.len() - count as usize..];
        Err((
            last,
            Violation {
                property: "bound",
                place: seen.place,
                expected: format!(
                    "at most {most} {} admitted {}{}",
                    requests(most),
                    self.window(span),
                    self.who(seen)
                ),
                actual: format!("{count} were admitted {}: {}", window(span), list(which)),
            },
        ))
    }

    /// The window that is meant: the claim's own where the span lies in it.
    fn window(&self, span: u64) -> String {
        let per = u64::try_from(self.claim.per.as_nanos()).unwrap_or(u64::MAX);
        match span {
            0 => format!("at one instant by a {}", self.says()),
            // What holds in a window of a sliding limit holds in each part of it.
            span if span < per && self.claim.algorithm == Algorithm::SlidingWindow => {
                format!("in any {} by a {}", time(per), self.says())
            }
            span => format!("in any {} by a {}", time(span), self.says()),
        }
    }

    fn says(&self) -> String {
        says(self.claim)
    }

    fn who(&self, seen: &Seen) -> String {
        let mut who = String::new();
        if let LimitKey::Header(name) = &self.claim.key {
            who.push_str(&format!(" with {name}: {}", String::from_utf8_lossy(&seen.key)));
        }
        if self.claim.scope == Scope::PerVm && seen.worker > 0 {
            who.push_str(&format!(" on worker {}", seen.worker));
        }
        who
    }

    fn starved(&self, number: usize, seen: &Seen, waited: u64, patience: u64) -> Found {
        let since = match waited {
            u64::MAX => "before any other was admitted".to_owned(),
            waited => format!("after {} without an admission", time(waited)),
        };
        let violation = Violation {
            property: "progress",
            place: seen.place,
            expected: format!(
                "a request{} is admitted when none was for {} by a {}",
                self.who(seen),
                time(patience),
                self.says()
            ),
            actual: format!("request {} was refused at {}, {since}", number + 1, time(seen.at)),
        };
        (number, violation)
    }

    fn inexact(&self, number: usize, seen: &Seen, admitted: bool) -> Found {
        let word = |admitted| if admitted { "admitted" } else { "refused" };
        let violation = Violation {
            property: "exact",
            place: seen.place,
            expected: format!(
                "request {}{} at {} is {} by a {}",
                number + 1,
                self.who(seen),
                time(seen.at),
                word(!admitted),
                self.says()
            ),
            actual: format!("request {} at {} was {}", number + 1, time(seen.at), word(admitted)),
        };
        (number, violation)
    }
}

/// What a claim says, in words: `sliding_window of 2 in 1s`.
pub(super) fn says(claim: &RateLimit) -> String {
    let capacity =
        claim.capacity.map_or_else(String::new, |capacity| format!(" and a capacity of {capacity}"));
    format!("{} of {} in {}{capacity}", claim.algorithm.word(), claim.limit, show(claim.per))
}

fn list(which: &[(usize, u64)]) -> String {
    const MOST: usize = 8;
    let mut all: Vec<String> = which
        .iter()
        .take(MOST)
        .map(|(number, at)| format!("request {} at {}", number + 1, time(*at)))
        .collect();
    if which.len() > MOST {
        all.push(format!("... and {} more", which.len() - MOST));
    }
    all.join(", ")
}

fn requests(count: u64) -> &'static str {
    if count == 1 { "request" } else { "requests" }
}

pub(super) fn time(nanos: u64) -> String {
    show(Duration::from_nanos(nanos))
}
