//! Requests that arrive together at several workers, and every order in which they can meet.
//!
//! Each worker has a thread and one of them runs at a time (see `vm::turns`). Whoever calls decides who goes on where they
//! meet: before each hostcall on shared data and queues. What comes before the first of these, be it of a request, an answer
//! or a tick, no other worker can tell, so it is run without asking. The same decisions give the same transcript.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::{Act, Exchange, Host};
use crate::proxy::{Deadline, Drive, Guest, Invocation, NotCreated, Returned, Slot, StreamId, VmIndex};
use crate::state::Request;
use crate::vm::{Pause, Returning, Turn, Turns, Vms, VmsMark};

/// What a worker is told to do.
enum Job {
    Open(Box<Request>),
    Due(Deadline),
}

/// A worker, as the scheduler sees it.
struct Worker {
    jobs: Sender<Job>,
    requests: VecDeque<(usize, Request)>,
    /// It has begun something, and stands where workers meet.
    midway: bool,
}

/// The VMs of one worker.
struct OwnVms {
    vms: Vms,
    turn: Turn,
}

impl OwnVms {
    fn take_turns(&mut self, turn: Option<&Turn>) {
        self.vms.all.iter_mut().flatten().for_each(|vm| vm.takes_turns(turn.cloned()));
    }
}

impl Guest for OwnVms {
    type Mark = VmsMark;

    fn call(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned {
        self.vms.call(proxy, vm, invocation)
    }

    fn create(&mut self, proxy: &mut Slot, vm: VmIndex, module: usize) -> Result<(), NotCreated> {
        // The numbers between are those of other workers.
        self.vms.all.resize_with(vm.0, || None);
        self.vms.create(proxy, vm, module)?;
        let turn = self.turn.clone();
        self.take_turns(Some(&turn));
        Ok(())
    }

    fn discard(&mut self, vm: VmIndex) {
        self.vms.discard(vm);
    }

    fn mark(&self) -> VmsMark {
        self.vms.mark()
    }

    fn forget(&mut self, mark: VmsMark) {
        self.vms.forget(mark);
    }
}

impl Host {
    /// Sends requests that arrive at one instant, and waits for all of their exchanges as [`Host::send`] does. Where several
    /// workers meet, before hostcalls on shared data and queues, `choose` is asked which of so many goes on: 0 is the one
    /// that went on last as long as it can, the others follow by their numbers. A worker takes up its requests in the order
    /// given.
    ///
    /// # Panics
    ///
    /// When a choice is not less than the number it was asked for; or when the machine cannot start a thread.
    pub fn race(&mut self, requests: Vec<Request>, choose: &mut dyn FnMut(usize) -> usize) -> Vec<Exchange> {
        let began = self.now();
        let mark = self.slot.transcript.mark();
        let workers = self.workers;
        let mut queues: Vec<VecDeque<(usize, Request)>> = vec![VecDeque::new(); workers];
        for (number, request) in requests.iter().enumerate() {
            let worker = self.worker(request);
            queues[worker].push_back((number, request.clone()));
        }
        let mut streams: Vec<Option<StreamId>> = vec![None; requests.len()];
        let turns = Turns::new(workers);
        std::thread::scope(|scope| {
            let mut threads = Vec::new();
            let mut all = Vec::new();
            for (worker, requests) in queues.into_iter().enumerate() {
                let vms = self.vms.apart(|vm| self.slot.worker_of_vm(vm) == worker);
                let (jobs, told) = channel();
                let own = OwnVms { vms, turn: turns.of(worker) };
                threads.push(scope.spawn(move || work(worker, own, &told)));
                all.push(Worker { jobs, requests, midway: false });
            }
            let mut race = Race { slot: &mut self.slot, turns: &turns, all, last: None };
            race.run(choose, &mut streams);
            drop(race);
            for thread in threads {
                match thread.join() {
                    Ok(vms) => self.vms.rejoin(vms),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        self.acts.extend(requests.into_iter().map(|request| Act::Send(Arc::new(request))));
        let limit = began + self.patience;
        let ids: Vec<StreamId> = streams.into_iter().flatten().collect();
        for &id in &ids {
            let ended =
                self.drive().run_until(limit, |proxy| !proxy.has_stream(id) || proxy.stream(id).ended);
            if !ended && !self.slot.halted() {
                self.stall(id, began);
            }
        }
        ids.into_iter().map(|id| self.exchange_since(id, Some(mark), began)).collect()
    }
}

/// A worker's thread: does what it is told, until there is no more.
fn work(worker: usize, mut own: OwnVms, told: &Receiver<Job>) -> Vms {
    let turn = own.turn.clone();
    let _returning = Returning(turn.clone());
    own.take_turns(Some(&turn));
    while let Ok(job) = told.recv() {
        let mut slot = Slot::new(turn.take());
        let mut drive = Drive { proxy: &mut slot, guest: &mut own };
        match job {
            Job::Open(request) => {
                drive.open(&request, worker);
            }
            Job::Due(deadline) => drive.happens(deadline),
        }
        turn.back(Some(slot.lend()), Pause::Done);
    }
    own.take_turns(None);
    own.vms
}

struct Race<'a> {
    slot: &'a mut Slot,
    turns: &'a Turns,
    all: Vec<Worker>,
    last: Option<usize>,
}

impl Race<'_> {
    fn run(&mut self, choose: &mut dyn FnMut(usize) -> usize, streams: &mut [Option<StreamId>]) {
        loop {
            if let Some(worker) = self.begin(streams) {
                self.go_on(worker);
                continue;
            }
            let midway = self.midway();
            let next = match midway.len() {
                0 => return,
                1 => midway[0],
                many => midway[choose(many)],
            };
            self.go_on(next);
            self.last = Some(next);
        }
    }

    /// Tells a worker that has nothing to do what to do, if there is something: what is due now comes before requests.
    fn begin(&mut self, streams: &mut [Option<StreamId>]) -> Option<usize> {
        if self.slot.halted() {
            return None;
        }
        let now = self.slot.clock.now();
        let due = self.slot.deadlines.next().filter(|(at, _)| *at <= now);
        let worker = due.map(|(_, deadline)| self.slot.worker_of(deadline).unwrap_or(0));
        if let Some(worker) = worker.filter(|worker| !self.all[*worker].midway) {
            let deadline = self.slot.take_due(now)?;
            self.all[worker].jobs.send(Job::Due(deadline)).expect("the worker waits");
            return Some(worker);
        }
        let worker = self.all.iter().position(|worker| !worker.midway && !worker.requests.is_empty())?;
        let (number, request) = self.all[worker].requests.pop_front()?;
        streams[number] = Some(self.slot.next_stream());
        self.all[worker].jobs.send(Job::Open(Box::new(request))).expect("the worker waits");
        Some(worker)
    }

    /// Who stands where workers meet: the one that went on last first.
    fn midway(&self) -> Vec<usize> {
        let others = (0..self.all.len()).filter(|worker| Some(*worker) != self.last);
        self.last.into_iter().chain(others).filter(|worker| self.all[*worker].midway).collect()
    }

    /// Lets a worker go on until it meets others again, or is done.
    fn go_on(&mut self, worker: usize) {
        let (proxy, pause) = self.turns.give(worker, self.slot.lend());
        let Some(proxy) = proxy else { panic!("the thread of worker {worker} has panicked") };
        self.slot.restore(proxy);
        self.all[worker].midway = pause == Pause::Meeting;
    }
}

impl Drop for Race<'_> {
    fn drop(&mut self) {
        self.turns.end();
    }
}
