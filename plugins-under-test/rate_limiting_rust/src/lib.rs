//! Rate limiting: at most two requests per window of a little over one second.
//!
//! The same plugin as `rate_limiting_go`, down to the text of its log. A bucket
//! of two tokens belongs to the plugin context, so all streams of a VM share it.
//! It is filled up again by the first request that comes *more than* one second
//! after the last refill: exactly one second later is still too early. A request
//! takes a token, or is answered 403 and held. Every response, that 403 included,
//! is marked with two headers.
//!
//! The time is `proxy_get_current_time_nanoseconds`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

const CAPACITY: u32 = 2;
const WINDOW_NANOS: i64 = 1_000_000_000;

proxy_wasm::main! {{
    // Also installs the panic hook that turns a panic into a log entry.
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Limiter::default()));
}}

/// Starts empty, at the epoch: any present-day clock refills it at once.
#[derive(Default)]
struct Bucket {
    tokens: u32,
    last_refill: i64,
}

impl Bucket {
    /// Refills if it is time, then takes a token if there is one.
    fn admit(&mut self, now: i64) -> bool {
        if now - self.last_refill > WINDOW_NANOS {
            self.tokens = CAPACITY;
            self.last_refill = now;
        }
        let admitted = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        admitted
    }
}

#[derive(Default)]
struct Limiter {
    bucket: Rc<RefCell<Bucket>>,
}

impl Context for Limiter {}

impl RootContext for Limiter {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { bucket: Rc::clone(&self.bucket) }))
    }
}

struct Stream {
    bucket: Rc<RefCell<Bucket>>,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let since_epoch = self.get_current_time().duration_since(UNIX_EPOCH);
        let now = since_epoch.map_or(0, |elapsed| elapsed.as_nanos() as i64);

        let mut bucket = self.bucket.borrow_mut();
        let admitted = bucket.admit(now);
        let line =
            format!("current time {now}, last refill {}, remain token {}", bucket.last_refill, bucket.tokens);
        // The `log` crate has no critical level.
        let _ = hostcalls::log(LogLevel::Critical, &line);

        if admitted {
            return Action::Continue;
        }
        self.send_http_response(
            403,
            vec![("powered-by", "proxy-wasm-rust-sdk")],
            Some(b"rate limited, wait and retry."),
        );
        Action::Pause
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_response_header("who-am-i", "wasm-extension");
        self.add_http_response_header("injected-by", "istio-api!");
        Action::Continue
    }
}
