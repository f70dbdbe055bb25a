//! Turns: of several workers, each on a thread of its own, one runs at a time, and who that is, is decided from outside.
//!
//! A worker gives its turn back where workers meet: before each hostcall on shared data and shared queues, and when what it
//! was told to do is done. The proxy goes with the turn, so that there is still one proxy and nobody shares it. Fibers
//! would not do: wasmtime suspends a guest and not the host's frames below it, which are in the midst of walking a chain;
//! and it refuses plain calls from a fiber.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::proxy::Proxy;

/// Who has the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Scheduler,
    Worker(usize),
}

/// Why the scheduler has its turn back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The worker stands before a hostcall that others could see.
    Meeting,
    /// The worker has done what it was told to do.
    Done,
    /// The worker's thread has panicked: the proxy is lost.
    Lost,
}

struct State {
    holder: Holder,
    pause: Pause,
    proxy: Option<Box<Proxy>>,
    over: bool,
}

/// The turns of the workers of one host.
pub(crate) struct Turns {
    state: Mutex<State>,
    scheduler: Condvar,
    workers: Vec<Condvar>,
}

/// One worker's part in the turns.
#[derive(Clone)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    worker: usize,
}

impl Turns {
    /// Turns for so many workers; the scheduler has the first.
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        let state = State { holder: Holder::Scheduler, pause: Pause::Done, proxy: None, over: false };
        let workers = (0..workers).map(|_| Condvar::new()).collect();
        Arc::new(Self { state: Mutex::new(state), scheduler: Condvar::new(), workers })
    }

    /// The part of a worker.
    pub(crate) fn of(self: &Arc<Self>, worker: usize) -> Turn {
        Turn { turns: Arc::clone(self), worker }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There are no more turns: who still waits for one panics.
    pub(crate) fn end(&self) {
        self.lock().over = true;
        self.workers.iter().for_each(Condvar::notify_one);
    }

    /// Gives the turn, and the proxy with it, to a worker, and waits until it is back.
    pub(crate) fn give(&self, worker: usize, proxy: Box<Proxy>) -> (Option<Box<Proxy>>, Pause) {
        let mut state = self.lock();
        state.proxy = Some(proxy);
        state.holder = Holder::Worker(worker);
        self.workers[worker].notify_one();
        while state.holder != Holder::Scheduler {
            state = self.scheduler.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (state.proxy.take(), state.pause)
    }
}

impl Turn {
    /// Waits for the turn.
    pub(crate) fn take(&self) -> Box<Proxy> {
        let turns = &*self.turns;
        let mut state = turns.lock();
        while state.holder != Holder::Worker(self.worker) {
            assert!(!state.over, "another worker has panicked");
            state = turns.workers[self.worker].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.proxy.take().expect("the proxy goes with the turn")
    }

    /// Gives the turn back.
    pub(crate) fn back(&self, proxy: Option<Box<Proxy>>, pause: Pause) {
        let mut state = self.turns.lock();
        state.proxy = proxy;
        state.pause = pause;
        state.holder = Holder::Scheduler;
        self.turns.scheduler.notify_one();
    }

    /// Stands before something that others could see: whoever is to go first, goes.
    pub(crate) fn meet(&self, proxy: Box<Proxy>) -> Box<Proxy> {
        self.back(Some(proxy), Pause::Meeting);
        self.take()
    }
}

/// Gives the turn back even when its thread panics: the scheduler would wait for ever.
pub(crate) struct Returning(pub(crate) Turn);

impl Drop for Returning {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.back(None, Pause::Lost);
        }
    }
}
