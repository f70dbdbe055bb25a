//! How often an exchange asks for memory from the heap. With recording off nothing is allocated for a hostcall, an event
//! or a log line; what is left is counted here, so that it does not grow unnoticed.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait; this one counts and hands on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use proxy_wasm_harness::host::Host;
use proxy_wasm_harness::proxy::transcript::Detail;
use proxy_wasm_harness::state::{Answer, Request};
use proxy_wasm_harness::vm::{ArtifactCache, LoadOptions, Plugin};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and how often this thread has asked it for memory.
struct Counting;

// SAFETY: each call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no counter any more.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the memory came from `alloc` above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most allocations that one of many equal exchanges makes on a host of the workload plugin with this configuration.
fn allocations(config: &str, answer: Answer, detail: Detail) -> u64 {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/guests/workloads.wasm");
    let cache = ArtifactCache::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules"));
    let options = LoadOptions { cache: Some(cache), ..LoadOptions::default() };
    let plugin = Plugin::from_file(module, &options).expect("the plugin loads");
    let host = Host::builder().plugin(plugin.config(config)).upstream(answer).record(detail);
    let mut host = host.build().expect("the plugin starts");
    let request =
        Request::get("http://httpbin:8000/anything").header("user-agent", "test").header("cookie", "a=1");
    let request = Arc::new(request);
    // The first ones find functions and make buffers.
    for _ in 0..64 {
        host.send(Arc::clone(&request));
    }
    let mut counts: Vec<u64> = (0..64)
        .map(|_| {
            let before = COUNT.get();
            drop(host.send(Arc::clone(&request)));
            COUNT.get() - before
        })
        .collect();
    // A list of the host doubles now and then; what each exchange pays is the rest.
    counts.sort_unstable();
    counts[counts.len() * 3 / 4]
}

#[test]
fn an_exchange_allocates_nothing_for_its_hostcalls_when_nothing_is_recorded() {
    let answer = || Answer::ok().header("content-type", "text/plain").header("x-served-by", "cache-01");
    let no_op = allocations("no-op", answer(), Detail::Off);
    let headers = allocations("headers", answer(), Detail::Off);
    println!("no-op: {no_op}, headers: {headers}");
    assert_eq!(no_op, 0);
    // It makes some twenty hostcalls and logs each field.
    assert_eq!(headers, no_op);
}

#[test]
fn recording_adds_to_lists_and_allocates_for_the_words_of_steps_only() {
    let recorded = allocations("headers", Answer::ok(), Detail::Abi);
    println!("recorded: {recorded}");
    assert!(recorded <= 12, "{recorded}");
}

#[test]
fn a_body_is_copied_once_for_each_of_its_pieces() {
    let answer = |chunks: usize| Answer::ok().body(vec![b'a'; chunks * 4096]).chunk_size(4096);
    let (four, sixteen) =
        (allocations("no-op", answer(4), Detail::Off), allocations("no-op", answer(16), Detail::Off));
    println!("4 pieces: {four}, 16 pieces: {sixteen}");
    assert!(sixteen - four <= 2 * 12, "{four}, {sixteen}");
}
