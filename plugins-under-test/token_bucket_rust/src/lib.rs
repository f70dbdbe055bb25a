//! A token bucket for each value of a header, shared by all VMs of a VM id.
//!
//! The configuration is words: `limit=3 per_ms=1000 capacity=5 header=x-user`, each of which may be left out, and
//! `defect=NAME`, one of the mistakes that `defect` lists. A request takes a token or is answered 429.
//!
//! Buckets are entries of the shared key-value store. A request reads one, counts, and writes it back on the condition
//! that nobody else has written since; else it begins anew. The clock is asked after the bucket was read, so that the time
//! in the bucket is never later than the time it is compared with, unless the clock was set back.

mod bucket;
mod config;
mod defect;
mod store;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use config::Config;

proxy_wasm::main! {{
    // Also installs the panic hook that turns a panic into a log entry.
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Limiter::default()));
}}

#[derive(Default)]
struct Limiter {
    config: Rc<Config>,
}

impl Context for Limiter {}

impl RootContext for Limiter {
    fn on_configure(&mut self, _: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Config::read(&String::from_utf8_lossy(&text)) {
            Ok(config) => {
                self.config = Rc::new(config);
                true
            }
            Err(why) => {
                let _ = proxy_wasm::hostcalls::log(LogLevel::Error, &format!("token_bucket: {why}"));
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { config: Rc::clone(&self.config) }))
    }
}

struct Stream {
    config: Rc<Config>,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let config = &*self.config;
        let value = config.header.as_ref().and_then(|name| self.get_http_request_header(name));
        let name = format!("token_bucket/{}", value.unwrap_or_default());
        if store::take(config, &name, || {
            let now = self.get_current_time().duration_since(std::time::UNIX_EPOCH);
            now.map_or(0, |now| now.as_nanos() as u64)
        }) {
            return Action::Continue;
        }
        self.send_http_response(429, vec![("retry-after", "1")], Some(b"too many requests"));
        Action::Pause
    }
}
