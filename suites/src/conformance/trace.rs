//! The callbacks of a run with the hostcalls inside them, read out of the transcript.

use proxy_wasm_harness::abi::{CallbackId, Status};
use proxy_wasm_harness::proxy::transcript::{Arg, Args, Kind};
use proxy_wasm_harness::proxy::{Transcript, VmIndex};

/// The callbacks of a run, in the order in which they began. Allocators are left out.
#[derive(Clone, Debug, Default)]
pub struct Trace<'t> {
    /// The callbacks.
    pub callbacks: Vec<Callback<'t>>,
}

/// One callback.
#[derive(Clone, Debug)]
pub struct Callback<'t> {
    /// The VM.
    pub vm: VmIndex,
    /// Which one.
    pub id: CallbackId,
    /// Its arguments; the first is the context.
    pub args: Vec<u32>,
    /// The event where it begins.
    pub event: usize,
    /// What it returned, if it returned and has a result.
    pub value: Option<u32>,
    /// It did not return.
    pub trapped: bool,
    /// The hostcalls that it made, in order.
    pub calls: Vec<Hostcall<'t>>,
}

/// One hostcall.
#[derive(Clone, Debug)]
pub struct Hostcall<'t> {
    /// Its name.
    pub name: &'static str,
    /// Its arguments as they are recorded: data is one argument.
    pub args: Vec<Arg<'t>>,
    /// Its status, where it has one.
    pub status: Option<Status>,
    /// What it wrote for the guest.
    pub results: Vec<Arg<'t>>,
    /// The event where it begins.
    pub event: usize,
}

impl Hostcall<'_> {
    /// A number among the arguments.
    #[must_use]
    pub fn number(&self, at: usize) -> Option<u64> {
        match self.args.get(at)? {
            Arg::Number(number) => Some(*number),
            Arg::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Bytes among the arguments.
    #[must_use]
    pub fn bytes(&self, at: usize) -> Option<&[u8]> {
        match self.args.get(at)? {
            Arg::Bytes(bytes) | Arg::Pairs(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The first bytes among the results.
    #[must_use]
    pub fn given(&self) -> Option<&[u8]> {
        self.results.iter().find_map(|arg| match arg {
            Arg::Bytes(bytes) | Arg::Pairs(bytes) => Some(*bytes),
            _ => None,
        })
    }
}

impl Callback<'_> {
    /// The context that it is for.
    #[must_use]
    pub fn context(&self) -> u32 {
        self.args.first().copied().unwrap_or_default()
    }

    /// Its calls of this hostcall.
    pub fn calls_of<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Hostcall<'c>> {
        self.calls.iter().filter(move |call| call.name == name)
    }

    /// Whether it is about an HTTP stream and answers Continue or Pause.
    #[must_use]
    pub fn decides(&self) -> bool {
        matches!(
            self.id,
            CallbackId::RequestHeaders
                | CallbackId::RequestBody
                | CallbackId::RequestTrailers
                | CallbackId::ResponseHeaders
                | CallbackId::ResponseBody
                | CallbackId::ResponseTrailers
        )
    }
}

impl<'t> Trace<'t> {
    /// Reads `transcript`, which is of detail `abi`.
    #[must_use]
    pub fn of(transcript: &'t Transcript) -> Self {
        let mut callbacks: Vec<Callback<'t>> = Vec::new();
        // Callbacks under way; none for an allocator.
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut answers: Vec<(usize, usize)> = Vec::new();
        for (event, one) in transcript.events().iter().enumerate() {
            match one.kind {
                Kind::Callback { vm, callback, args, len, .. } => {
                    if matches!(callback, CallbackId::Malloc | CallbackId::MemoryAllocate) {
                        open.push(None);
                        continue;
                    }
                    open.push(Some(callbacks.len()));
                    callbacks.push(Callback {
                        vm,
                        id: callback,
                        args: args[..usize::from(len)].to_vec(),
                        event,
                        value: None,
                        trapped: false,
                        calls: Vec::new(),
                    });
                }
                Kind::Returned { value, .. } => {
                    if let Some(Some(at)) = open.pop() {
                        callbacks[at].value = value;
                    }
                }
                Kind::Trap { .. } => {
                    if let Some(Some(at)) = open.pop() {
                        callbacks[at].trapped = true;
                    }
                    answers.clear();
                }
                Kind::Hostcall { row, args, .. } => {
                    let Some(at) = open.iter().rev().find_map(|at| *at) else { continue };
                    let args = Args(transcript.bytes(args)).collect();
                    let calls = &mut callbacks[at].calls;
                    answers.push((at, calls.len()));
                    calls.push(Hostcall { name: row.name, args, status: None, results: Vec::new(), event });
                }
                Kind::Unimplemented { row, .. } => {
                    let Some(at) = open.iter().rev().find_map(|at| *at) else { continue };
                    let status = Some(Status::Unimplemented);
                    let call =
                        Hostcall { name: row.name, args: Vec::new(), status, results: Vec::new(), event };
                    callbacks[at].calls.push(call);
                }
                Kind::Answered { status, results, .. } => {
                    if let Some((callback, call)) = answers.pop() {
                        let call = &mut callbacks[callback].calls[call];
                        call.status = status;
                        call.results = Args(transcript.bytes(results)).collect();
                    }
                }
                _ => {}
            }
        }
        Self { callbacks }
    }

    /// Every hostcall with its callback.
    pub fn calls(&self) -> impl Iterator<Item = (&Callback<'t>, &Hostcall<'t>)> {
        self.callbacks.iter().flat_map(|callback| callback.calls.iter().map(move |call| (callback, call)))
    }

    /// The callbacks of one kind.
    pub fn all(&self, id: CallbackId) -> impl Iterator<Item = &Callback<'t>> {
        self.callbacks.iter().filter(move |callback| callback.id == id)
    }
}
