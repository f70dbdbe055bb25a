//! What plugins share with each other and with the proxy: metrics, the key-value store, queues, properties.
//!
//! Read as it is now; written as another plugin or filter would.

use super::{Act, Host};
use crate::abi::Status;
use crate::proxy::{Cluster, StreamId};
use crate::state::{MetricValue, PropertyValue};

impl Host {
    /// The metrics that plugins defined, by name and type: names as the plugins gave them.
    pub fn metrics(&self) -> impl Iterator<Item = (&[u8], &MetricValue)> {
        self.slot.metrics.iter()
    }

    /// A cluster as it is now.
    pub(crate) fn cluster_now(&self, name: &str) -> Option<&Cluster> {
        self.slot.calls.clusters.get(name)
    }

    /// What a counter or a gauge of this name has come to.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<u64> {
        self.slot.metrics.named(name.as_bytes()).find_map(|value| match value {
            MetricValue::Counter(value) | MetricValue::Gauge(value) => Some(*value),
            MetricValue::Histogram(_) => None,
        })
    }

    /// Entries of the shared key-value store: VM id, key, value, number for compare-and-swap.
    pub fn shared_data(&self) -> impl Iterator<Item = (&[u8], &[u8], &[u8], u32)> {
        self.slot.shared_data.iter()
    }

    /// Shared queues: VM id, name, the messages that wait.
    pub fn queues(&self) -> impl Iterator<Item = (&[u8], &[u8], Vec<&[u8]>)> {
        let queues = self.slot.shared_queues.iter();
        queues.map(|(vm_id, name, _, messages)| (vm_id, name, messages.iter().map(Vec::as_slice).collect()))
    }

    /// A property as the last plugin of the chain would read it now, of a stream that has not ended or of none.
    #[must_use]
    pub fn property(&self, stream: Option<StreamId>, path: &[&str]) -> Option<Vec<u8>> {
        self.slot.property_now(stream, path.join("\0").as_bytes()).ok()
    }

    /// Sets an entry of the shared key-value store; with a `cas` other than zero only over the write of that number.
    ///
    /// # Errors
    ///
    /// [`Status::CasMismatch`] when the entry has another number.
    pub fn set_shared_data(
        &mut self,
        vm_id: &str,
        key: &[u8],
        value: &[u8],
        cas: u32,
    ) -> Result<u32, Status> {
        let act =
            Act::SetSharedData { vm_id: vm_id.to_owned(), key: key.to_vec(), value: value.to_vec(), cas };
        self.act(act);
        self.slot.shared_data.set(vm_id.as_bytes(), key, value, cas)
    }

    /// Puts a message into a shared queue; whoever listens hears of it before this returns.
    ///
    /// # Errors
    ///
    /// [`Status::NotFound`] when no plugin has registered the queue.
    pub fn enqueue(&mut self, vm_id: &str, queue: &str, message: &[u8]) -> Result<(), Status> {
        let act =
            Act::Enqueue { vm_id: vm_id.to_owned(), queue: queue.to_owned(), message: message.to_vec() };
        self.act(act);
        let id = self.slot.shared_queues.resolve(vm_id.as_bytes(), queue.as_bytes())?;
        self.slot.enqueue(id, message)?;
        self.drive().settle();
        Ok(())
    }

    /// Gives a property this value from here on: of a stream that has not ended, or of all streams and plugins.
    ///
    /// # Errors
    ///
    /// [`Status::NotFound`] when the stream has ended.
    pub fn set_property(
        &mut self,
        stream: Option<StreamId>,
        path: &[&str],
        value: impl Into<Vec<u8>>,
    ) -> Result<(), Status> {
        let value = value.into();
        let words = path.iter().map(|part| (*part).to_owned()).collect();
        self.act(Act::SetProperty { stream, path: words, value: value.clone() });
        let properties = match stream {
            None => &mut self.slot.properties,
            Some(stream) if self.is_open(stream) => &mut self.slot.stream_mut(stream).properties,
            Some(_) => return Err(Status::NotFound),
        };
        properties.give(path.iter().map(|part| part.as_bytes()), PropertyValue::Bytes(value));
        Ok(())
    }
}
