//! Where events and their bytes lie: lists that are used again.
//!
//! A thread that runs many hosts, one after the other, would else have the system clear new pages for each: that costs
//! more than writing the record does. Kept by each thread for itself. What a list held before cannot be seen in it.

use std::cell::RefCell;

use super::event::Event;

/// Lists that a thread keeps: a host, its image and the transcript that a test holds on to.
const KEPT: usize = 4;

/// Bytes that each list may hold on to.
const LARGEST: usize = 4 << 20;

/// Events, and their bytes in one arena.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) events: Vec<Event>,
    pub(super) bytes: Vec<u8>,
}

thread_local! {
    static SPARE: RefCell<Vec<(Vec<Event>, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

impl Default for Record {
    fn default() -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        let (events, bytes) = spare.unwrap_or_default();
        Self { events, bytes }
    }
}

impl Clone for Record {
    fn clone(&self) -> Self {
        let mut own = Self::default();
        own.events.extend_from_slice(&self.events);
        own.bytes.extend_from_slice(&self.bytes);
        own
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (mut events, mut bytes) = (std::mem::take(&mut self.events), std::mem::take(&mut self.bytes));
        let small = events.capacity() * size_of::<Event>() <= LARGEST && bytes.capacity() <= LARGEST;
        if events.capacity() == 0 || !small {
            return;
        }
        events.clear();
        bytes.clear();
        // A thread that ends keeps nothing any more.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push((events, bytes));
            }
        });
    }
}
