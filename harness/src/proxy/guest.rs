//! The seam between the proxy's mind and the machine that runs plugins.
//!
//! `proxy/` decides which callback comes next; whoever implements [`Guest`] runs it. Unit tests implement it
//! with a script, `sections/` with wasm.

use std::ops::{Deref, DerefMut};

use super::Proxy;
use super::ids::VmIndex;
use crate::abi::CallbackId;

/// A callback with its arguments, as the guest receives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Which one.
    pub callback: CallbackId,
    args: [u32; 5],
    len: u8,
}

impl Invocation {
    /// `callback` with `args`, the context first.
    ///
    /// # Panics
    ///
    /// With more than five arguments: no callback of the ABI has more.
    #[must_use]
    #[inline]
    pub fn new(callback: CallbackId, args: &[u32]) -> Self {
        let mut all = [0; 5];
        all[..args.len()].copy_from_slice(args);
        Self { callback, args: all, len: args.len() as u8 }
    }

    /// The arguments, and zeros behind them.
    #[must_use]
    pub(crate) fn padded(&self) -> &[u32; 5] {
        &self.args
    }

    /// The arguments.
    #[must_use]
    pub fn args(&self) -> &[u32] {
        &self.args[..usize::from(self.len)]
    }

    /// The context it is for.
    #[must_use]
    pub fn context(&self) -> u32 {
        self.args[0]
    }
}

/// What came back from a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// The plugin does not export it.
    Absent,
    /// It returned, and has no result.
    Unit,
    /// It returned this number.
    Value(u32),
    /// It trapped; the VM is dead.
    Trapped,
}

/// Why there is no VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotCreated {
    /// The function that trapped: `_initialize`, `_start`, ...
    pub function: &'static str,
    /// What Envoy 1.40 logs.
    pub envoy: &'static str,
}

/// Runs callbacks.
pub trait Guest {
    /// How much has happened.
    type Mark;

    /// Runs the callback in `vm`. Hostcalls made meanwhile reach `proxy`.
    fn call(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned;

    /// Makes the VM `vm` from the module of the plugin that was described at place `module` of the chain, and runs its
    /// entry point.
    ///
    /// # Errors
    ///
    /// When the start section or the entry point traps.
    fn create(&mut self, proxy: &mut Slot, vm: VmIndex, module: usize) -> Result<(), NotCreated>;

    /// The VM is not called any more.
    fn discard(&mut self, vm: VmIndex);

    /// How much has happened so far.
    fn mark(&self) -> Self::Mark;

    /// Nothing that was since `mark` has happened.
    fn forget(&mut self, mark: Self::Mark);
}

/// The place where the proxy is while no plugin runs.
///
/// During a callback the proxy moves into the store of the VM, so that hostcalls hold `&mut Proxy` beside guest
/// memory without sharing; the slot is empty meanwhile, and touching it then is a bug of ours (a panic).
#[derive(Debug, Default)]
pub struct Slot(Option<Box<Proxy>>);

impl Slot {
    /// A slot that holds `proxy`.
    #[must_use]
    pub fn new(proxy: Box<Proxy>) -> Self {
        Self(Some(proxy))
    }

    /// Takes the proxy out.
    ///
    /// # Panics
    ///
    /// When it is already out.
    #[must_use]
    #[inline]
    pub fn lend(&mut self) -> Box<Proxy> {
        self.0.take().expect("the proxy is here")
    }

    /// Puts it back.
    #[inline]
    pub fn restore(&mut self, proxy: Box<Proxy>) {
        debug_assert!(self.0.is_none(), "one proxy");
        self.0 = Some(proxy);
    }
}

impl Deref for Slot {
    type Target = Proxy;
    #[inline]
    fn deref(&self) -> &Proxy {
        self.0.as_deref().expect("the proxy is here")
    }
}

impl DerefMut for Slot {
    #[inline]
    fn deref_mut(&mut self) -> &mut Proxy {
        self.0.as_deref_mut().expect("the proxy is here")
    }
}
