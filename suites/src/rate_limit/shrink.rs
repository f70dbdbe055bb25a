//! How a schedule that fails becomes the least one that fails.
//!
//! Pass by pass, until one changes nothing: parts are left out, large ones first; then what is left becomes plainer:
//! fewer workers, the first key, answered at once, times that a reader knows.

use proptest::strategy::ValueTree;

use super::schedule::{Op, Schedule};

/// A schedule on its way to a smaller one.
#[derive(Clone, Debug)]
pub struct Shrinking {
    /// The smallest that is known to fail, or the first.
    best: Schedule,
    /// The one that is tried.
    tried: Schedule,
    /// Which change of `best` comes next.
    next: usize,
    /// Whether this pass has found a smaller one.
    found: bool,
    /// Times that a reader knows, plainest first.
    known: Vec<u64>,
}

impl Shrinking {
    pub(super) fn new(schedule: Schedule, per: u64, token: u64) -> Self {
        let schedule = schedule.tidy();
        let near = [per, 1, per.saturating_add(1), per.saturating_sub(1), token, token.saturating_add(1)];
        let known =
            near.into_iter().chain([token.saturating_sub(1), per.saturating_mul(2), per.saturating_mul(3)]);
        let known = known.filter(|nanos| *nanos > 0).collect();
        Self { best: schedule.clone(), tried: schedule, next: 0, found: false, known }
    }

    /// How hard a time is to read.
    fn rank(&self, nanos: u64) -> u64 {
        match self.known.iter().position(|known| *known == nanos) {
            Some(place) => place as u64,
            // Round numbers first, then small ones.
            None => {
                let zeros =
                    (0..19).take_while(|power| nanos.is_multiple_of(10_u64.pow(power + 1))).count() as u64;
                100 + (19 - zeros) * 100 + u64::from(64 - nanos.leading_zeros())
            }
        }
    }

    /// The change of this number; nothing when there are no more. `Some(None)`: that one does not apply.
    fn change(&self, number: usize) -> Option<Option<Schedule>> {
        let best = &self.best;
        let len = best.ops.len();
        let mut number = number;
        // Parts left out: a half, a quarter, and so on down to single ones.
        let mut size = len;
        while size > 0 {
            let parts = len.div_ceil(size);
            if number < parts {
                // The later ones first: what comes after the failure matters least.
                let from = len.saturating_sub((number + 1) * size);
                let to = len - number * size;
                return Some(Some(best.without(|at| (from..to).contains(&at))));
            }
            number -= parts;
            size /= 2;
        }
        // Pairs of neighbours but one: a request with the wait behind it is covered above, two requests around a wait not.
        let around = len.saturating_sub(2);
        if number < around {
            return Some(Some(best.without(|at| at == number || at == number + 2)));
        }
        number -= around;
        let whole: [Option<Schedule>; 4] = [
            best.interleaving.is_some().then(|| Schedule { interleaving: None, ..best.clone() }),
            self.with_choices(|choices| choices.truncate(choices.len() / 2)),
            (best.start.is_some()).then(|| Schedule { start: None, ..best.clone() }),
            (best.workers > 1).then(|| Schedule { workers: best.workers - 1, ..best.clone() }.tidy()),
        ];
        if number < whole.len() {
            return Some(whole[number].clone());
        }
        number -= whole.len();
        let choices = best.interleaving.as_ref().map_or(0, Vec::len);
        if number < choices {
            return Some(self.with_choices(|choices| choices[number] = choices[number].saturating_sub(1)));
        }
        number -= choices;
        let each = self.known.len() + 3;
        let (at, which) = (number / each, number % each);
        best.ops.get(at).map(|op| self.plainer(*op, which).map(|op| self.with(at, op)))
    }

    fn with_choices(&self, change: impl FnOnce(&mut Vec<u32>)) -> Option<Schedule> {
        let mut schedule = self.best.clone();
        change(schedule.interleaving.as_mut()?);
        Some(schedule.tidy())
    }

    fn with(&self, at: usize, op: Op) -> Schedule {
        let mut schedule = self.best.clone();
        if let (Op::Open { .. }, Op::Request { .. }) = (schedule.ops[at], op) {
            // Its answers go with the stream, and those of later streams move up.
            let number = schedule.ops[..at].iter().filter(|op| matches!(op, Op::Open { .. })).count() as u8;
            schedule.ops[at] = op;
            schedule.ops = schedule.ops.iter().filter_map(|op| moved_up(*op, number)).collect();
        } else {
            schedule.ops[at] = op;
        }
        schedule.tidy()
    }

    fn plainer(&self, op: Op, which: usize) -> Option<Op> {
        match (op, which) {
            (Op::Wait(nanos), which) => {
                let halved = [nanos / 2, nanos - nanos % 1_000_000_000, nanos - nanos % 1_000];
                let other = self
                    .known
                    .get(which)
                    .copied()
                    .or_else(|| halved.get(which - self.known.len()).copied())?;
                (other > 0 && self.rank(other) < self.rank(nanos)).then_some(Op::Wait(other))
            }
            (Op::Request { worker, key }, 0) if worker > 0 => Some(Op::Request { worker: 0, key }),
            (Op::Request { worker, key }, 1) if worker > 1 => Some(Op::Request { worker: 1, key }),
            (Op::Request { worker, key }, 2) if key > 0 => Some(Op::Request { worker, key: 0 }),
            (Op::Request { worker, key }, 3) if key > 1 => Some(Op::Request { worker, key: 1 }),
            (Op::Contend(times), 0) if times > 1 => Some(Op::Contend(1)),
            (Op::Open { worker, key }, 0) => Some(Op::Request { worker, key }),
            (Op::Open { worker, key }, 1) if worker > 0 => Some(Op::Open { worker: 0, key }),
            (Op::Open { worker, key }, 2) if key > 0 => Some(Op::Open { worker, key: 0 }),
            _ => None,
        }
    }

    /// Takes up the next change there is.
    fn advance(&mut self) -> bool {
        loop {
            match self.change(self.next) {
                Some(changed) => {
                    self.next += 1;
                    if let Some(changed) = changed.filter(|changed| *changed != self.best) {
                        self.tried = changed;
                        return true;
                    }
                }
                None if self.found => (self.next, self.found) = (0, false),
                None => {
                    self.tried = self.best.clone();
                    return false;
                }
            }
        }
    }
}

/// An answer when the open stream of this number is none any more.
fn moved_up(op: Op, gone: u8) -> Option<Op> {
    let place = |stream: u8| match stream.cmp(&gone) {
        std::cmp::Ordering::Less => Some(stream),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(stream - 1),
    };
    match op {
        Op::Respond(stream) => place(stream).map(Op::Respond),
        Op::Abort(stream) => place(stream).map(Op::Abort),
        op => Some(op),
    }
}

impl ValueTree for Shrinking {
    type Value = Schedule;

    fn current(&self) -> Schedule {
        self.tried.clone()
    }

    fn simplify(&mut self) -> bool {
        if self.tried != self.best {
            self.best = self.tried.clone();
            self.found = true;
            // The same place again: what stands there now is another.
            self.next = self.next.saturating_sub(1);
        }
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        self.tried = self.best.clone();
        self.advance()
    }
}
