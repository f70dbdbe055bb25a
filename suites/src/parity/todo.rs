//! What is still to be done on a connection, and when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::peer::Peer;
use super::render::{Act, What};

/// Things to be done one after another.
#[derive(Debug)]
pub(super) struct Todo {
    acts: VecDeque<Act>,
    /// When the first of them is to be done.
    due: Instant,
    /// How many have been done.
    pub(super) done: usize,
}

impl Default for Todo {
    fn default() -> Self {
        Self { acts: VecDeque::new(), due: Instant::now(), done: 0 }
    }
}

impl Todo {
    /// Lets `acts` follow what is still to be done, the first of them after `delay`.
    pub(super) fn then(&mut self, delay: Duration, acts: Vec<Act>) {
        if self.acts.is_empty() {
            let first = acts.first().map_or(Duration::ZERO, |act| act.after);
            self.due = Instant::now() + delay + first;
        }
        self.acts.extend(acts);
    }

    /// When something is to be done next.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.acts.is_empty()).then_some(self.due)
    }

    /// Nothing more is to be done.
    pub(super) fn clear(&mut self) {
        self.acts.clear();
    }

    /// Does what is due, one thing of it; answers whether there was any.
    pub(super) fn act(&mut self, peer: &mut Peer) -> bool {
        if peer.socket.closed {
            self.clear();
        }
        if self.due().is_none_or(|due| due > Instant::now()) {
            return false;
        }
        let Some(act) = self.acts.pop_front() else { return false };
        match act.what {
            What::Close => {
                peer.socket.close();
                self.clear();
            }
            What::Write(bytes) => match peer.socket.write(&bytes) {
                Ok(count) if count < bytes.len() => {
                    // The other side does not read: the rest waits.
                    let rest = Act { after: Duration::ZERO, what: What::Write(bytes[count..].to_vec()) };
                    self.acts.push_front(rest);
                    return count > 0;
                }
                Ok(_) => {}
                Err(_) => self.clear(),
            },
        }
        self.done += 1;
        if let Some(next) = self.acts.front() {
            self.due = Instant::now() + next.after;
        }
        true
    }
}
