//! Requests that arrive together, and every order in which they, and what is due then, can meet.
//!
//! Each worker has a thread and one of them runs at a time (see `vm::turns`). Whoever calls decides who goes on where they
//! meet: before each hostcall on shared data and queues. What comes before the first of these no other worker can tell, so it
//! is run without asking. Inside a worker it is asked what comes first where something is due that did not wait for a
//! stream: a tick, a queue, the answer of a cluster. The same decisions give the same transcript.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::{Act, Exchange, Host};
use crate::proxy::{Deadline, Drive, Guest, Invocation, NotCreated, Returned, Slot, StreamId, VmIndex};
use crate::state::{DeadlineId, Request};
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
    /// given; where ticks, messages in queues or answers of clusters are due as well, `choose` is asked what comes first: 0 is
    /// what has been due longest.
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
        let streams = match &mut queues[..] {
            [alone] => self.race_alone(alone, choose),
            _ => self.race_apart(queues, requests.len(), choose),
        };
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

    /// On the workers' own threads; which stream is each request's.
    fn race_apart(
        &mut self,
        queues: Vec<VecDeque<(usize, Request)>>,
        requests: usize,
        choose: &mut dyn FnMut(usize) -> usize,
    ) -> Vec<Option<StreamId>> {
        let mut streams = vec![None; requests];
        let turns = Turns::new(queues.len());
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
        streams
    }

    /// With one worker nobody needs a thread.
    fn race_alone(
        &mut self,
        requests: &mut VecDeque<(usize, Request)>,
        choose: &mut dyn FnMut(usize) -> usize,
    ) -> Vec<Option<StreamId>> {
        let mut streams = vec![None; requests.len()];
        while !self.slot.halted()
            && let Some(next) = pick(options(&self.slot, 0, !requests.is_empty()), choose)
        {
            match next {
                Next::Request => {
                    let (number, request) = requests.pop_front().expect("it is an option");
                    streams[number] = Some(self.drive().open(&request, 0));
                }
                Next::Due(id) => {
                    let due = self.slot.take_this(id);
                    due.into_iter().for_each(|deadline| self.drive().happens(deadline));
                }
            }
        }
        streams
    }
}

/// What a worker can do first: what has been due longest; each that comes unasked; what waits in line, a stream's next step
/// or else a request.
fn options(slot: &Slot, worker: usize, requested: bool) -> Vec<Next> {
    let due = slot.deadlines.due(slot.clock.now());
    let mut options = Vec::new();
    let mut line = false;
    for (id, deadline) in due.filter(|(_, deadline)| slot.worker_of(deadline).unwrap_or(0) == worker) {
        if deadline.is_unasked() || !std::mem::replace(&mut line, true) {
            options.push(Next::Due(id));
        }
    }
    if !line && requested {
        options.push(Next::Request);
    }
    options
}

/// One of the options; nothing when there are none.
fn pick(mut options: Vec<Next>, choose: &mut dyn FnMut(usize) -> usize) -> Option<Next> {
    match options.len() {
        0 => None,
        1 => options.pop(),
        many => Some(options.swap_remove(choose(many))),
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

/// What a worker does next.
enum Next {
    Request,
    Due(DeadlineId),
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
            if let Some(worker) = self.begin(choose, streams) {
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

    /// Tells a worker that has nothing to do what to do, if there is something.
    fn begin(
        &mut self,
        choose: &mut dyn FnMut(usize) -> usize,
        streams: &mut [Option<StreamId>],
    ) -> Option<usize> {
        if self.slot.halted() {
            return None;
        }
        let worker = self.free_worker()?;
        let requested = !self.all[worker].requests.is_empty();
        let job = match pick(options(self.slot, worker, requested), choose)? {
            Next::Request => {
                let (number, request) = self.all[worker].requests.pop_front()?;
                streams[number] = Some(self.slot.next_stream());
                Job::Open(Box::new(request))
            }
            Next::Due(id) => Job::Due(self.slot.take_this(id)?),
        };
        self.all[worker].jobs.send(job).expect("the worker waits");
        Some(worker)
    }

    /// Of the workers that have nothing to do, the one whose deadline has been due longest, else one with a request.
    fn free_worker(&self) -> Option<usize> {
        let due = self.slot.deadlines.due(self.slot.clock.now());
        let workers = due.map(|(_, deadline)| self.slot.worker_of(deadline).unwrap_or(0));
        let requested = (0..self.all.len()).filter(|worker| !self.all[*worker].requests.is_empty());
        workers.chain(requested).find(|worker| !self.all[*worker].midway)
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
