//! The chain without wasm: plugins are lists of what their callbacks return.

use super::*;
use crate::abi::{AbiVersion, CallbackId};
use crate::proxy::guest::{Invocation, NotCreated, Returned};
use crate::proxy::threads::{Handle, Thread};
use crate::proxy::transcript::{Detail, Kind};
use crate::proxy::{
    ChainPlugin, Effect, FailurePolicy, LocalReply, Options, PluginIndex, Proxy, Transcript, VmIndex, VmState,
};
use crate::state::{Answer, Clock, Entropy, Request};

/// What a scripted plugin does in a callback: asks for effects, and returns a number.
type Reaction = Box<dyn Fn(&mut Proxy, VmIndex, Invocation) -> u32>;

/// What a plugin returns when it does not return.
const TRAP: u32 = 0xdead;

/// Plugins that write down their callbacks as `A.request_headers(2,6,1)`.
struct Scripted {
    reactions: Vec<(usize, CallbackId, Reaction)>,
    calls: Vec<String>,
}

impl Guest for Scripted {
    type Mark = ();

    fn call(&mut self, proxy: &mut Slot, vm: VmIndex, invocation: Invocation) -> Returned {
        let name = invocation.callback.name().trim_start_matches("proxy_on_");
        let args: Vec<String> = invocation.args().iter().map(u32::to_string).collect();
        self.calls.push(format!("{}.{name}({})", ["A", "B", "C"][vm.0], args.join(",")));
        let scripted =
            self.reactions.iter().find(|(at, callback, _)| *at == vm.0 && *callback == invocation.callback);
        let number = match scripted {
            Some((_, _, react)) => react(proxy, vm, invocation),
            None => u32::from(invocation.callback == CallbackId::Done),
        };
        if number == TRAP {
            return Returned::Trapped;
        }
        Returned::Value(number)
    }

    fn create(&mut self, _: &mut Slot, _: VmIndex, _: usize) -> Result<(), NotCreated> {
        Ok(())
    }

    fn discard(&mut self, _: VmIndex) {}

    fn mark(&self) {}

    fn forget(&mut self, (): ()) {}
}

/// A chain of `count` plugins, each in its own VM, and its scripted guest.
struct Bench {
    slot: Slot,
    guest: Scripted,
}

impl Bench {
    fn new(count: usize) -> Self {
        let mut proxy = Proxy::new(Options::default(), Clock::default(), Detail::Off);
        proxy.upstream = crate::proxy::Script::Every(Answer::ok().body("hello!"));
        for index in 0..count {
            proxy.plugins.push(ChainPlugin {
                name: format!("plugin {index}"),
                logged_as: None,
                key: std::sync::Arc::default(),
                fail_open: false,
                policy: FailurePolicy::Closed,
                allow_on_headers_stop_iteration: false,
                reload_backoff: crate::state::Duration::ZERO,
                kind: index,
            });
            let mut state = VmState::new(AbiVersion::V0_2_1, Entropy::new(0, "test"));
            let context = state.new_plugin_context(PluginIndex(index), std::sync::Arc::default());
            proxy.vms.push(state);
            let handle = Handle { serves: Some((VmIndex(index), context)), reloaded: None };
            proxy.set_handle(Thread::Worker(0), PluginIndex(index), handle);
        }
        Self {
            slot: Slot::new(Box::new(proxy)),
            guest: Scripted { reactions: Vec::new(), calls: Vec::new() },
        }
    }

    /// Plugin `at` returns `number` from `callback`.
    fn returns(self, at: usize, callback: CallbackId, number: u32) -> Self {
        self.reacts(at, callback, move |_, _, _| number)
    }

    fn reacts(
        mut self,
        at: usize,
        callback: CallbackId,
        react: impl Fn(&mut Proxy, VmIndex, Invocation) -> u32 + 'static,
    ) -> Self {
        self.guest.reactions.push((at, callback, Box::new(react)));
        self
    }

    /// Sends a request, and answers the callbacks it made.
    fn send(&mut self, request: &Request) -> String {
        self.guest.calls.clear();
        let mut drive = Drive { proxy: &mut self.slot, guest: &mut self.guest };
        drive.open(request, 0);
        drive.settle();
        self.guest.calls.join(" ")
    }
}

/// Asks for a local response, as the hostcall does.
fn reply(proxy: &mut Proxy, vm: VmIndex, _: Invocation) -> u32 {
    let at = proxy.at(vm).expect("a stream");
    let reply = LocalReply::own(403, "no", "");
    proxy.vm_mut(vm).stop_next_iteration = true;
    proxy.vm_mut(vm).effects.push_back(Effect::LocalReply { at, reply });
    0
}

fn post(chunks: &[&str]) -> Request {
    Request::post("/").chunks(chunks.iter().copied())
}

/// Envoy 1.40, observed, "One filter, everything Continue": a GET with a response of six bytes.
#[test]
fn a_get_and_its_response() {
    assert_eq!(
        Bench::new(1).send(&Request::get("/")),
        "A.context_create(2,1) A.request_headers(2,6,1) A.response_headers(2,3,0) A.response_body(2,6,0) \
         A.response_body(2,0,1) A.log(2) A.done(2) A.delete(2)"
    );
}

/// Envoy 1.40, observed, "Return values of body callbacks": Pause buffers, and sizes accumulate.
#[test]
fn a_paused_body_accumulates() {
    let calls = Bench::new(1).returns(0, CallbackId::RequestBody, 1).send(&post(&["aaa", "bbbb"]));
    assert!(
        calls.ends_with(
            "A.request_headers(2,6,0) A.request_body(2,3,0) A.request_body(2,7,0) A.request_body(2,7,1)"
        ),
        "{calls}"
    );
}

/// Envoy 1.40, observed, "At run time: trap": the client gets 503, past the dead plugin and through those before it.
#[test]
fn the_answer_for_a_trap_reaches_the_client() {
    for (at, calls) in [
        (
            0,
            "A.context_create(2,1) A.request_headers(2,6,1) B.context_create(2,1) B.log(2) B.done(2) B.delete(2)",
        ),
        (
            1,
            "A.context_create(2,1) A.request_headers(2,6,1) B.context_create(2,1) B.request_headers(2,6,1) \
             A.response_headers(2,1,1) A.log(2) A.done(2) A.delete(2)",
        ),
    ] {
        let mut bench = Bench::new(2).returns(at, CallbackId::RequestHeaders, TRAP);
        assert_eq!(bench.send(&Request::get("/")), calls);
        let stream = bench.slot.take_stream(StreamId(0)).expect("the stream has ended");
        let head = stream.client.received.head.expect("a response");
        assert_eq!(head.get(b":status"), Some(&b"503"[..]));
    }
}

/// The same, with 2: the bytes are kept, and each callback sees its own chunk.
#[test]
fn a_watermarked_body_shows_each_chunk() {
    let calls = Bench::new(1).returns(0, CallbackId::RequestBody, 2).send(&post(&["aaa", "bbbb"]));
    assert!(calls.ends_with("A.request_body(2,3,0) A.request_body(2,4,0) A.request_body(2,0,1)"), "{calls}");
}

/// The same, with 3: the chunks are dropped, so the next plugin sees none of them.
#[test]
fn dropped_chunks_do_not_reach_the_next_plugin() {
    let mut bench = Bench::new(2).reacts(
        0,
        CallbackId::RequestBody,
        |_, _, call| {
            if call.args()[2] == 1 { 0 } else { 3 }
        },
    );
    let calls = bench.send(&post(&["aaa", "bbbb"]));
    assert!(calls.contains("A.request_body(2,0,1) B.request_body(2,0,1)"), "{calls}");
}

/// Envoy 1.40, observed, "Two filters": A buffers the whole body, B gets it in one piece.
#[test]
fn the_next_plugin_gets_a_held_body_in_one_piece() {
    let mut bench =
        Bench::new(2).reacts(0, CallbackId::RequestBody, |_, _, call| u32::from(call.args()[2] == 0));
    let calls = bench.send(&post(&["aaa", "bbbb"]));
    assert!(calls.contains("A.request_body(2,7,1) B.request_body(2,7,1)"), "{calls}");
}

/// Envoy 1.40, observed, "Two filters": A answers itself; B is created for its log only.
#[test]
fn a_plugin_that_saw_nothing_still_logs() {
    assert_eq!(
        Bench::new(2).reacts(0, CallbackId::RequestHeaders, reply).send(&Request::get("/")),
        "A.context_create(2,1) A.request_headers(2,6,1) A.response_headers(2,3,0) A.response_body(2,2,1) A.log(2) \
         B.context_create(2,1) B.log(2) A.done(2) A.delete(2) B.done(2) B.delete(2)"
    );
}

/// Envoy 1.40, observed, "Two filters": B answers itself, and both see the response.
#[test]
fn a_local_reply_passes_the_plugins_before() {
    let calls = Bench::new(2).reacts(1, CallbackId::RequestHeaders, reply).send(&Request::get("/"));
    assert!(
        calls.contains(
            "B.request_headers(2,6,1) B.response_headers(2,3,0) A.response_headers(2,3,0) B.response_body(2,2,1) \
             A.response_body(2,2,1) A.log(2) B.log(2)"
        ),
        "{calls}"
    );
}

/// Envoy 1.40, observed, "From where": in the response's headers the reply goes to the client past everybody.
#[test]
fn a_local_reply_in_the_response_goes_past_the_chain() {
    let calls = Bench::new(2).reacts(1, CallbackId::ResponseHeaders, reply).send(&Request::get("/"));
    assert!(calls.contains("B.response_headers(2,3,0) A.log(2) B.log(2)"), "{calls}");
}

/// Envoy 1.40, observed, "Pause becomes 4": no callback follows headers that are held.
#[test]
fn paused_headers_hold_everything() {
    let calls = Bench::new(2).returns(0, CallbackId::RequestHeaders, 1).send(&post(&["aaa"]));
    assert_eq!(calls, "A.context_create(2,1) A.request_headers(2,6,0)");
}

/// Envoy 1.40, observed, "Resuming": headers go on without their callback, the body comes in one call that ends it.
#[test]
fn a_resumed_stream_brings_the_body_in_one_call() {
    let mut bench = Bench::new(2).returns(0, CallbackId::RequestHeaders, 1);
    bench.send(&post(&["aaa", "bb"]));
    bench.guest.calls.clear();
    let mut drive = Drive { proxy: &mut bench.slot, guest: &mut bench.guest };
    let id = drive.proxy.open_streams().next().unwrap();
    drive.resume(id, Direction::Request, 0);
    drive.settle();
    let calls = bench.guest.calls.join(" ");
    assert!(
        calls.starts_with(
            "B.context_create(2,1) B.request_headers(2,6,0) A.request_body(2,5,1) B.request_body(2,5,1) \
             B.response_headers"
        ),
        "{calls}"
    );
}

/// Envoy 1.40, observed, "Limits": a body that is held back over the limit is refused, through the response callbacks.
#[test]
fn a_body_over_the_limit_is_413() {
    let mut bench = Bench::new(1).returns(0, CallbackId::RequestBody, 1);
    bench.slot.options.buffer_limit = 4;
    let calls = bench.send(&post(&["aaa", "bbbb", "c"]));
    assert!(
        calls.ends_with(
            "A.request_body(2,7,0) A.response_headers(2,3,0) A.response_body(2,17,1) A.log(2) A.done(2) A.delete(2)"
        ),
        "{calls}"
    );
}

/// Envoy 1.40, observed, "continue before any response exists crashes": nothing runs after it, so nothing is waited for.
#[test]
fn a_step_does_not_wait_after_a_crash() {
    let mut bench = Bench::new(1).reacts(0, CallbackId::RequestHeaders, |proxy, vm, _| {
        let at = proxy.at(vm).expect("a stream");
        proxy.set_tick_period(vm, 1, crate::state::Duration::from_millis(1));
        proxy.vm_mut(vm).effects.push_back(Effect::Continue { at, direction: Direction::Response });
        1
    });
    bench.send(&Request::get("/"));
    let limit = bench.slot.clock.now() + crate::state::Duration::from_secs(1);
    let mut drive = Drive { proxy: &mut bench.slot, guest: &mut bench.guest };
    assert!(!drive.run_until(limit, |_| false));
    assert_eq!(bench.slot.findings.len(), 1);
    assert_eq!(bench.slot.findings[0].id, "envoy/crash");
}

/// A callback that asks for what calls it again: that ends with a finding, and the host's own stack holds.
#[test]
fn callbacks_inside_each_other_come_to_an_end() {
    let look_up = |proxy: &mut Proxy, vm: VmIndex, _: Invocation| {
        for _ in 0..2 {
            let token = proxy.next_dns_token(vm);
            proxy.resolve_dns(vm, b"localhost", token).expect("a plugin that is there");
        }
        1
    };
    let mut bench = Bench::new(1).reacts(0, CallbackId::RequestHeaders, look_up).reacts(
        0,
        CallbackId::ResolveDns,
        look_up,
    );
    let calls = bench.send(&Request::get("/"));
    assert_eq!(calls.matches("resolve_dns(").count(), 16, "{calls}");
    let [found] = &bench.slot.findings[..] else { panic!("{:?}", bench.slot.findings) };
    assert_eq!(found.id, "envoy/stack-overflow");
    assert!(found.message.starts_with("envoy_resolve_dns: each callback"), "{}", found.message);
}

/// What is written twice is the doing of the plugin that continued, wherever it stands in the chain.
#[test]
fn a_finding_names_the_plugin_that_did_it() {
    let continues = |proxy: &mut Proxy, vm: VmIndex, _: Invocation| {
        let at = proxy.at(vm).expect("a stream");
        proxy.vm_mut(vm).effects.push_back(Effect::Continue { at, direction: Direction::Request });
        0
    };
    let mut bench = Bench::new(3).reacts(1, CallbackId::RequestHeaders, continues);
    bench.slot.transcript = Transcript::new(Detail::Abi);
    bench.send(&Request::get("/"));
    let named = bench.slot.transcript.events().iter().find_map(|event| match &event.kind {
        Kind::Fault { vm, fault } => Some((*vm, fault.id)),
        _ => None,
    });
    assert_eq!(named, Some((Some(VmIndex(1)), "envoy/request-twice")));
}
