//! A schedule: what clients, upstreams and the clock do, in order. Plain data; it knows no plugin.

use std::fmt;

use proxy_wasm_harness::state::{Duration, show};

/// What is done to a limiter, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// How many workers the host has; 0 is as good as 1.
    pub workers: usize,
    /// Realtime when the host is built, in nanoseconds since 1970; nothing: as the host is described.
    pub start: Option<u64>,
    /// What is done.
    pub ops: Vec<Op>,
    /// Requests in a row are made together with what is due then, and these choices say which worker goes on where several
    /// meet, and what a worker does first, each modulo how many there are; 0 when there are no more. Nothing: one after the
    /// other.
    pub interleaving: Option<Vec<u32>>,
}

/// One thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Time goes on, by so many nanoseconds; ticks that fall due run.
    Wait(u64),
    /// A request that is answered at once, to this worker, with the key of this number.
    Request {
        /// The worker.
        worker: u8,
        /// The key's number.
        key: u8,
    },
    /// A request that the upstream leaves open.
    Open {
        /// The worker.
        worker: u8,
        /// The key's number.
        key: u8,
    },
    /// The upstream answers the open stream of this number, counted from 0; nothing if there is none.
    Respond(u8),
    /// The client of the open stream of this number goes away; nothing if there is none.
    Abort(u8),
    /// The next so many conditional writes to shared data come too late: another VM has written the same in between.
    Contend(u8),
    /// The hostcall of this number of the menu of troubles fails so many times.
    Fault(u8, u8),
    /// All troubles are over.
    Heal,
    /// The plugins are configured anew, to say the same.
    Push,
    /// The realtime clock is set to so many nanoseconds since 1970.
    SetClock(u64),
}

impl Op {
    /// Whether it is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self, Self::Request { .. } | Self::Open { .. })
    }
}

impl Schedule {
    /// How many requests it makes.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.ops.iter().filter(|op| op.is_request()).count()
    }

    /// The same without what makes no difference: waits for nothing, waits at the end, two waits in a row, answers to
    /// streams that nobody opened. Workers are those there are.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        let workers = self.workers.clamp(1, 255) as u8;
        self.workers = usize::from(workers);
        let mut ops: Vec<Op> = Vec::with_capacity(self.ops.len());
        let mut open = 0_u8;
        let mut ended = Vec::new();
        for op in self.ops {
            match (op, ops.last_mut()) {
                (Op::Wait(0), _) => {}
                (Op::Wait(more), Some(Op::Wait(before))) => *before = before.saturating_add(more),
                (Op::Respond(stream) | Op::Abort(stream), _) if stream >= open || ended.contains(&stream) => {
                }
                (Op::Request { worker, key }, _) => ops.push(Op::Request { worker: worker % workers, key }),
                (Op::Open { worker, key }, _) => {
                    ops.push(Op::Open { worker: worker % workers, key });
                    open = open.saturating_add(1);
                }
                _ => {
                    if let Op::Respond(stream) | Op::Abort(stream) = op {
                        ended.push(stream);
                    }
                    ops.push(op);
                }
            }
        }
        while let Some(Op::Wait(_)) = ops.last() {
            ops.pop();
        }
        self.ops = ops;
        if let Some(choices) = &mut self.interleaving {
            let used = choices.iter().rposition(|choice| *choice > 0).map_or(0, |last| last + 1);
            choices.truncate(used);
        }
        self
    }

    /// The same without what is at these places. Answers to the streams of the others stay with them.
    #[must_use]
    pub fn without(&self, gone: impl Fn(usize) -> bool) -> Self {
        let mut places = Vec::new();
        let mut left = 0_u8;
        for (at, op) in self.ops.iter().enumerate() {
            if let Op::Open { .. } = op {
                places.push((!gone(at)).then_some(left));
                left += u8::from(!gone(at));
            }
        }
        let place = |stream: u8| places.get(usize::from(stream)).copied().flatten();
        let kept = self.ops.iter().enumerate().filter(|(at, _)| !gone(*at)).filter_map(|(_, op)| match *op {
            Op::Respond(stream) => place(stream).map(Op::Respond),
            Op::Abort(stream) => place(stream).map(Op::Abort),
            op => Some(op),
        });
        Self { ops: kept.collect(), ..self.clone() }.tidy()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, op) in self.ops.iter().enumerate() {
            let divider = if at == 0 { "" } else { ", " };
            write!(f, "{divider}{op}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(nanos) => write!(f, "{}", show(Duration::from_nanos(*nanos))),
            Self::Request { worker, key } => write!(f, "request {key} at {worker}"),
            Self::Open { worker, key } => write!(f, "open {key} at {worker}"),
            Self::Respond(stream) => write!(f, "respond #{stream}"),
            Self::Abort(stream) => write!(f, "abort #{stream}"),
            Self::Push => f.write_str("push"),
            Self::Fault(kind, times) => write!(f, "fault {kind} {times} times"),
            Self::Heal => f.write_str("heal"),
            Self::Contend(times) => write!(f, "contend {times}"),
            Self::SetClock(nanos) => write!(f, "clock {nanos}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy_leaves_what_makes_a_difference() {
        let (request, open) = (Op::Request { worker: 5, key: 1 }, Op::Open { worker: 0, key: 0 });
        let ops = vec![Op::Wait(2), Op::Wait(0), Op::Wait(3), request, open, Op::Respond(1), Op::Respond(0)];
        let ops = [ops, vec![Op::Abort(0), Op::Wait(9)]].concat();
        let tidy = Schedule { workers: 2, ops, ..Schedule::default() }.tidy();
        let request = Op::Request { worker: 1, key: 1 };
        assert_eq!(tidy.ops, [Op::Wait(5), request, open, Op::Respond(0)]);
    }

    #[test]
    fn streams_keep_their_answers_when_others_go() {
        let open = Op::Open { worker: 0, key: 0 };
        let ops = vec![open, open, Op::Respond(1), Op::Abort(0)];
        let schedule = Schedule { workers: 1, ops, ..Schedule::default() };
        assert_eq!(schedule.without(|at| at == 0).ops, [open, Op::Respond(0)]);
    }
}
