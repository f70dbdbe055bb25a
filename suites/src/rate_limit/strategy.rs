//! Schedules for proptest: where limiters go wrong, more often than chance would have it.
//!
//! Arrivals are regular, Poisson-like, in bursts, at the edges of windows and a nanosecond beside them, after long idles;
//! or all of these, mixed. An edge is meant as the claim has it: of windows by the clock, `per` after a request, or when a
//! token is back that a request took, or when the claim's own model decides otherwise. Long idles come near powers of two of every unit, where counters overflow. Workers,
//! keys, streams that stay open, writes that come too late, configuration pushes and steps of
//! the clock are drawn beside the times.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use proptest::prelude::{Rng, RngExt as _};
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;
use proxy_wasm_harness::scenario::{ClockClaim, LimitKey, Pushes, RateLimit, Scope};
use proxy_wasm_harness::state::Clock;

use super::model::Model;
use super::schedule::{Op, Schedule};
use super::shrink::Shrinking;
use super::trouble::MENU;

/// Generates schedules for a limiter that claims something.
#[derive(Clone, Debug)]
pub struct Schedules {
    pub(super) per: u64,
    /// The time in which one of the limit is back, rounded up.
    pub(super) token: u64,
    limit: u64,
    keys: u8,
    workers: usize,
    /// Realtime at the start, unless a schedule says otherwise.
    start: u64,
    any_clock: bool,
    /// Whether VMs share what they count, and may come in each other's way.
    shared: bool,
    pushes: bool,
    faults: bool,
    requests: RangeInclusive<usize>,
    /// What decides, if the limiter is what it claims to be.
    model: Model,
    per_vm: bool,
}

impl Schedules {
    /// Schedules of up to 24 requests on one to four workers for a limiter that claims this.
    #[must_use]
    pub fn of(claim: &RateLimit) -> Self {
        let per = u64::try_from(claim.per.as_nanos()).unwrap_or(u64::MAX).max(1);
        let limit = u64::from(claim.limit.max(1));
        Self {
            per,
            token: per.div_ceil(limit),
            limit,
            keys: if claim.key == LimitKey::None { 1 } else { 3 },
            workers: 4,
            start: Clock::DEFAULT_REALTIME,
            shared: claim.scope == Scope::Shared,
            faults: claim.faults,
            pushes: claim.pushes != Pushes::None,
            any_clock: claim.clock == ClockClaim::Any,
            requests: 1..=24,
            model: Model::of(claim),
            per_vm: claim.scope == Scope::PerVm,
        }
    }

    /// At most so many workers.
    #[must_use]
    pub fn workers(mut self, most: usize) -> Self {
        self.workers = most.clamp(1, 255);
        self
    }

    /// So many requests in each.
    #[must_use]
    pub fn requests(mut self, requests: RangeInclusive<usize>) -> Self {
        self.requests = requests;
        self
    }

    /// What the realtime clock of the host says at the start, in nanoseconds since 1970.
    #[must_use]
    pub fn start(mut self, realtime: u64) -> Self {
        self.start = realtime;
        self
    }
}

impl Strategy for Schedules {
    type Tree = Shrinking;
    type Value = Schedule;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let schedule = Draw::new(self, runner.rng()).schedule();
        Ok(Shrinking::new(schedule, self.per, self.token))
    }
}

/// How arrivals are spread.
#[derive(Clone, Copy)]
enum Arrivals {
    Regular(u64),
    Poisson(u64),
    Bursts,
    Edges,
    Idles,
    Mixed,
}

/// A schedule under construction.
struct Draw<'a, R> {
    of: &'a Schedules,
    rng: &'a mut R,
    /// Realtime now.
    now: u64,
    /// When requests came, by the realtime clock, since its last step.
    came: Vec<u64>,
    /// What has been counted, by worker and key, if the limiter is what it claims to be.
    models: BTreeMap<(u8, u8), Model>,
    last: (u8, u8),
    /// One key and one worker are asked all the time.
    hot: bool,
    open: u8,
    schedule: Schedule,
}

impl<'a, R: Rng> Draw<'a, R> {
    fn new(of: &'a Schedules, rng: &'a mut R) -> Self {
        Self {
            of,
            rng,
            now: of.start,
            came: Vec::new(),
            models: BTreeMap::new(),
            last: (0, 0),
            hot: false,
            open: 0,
            schedule: Schedule::default(),
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.rng.random_range(0..end.max(1))
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn schedule(mut self) -> Schedule {
        self.schedule.workers = match self.below(8) {
            0..=3 => 1,
            4 | 5 => 2,
            _ => 1 + self.below(self.of.workers as u64) as usize,
        }
        .min(self.of.workers);
        if self.of.any_clock && self.chance(8) {
            let start = self.extreme();
            self.schedule.start = Some(start);
            self.now = start;
        }
        // Half of all schedules do without the rarer things, so that they do not hide the common ones.
        let plain = self.chance(2);
        self.hot = self.chance(2);
        let arrivals = self.arrivals();
        let requests = self.rng.random_range(self.of.requests.clone());
        // Trouble comes first, and is over by half of the requests.
        let troubles = if self.of.faults && self.chance(3) { self.troubles() } else { Vec::new() };
        let healing = if troubles.is_empty() { 0 } else { 1 + requests / 2 };
        for number in 0..requests {
            if number == healing && !troubles.is_empty() {
                self.schedule.ops.push(Op::Heal);
            }
            if number < healing && self.chance(2) {
                let kind = troubles[self.below(troubles.len() as u64) as usize];
                let times = 1 + self.below(3) as u8;
                self.schedule.ops.push(Op::Fault(kind, times));
            }
            let gap = self.gap(arrivals);
            self.wait(gap);
            if !plain {
                self.rarity();
            }
            self.request(plain);
        }
        // Workers that share nothing do not meet; a tick or an answer can meet a request of any one of them.
        let meet = match self.schedule.workers {
            1 => self.chance(8),
            _ => self.of.shared && self.chance(2),
        };
        if meet {
            self.schedule.interleaving = Some(self.interleaving());
        }
        self.schedule.tidy()
    }

    /// Some of the troubles there are.
    fn troubles(&mut self) -> Vec<u8> {
        let chosen = self.rng.next_u64();
        (0..MENU.len() as u8).filter(|kind| chosen >> kind & 1 == 1).collect()
    }

    /// Who goes on where workers meet: anyone; or mostly whoever went on last, with a few changes.
    fn interleaving(&mut self) -> Vec<u32> {
        let meetings = 4 * self.schedule.requests().max(1) as u64;
        if self.chance(2) {
            return (0..meetings).map(|_| self.below(4) as u32).collect();
        }
        let mut choices = vec![0; meetings as usize];
        for _ in 0..=self.below(3) {
            let change = self.below(meetings) as usize;
            choices[change] = 1 + self.below(3) as u32;
        }
        choices
    }

    fn arrivals(&mut self) -> Arrivals {
        let near = [1, self.of.token, self.of.per, 2 * (self.of.per / 2)];
        match self.below(8) {
            0 => {
                let about = near[self.below(3) as usize];
                Arrivals::Regular((about + self.below(3)).saturating_sub(1))
            }
            1 => Arrivals::Poisson(near[1 + self.below(2) as usize]),
            2 => Arrivals::Bursts,
            3 | 4 => Arrivals::Edges,
            5 => Arrivals::Idles,
            _ => Arrivals::Mixed,
        }
    }

    fn gap(&mut self, arrivals: Arrivals) -> u64 {
        match arrivals {
            Arrivals::Regular(gap) => gap,
            Arrivals::Poisson(mean) => self.exponential(mean),
            Arrivals::Bursts if self.chance(4) => self.below(self.of.per.saturating_mul(2)),
            Arrivals::Bursts => self.below(3),
            Arrivals::Edges => self.edge(),
            Arrivals::Idles if self.chance(4) => self.idle(),
            Arrivals::Idles => self.below(self.of.token.saturating_add(2)),
            Arrivals::Mixed => {
                let one = match self.below(5) {
                    0 => Arrivals::Poisson(self.of.token),
                    1 | 2 => Arrivals::Bursts,
                    3 => Arrivals::Edges,
                    _ => Arrivals::Idles,
                };
                self.gap(one)
            }
        }
    }

    /// A time that is exponentially distributed, in whole numbers: how often a fair coin shows heads first, and a part.
    fn exponential(&mut self, mean: u64) -> u64 {
        let heads = u64::from(self.rng.next_u64().trailing_zeros());
        let half_life = mean / 10 * 7 + 1;
        half_life.saturating_mul(heads).saturating_add(self.below(half_life))
    }

    /// The time until something changes, or a nanosecond less or more; nothing at all now and then.
    fn edge(&mut self) -> u64 {
        if self.chance(2) {
            return self.change();
        }
        let (per, limit) = (self.of.per, self.of.limit);
        let some = 1 + self.below(limit.min(8) + 1);
        let target = match (self.below(5), self.came.last().copied()) {
            (0, _) => return 0,
            // The next window by the clock.
            (1, _) => (self.now - self.now % per).checked_add(per),
            // So many tokens after the last request, or after an earlier one.
            (2, Some(last)) => last.checked_add(tokens(some, per, limit)),
            (3, Some(_)) => {
                let which = self.below(self.came.len() as u64) as usize;
                self.came[which].checked_add(tokens(some, per, limit))
            }
            // `per` after a request.
            _ => {
                let which = self.below(self.came.len() as u64) as usize;
                self.came.get(which).copied().unwrap_or(self.now).checked_add(per)
            }
        };
        let beside = self.below(3);
        let target = target.unwrap_or(self.now).saturating_add(beside).saturating_sub(1);
        target.saturating_sub(self.now)
    }

    /// The time until the key that was asked last is admitted again, or a nanosecond less or more; nothing as long as it is
    /// admitted.
    fn change(&mut self) -> u64 {
        let model = self.models.get(&self.last).unwrap_or(&self.of.model);
        if model.would_admit(self.now) {
            return 0;
        }
        // Refused at `from`, admitted at `to`.
        let (mut from, mut to) = (self.now, self.now.saturating_add(model.patience()));
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            if model.would_admit(middle) { to = middle } else { from = middle }
        }
        (to - self.now + self.below(3)).saturating_sub(1)
    }

    /// A time in which limiters forget, and counters overflow.
    fn idle(&mut self) -> u64 {
        const UNITS: [u64; 4] = [1, 1_000, 1_000_000, 1_000_000_000];
        // A century; the clock has room for five.
        const MOST: u64 = 3_155_760_000_000_000_000;
        let per = self.of.per;
        let idle = match self.below(4) {
            0 => per.saturating_mul(1 + self.below(5)),
            1 => per.saturating_mul(self.rng.random_range(10..1000)),
            2 => {
                let unit = UNITS[self.below(4) as usize];
                let width = [16, 31, 32, 53, 61][self.below(5) as usize];
                (1_u64 << width).saturating_mul(unit).saturating_add(self.below(per.saturating_mul(2)))
            }
            _ => self.rng.random_range(0..MOST),
        };
        // Where nothing is claimed of the clock, not beyond 2262, where 63 bits of nanoseconds end.
        let end = if self.of.any_clock { u64::MAX } else { i64::MAX as u64 };
        idle.min(MOST).min(end.saturating_sub(self.now) / 4)
    }

    /// A point in realtime where 64 bits, 32 bits or the calendar begin or end.
    fn extreme(&mut self) -> u64 {
        const SECOND: u64 = 1_000_000_000;
        const EXTREMES: [u64; 5] = [0, 1, (1 << 31) * SECOND, 1 << 63, u64::MAX];
        let at = EXTREMES[self.below(5) as usize];
        let before = self.of.per.saturating_mul(2 * self.below(40));
        match at {
            u64::MAX => at - before.min(at / 2).max(1_000_000 * SECOND),
            at => at.saturating_sub(before),
        }
    }

    /// Something that happens beside requests.
    fn rarity(&mut self) {
        match self.below(24) {
            0 | 1 if self.open > 0 => {
                let stream = self.below(u64::from(self.open)) as u8;
                let op = if self.chance(3) { Op::Abort(stream) } else { Op::Respond(stream) };
                self.schedule.ops.push(op);
            }
            2 => {
                let to = match self.below(4) {
                    0 => self.extreme(),
                    1 => self.now.saturating_add(self.below(self.of.per.saturating_mul(100))),
                    2 => self.now.saturating_sub(self.below(self.of.per.saturating_mul(100))),
                    _ => self.now.saturating_sub(3_600_000_000_000),
                };
                self.schedule.ops.push(Op::SetClock(to));
                self.now = to;
                self.came.clear();
            }
            3 | 4 if self.of.shared => {
                let times = 1 + self.below(4) as u8;
                self.schedule.ops.push(Op::Contend(times));
            }
            5 | 6 if self.of.pushes => self.schedule.ops.push(Op::Push),
            _ => {}
        }
    }

    fn wait(&mut self, gap: u64) {
        let gap = gap.min(u64::MAX - self.now);
        self.schedule.ops.push(Op::Wait(gap));
        self.now += gap;
    }

    fn request(&mut self, plain: bool) {
        let worker = self.below(self.schedule.workers as u64) as u8;
        let worker = if self.hot && self.of.per_vm { 0 } else { worker };
        let key = if self.hot || self.chance(2) { 0 } else { self.below(u64::from(self.of.keys)) as u8 };
        self.came.push(self.now);
        self.last = (if self.of.per_vm { worker } else { 0 }, key);
        let Self { models, of, last, now, .. } = self;
        models.entry(*last).or_insert_with(|| of.model.clone()).decide(*now);
        if !plain && self.open < 8 && self.chance(6) {
            self.open += 1;
            self.schedule.ops.push(Op::Open { worker, key });
        } else {
            self.schedule.ops.push(Op::Request { worker, key });
        }
    }
}

/// The time in which so many of `limit` in `per` are back, rounded up.
fn tokens(some: u64, per: u64, limit: u64) -> u64 {
    let time = (u128::from(some) * u128::from(per)).div_ceil(u128::from(limit));
    u64::try_from(time).unwrap_or(u64::MAX)
}
