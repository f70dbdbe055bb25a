//! Queues that plugins share by name.
//!
//! Holds messages and who is to hear of them; `proxy_on_queue_ready` itself, and when it comes, is
//! decided in `proxy/`.
//! Serves: Proxy-Wasm ABI v0.2.1, "Shared Queues". Envoy 1.40, observed.

use std::collections::{BTreeMap, VecDeque};

use crate::abi::Status;

/// Names a queue in a hostcall. Counts from 1 in the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueId(u32);

impl QueueId {
    /// The id a plugin gave, whether there is such a queue or not.
    #[must_use]
    pub const fn from_abi(number: u32) -> Self {
        Self(number)
    }

    /// The number that crosses the boundary.
    #[must_use]
    pub const fn to_abi(self) -> u32 {
        self.0
    }
}

/// The queues of a process. `T` says who hears of messages: the plugin context that registered last.
#[derive(Clone, Debug)]
pub struct SharedQueues<T> {
    names: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, QueueId>>,
    /// The queue of id `n` at `n - 1`.
    queues: Vec<Queue<T>>,
}

#[derive(Clone, Debug)]
struct Queue<T> {
    target: T,
    messages: VecDeque<Vec<u8>>,
}

impl<T> SharedQueues<T> {
    /// No queues.
    #[must_use]
    pub const fn new() -> Self {
        Self { names: BTreeMap::new(), queues: Vec::new() }
    }

    /// Makes the queue `name` of `vm_id`, or finds it; from now on `target` hears of its messages. Messages
    /// that wait stay.
    pub fn register(&mut self, vm_id: &[u8], name: &[u8], target: T) -> QueueId {
        if let Ok(id) = self.resolve(vm_id, name) {
            self.queues[id.0 as usize - 1].target = target;
            return id;
        }
        self.queues.push(Queue { target, messages: VecDeque::new() });
        let id = QueueId(u32::try_from(self.queues.len()).expect("fewer than 2^32 queues"));
        self.names.entry(vm_id.to_vec()).or_default().insert(name.to_vec(), id);
        id
    }

    /// The queue `name` of `vm_id`. That an empty VM id in the call means the caller's own is the
    /// hostcall's business.
    ///
    /// # Errors
    /// [`Status::NotFound`] when nobody registered it.
    pub fn resolve(&self, vm_id: &[u8], name: &[u8]) -> Result<QueueId, Status> {
        self.names.get(vm_id).and_then(|names| names.get(name)).copied().ok_or(Status::NotFound)
    }

    /// Puts a message at the end of a queue and returns who hears of it: the target at this moment, even
    /// if another registers before the message is announced.
    ///
    /// # Errors
    /// [`Status::NotFound`] when there is no such queue.
    pub fn enqueue(&mut self, id: QueueId, message: &[u8]) -> Result<&T, Status> {
        let queue = self.queue_mut(id)?;
        queue.messages.push_back(message.to_vec());
        Ok(&queue.target)
    }

    /// Takes the first message off a queue.
    ///
    /// # Errors
    /// [`Status::NotFound`] when there is no such queue, [`Status::Empty`] when no message waits.
    pub fn dequeue(&mut self, id: QueueId) -> Result<Vec<u8>, Status> {
        self.queue_mut(id)?.messages.pop_front().ok_or(Status::Empty)
    }

    /// The VM id, name, id and waiting messages of every queue, ordered by VM id and name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], QueueId, &VecDeque<Vec<u8>>)> {
        self.names.iter().flat_map(move |(vm_id, names)| {
            names
                .iter()
                .map(move |(name, &id)| (&vm_id[..], &name[..], id, &self.queues[id.0 as usize - 1].messages))
        })
    }

    fn queue_mut(&mut self, id: QueueId) -> Result<&mut Queue<T>, Status> {
        let place = (id.0 as usize).checked_sub(1).ok_or(Status::NotFound)?;
        self.queues.get_mut(place).ok_or(Status::NotFound)
    }
}

impl<T> Default for SharedQueues<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_from_one_in_the_whole_process() {
        let mut queues = SharedQueues::new();
        assert_eq!(queues.register(b"a", b"q", 'x').to_abi(), 1);
        assert_eq!(queues.register(b"b", b"q", 'x').to_abi(), 2);
        assert_eq!(queues.resolve(b"b", b"q"), Ok(QueueId::from_abi(2)));
        assert_eq!(queues.resolve(b"c", b"q"), Err(Status::NotFound));
        assert_eq!(queues.resolve(b"a", b"Q"), Err(Status::NotFound));
    }

    #[test]
    fn registering_again_keeps_id_and_messages_and_moves_delivery() {
        let mut queues = SharedQueues::new();
        let id = queues.register(b"a", b"q", 'x');
        assert_eq!(queues.enqueue(id, b"1"), Ok(&'x'));
        assert_eq!(queues.register(b"a", b"q", 'y'), id);
        assert_eq!(queues.enqueue(id, b""), Ok(&'y'));
        let waiting: Vec<_> = queues.iter().collect();
        assert_eq!(waiting, [(&b"a"[..], &b"q"[..], id, &VecDeque::from([b"1".to_vec(), Vec::new()]))]);
        assert_eq!(queues.dequeue(id), Ok(b"1".to_vec()));
        assert_eq!(queues.dequeue(id), Ok(Vec::new()));
        assert_eq!(queues.dequeue(id), Err(Status::Empty));
    }

    #[test]
    fn unknown_ids_are_not_found() {
        let mut queues = SharedQueues::new();
        queues.register(b"", b"", ());
        for number in [0, 2, u32::MAX] {
            assert_eq!(queues.enqueue(QueueId::from_abi(number), b"m"), Err(Status::NotFound));
            assert_eq!(queues.dequeue(QueueId::from_abi(number)), Err(Status::NotFound));
        }
    }
}
