//! Names for things that would otherwise all be `u32`. A bare number exists only where it crosses to the guest.

/// Position of a plugin in the chain, in request order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginIndex(pub usize);

/// One virtual machine of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VmIndex(pub usize);

/// One HTTP stream or TCP connection, in the order in which the host saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub usize);

/// Number of a plugin context inside its VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginContextId(pub u32);

/// Number of a stream context inside its VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamContextId(pub u32);

/// The two ways through the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the client to the upstream, plugins in chain order.
    Request,
    /// From the upstream to the client, plugins in reverse order.
    Response,
}

impl Direction {
    /// Index in a chain of `count` plugins of the one at `step` of a walk.
    pub(crate) const fn filter_at(self, step: usize, count: usize) -> usize {
        match self {
            Self::Request => step,
            Self::Response => count - 1 - step,
        }
    }

    /// Index into a pair of per-direction states.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Request => 0,
            Self::Response => 1,
        }
    }
}
