//! What is to happen at which point of virtual time, in one order that never depends on chance.
//!
//! Holds the agenda only. Who moves the clock, and what happens at a deadline, is decided in `proxy/`.

use std::collections::VecDeque;

use super::Instant;

/// Names one deadline of a [`Deadlines`], for cancelling it. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeadlineId {
    due: Instant,
    /// What the proxy has posted to itself comes before what comes over the network.
    network: bool,
    seq: u64,
}

/// Values that fall due, ordered by instant; at one instant, in the order in which they were scheduled.
#[derive(Clone, Debug)]
pub struct Deadlines<T> {
    /// In order. There are few as a rule, and most new ones are the first or the last.
    agenda: VecDeque<(DeadlineId, T)>,
    seq: u64,
}

impl<T> Deadlines<T> {
    /// Nothing scheduled.
    #[must_use]
    pub const fn new() -> Self {
        Self { agenda: VecDeque::new(), seq: 0 }
    }

    /// Lets `value` fall due at `due`, behind all that is scheduled for the same instant. An instant in
    /// the past falls due at once.
    pub fn schedule(&mut self, due: Instant, value: T) -> DeadlineId {
        self.put(due, true, value)
    }

    /// Puts something on the agenda that comes before all else of its instant, but after what was posted before: an event
    /// loop runs what was posted to it before it looks at its sockets.
    pub fn post(&mut self, due: Instant, value: T) -> DeadlineId {
        self.put(due, false, value)
    }

    fn put(&mut self, due: Instant, network: bool, value: T) -> DeadlineId {
        let id = DeadlineId { due, network, seq: self.seq };
        self.seq += 1;
        let place = match self.agenda.back() {
            Some((last, _)) if *last > id => self.agenda.partition_point(|(other, _)| *other < id),
            _ => self.agenda.len(),
        };
        self.agenda.insert(place, (id, value));
        id
    }

    /// Takes a deadline off; nothing when it fell due or was cancelled before.
    pub fn cancel(&mut self, id: DeadlineId) -> Option<T> {
        let place = self.agenda.binary_search_by_key(&id, |(other, _)| *other).ok()?;
        self.agenda.remove(place).map(|(_, value)| value)
    }

    /// The first deadline.
    #[must_use]
    pub fn next(&self) -> Option<(Instant, &T)> {
        self.agenda.front().map(|(id, value)| (id.due, value))
    }

    /// The deadlines that are due at `now`, in order.
    pub fn due(&self, now: Instant) -> impl Iterator<Item = (DeadlineId, &T)> {
        self.agenda.iter().take_while(move |(id, _)| id.due <= now).map(|(id, value)| (*id, value))
    }

    /// Takes off the first deadline if it is due at `now`, and says for when it was scheduled.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        self.agenda.front().filter(|(id, _)| id.due <= now)?;
        self.agenda.pop_front().map(|(id, value)| (id.due, value))
    }

    /// Every deadline in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Instant, &T)> + ExactSizeIterator {
        self.agenda.iter().map(|(id, value)| (id.due, value))
    }

    /// Whether nothing is scheduled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agenda.is_empty()
    }
}

impl<T> Default for Deadlines<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn what_is_due_can_be_looked_at_and_taken_out_of_order() {
        let mut deadlines = Deadlines::new();
        for (due, value) in [(30, 'c'), (10, 'a'), (20, 'b')] {
            deadlines.schedule(at(due), value);
        }
        let due: Vec<(DeadlineId, char)> = deadlines.due(at(20)).map(|(id, value)| (id, *value)).collect();
        assert_eq!(due.iter().map(|(_, value)| *value).collect::<String>(), "ab");
        assert_eq!(deadlines.cancel(due[1].0), Some('b'));
        assert_eq!(deadlines.due(at(99)).map(|(_, value)| *value).collect::<String>(), "ac");
    }

    #[test]
    fn deadlines_fall_due_by_instant_then_by_order_of_scheduling() {
        let mut deadlines = Deadlines::new();
        for (due, value) in [(20, 'c'), (10, 'a'), (20, 'd'), (10, 'b'), (30, 'e')] {
            deadlines.schedule(at(due), value);
        }
        assert_eq!(deadlines.next(), Some((at(10), &'a')));
        let mut seen = Vec::new();
        while let Some(due) = deadlines.pop_due(at(20)) {
            seen.push(due);
        }
        assert_eq!(seen, [(at(10), 'a'), (at(10), 'b'), (at(20), 'c'), (at(20), 'd')]);
        assert_eq!(deadlines.next(), Some((at(30), &'e')));
    }

    #[test]
    fn cancel_takes_off_once() {
        let mut deadlines = Deadlines::new();
        let first = deadlines.schedule(at(1), 'a');
        deadlines.schedule(at(1), 'b');
        assert_eq!(deadlines.cancel(first), Some('a'));
        assert_eq!(deadlines.cancel(first), None);
        assert_eq!(deadlines.pop_due(at(0)), None);
        assert_eq!(deadlines.pop_due(at(9)), Some((at(1), 'b')));
        assert!(deadlines.is_empty());
    }
}
