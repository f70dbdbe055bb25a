//! Arenas that are used again: an exchange needs several maps and lets go of them, and the next one needs as many.
//!
//! Kept by each thread for itself. What a map was used for before cannot be seen in it.

use std::cell::RefCell;
use std::ops::Deref;

use super::arena::Arena;

/// Arenas that a thread keeps.
const KEPT: usize = 16;
/// Bytes that one may hold on to.
const LARGEST: usize = 16 << 10;

thread_local! {
    // Boxed, because boxed they go into maps and come back.
    #[expect(clippy::vec_box, reason = "an arena moves between maps and this list without being copied")]
    static SPARE: RefCell<Vec<Box<Arena>>> = const { RefCell::new(Vec::new()) };
}

/// An arena of its own; none while it is empty.
#[derive(Default)]
pub(super) struct Pooled(Option<Box<Arena>>);

impl Pooled {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The arena, to change.
    pub(super) fn edit(&mut self) -> &mut Arena {
        self.0.get_or_insert_with(take)
    }
}

fn take() -> Box<Arena> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_else(|| Box::new(Arena::with_room()))
}

impl Deref for Pooled {
    type Target = Arena;

    fn deref(&self) -> &Arena {
        static EMPTY: Arena = Arena::new();
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl Clone for Pooled {
    fn clone(&self) -> Self {
        Self(self.0.as_deref().map(|arena| {
            let mut own = take();
            own.clone_from(arena);
            own
        }))
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(mut arena) = self.0.take() else { return };
        // A thread that ends has no pool any more.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT && arena.capacity() <= LARGEST {
                arena.clear();
                spare.push(arena);
            }
        });
    }
}
