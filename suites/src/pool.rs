//! Work on many threads, results in one order.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Stack of a thread: what a guest may use, as much again for the host, and room.
const STACK: usize = 4 << 20;

/// Does `work` on each of `items`, on `jobs` threads. `done` gets the results in the order of the items, each as soon as
/// those before it are there.
///
/// # Errors
///
/// When the machine gives not even one thread.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(R),
) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (results, arrived) = mpsc::channel();
        for job in 0..jobs.clamp(1, items.len().max(1)) {
            let (next, work, results) = (&next, &work, results.clone());
            let body = move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    if results.send((index, work(item))).is_err() {
                        return;
                    }
                }
            };
            match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, body) {
                Ok(_) => {}
                Err(error) if job == 0 => return Err(error),
                Err(_) => break,
            }
        }
        drop(results);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, result) in arrived {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                done(result);
                due += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..50).collect();
        for jobs in [1, 4, 100] {
            let mut seen = Vec::new();
            let work = |item: &u64| {
                thread::sleep(std::time::Duration::from_micros((50 - item) * 20));
                item * 2
            };
            each(&items, jobs, work, |result| seen.push(result)).unwrap();
            assert_eq!(seen, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
        each(&[0_u8; 0], 4, |_| (), |()| panic!("nothing to do")).unwrap();
    }
}
