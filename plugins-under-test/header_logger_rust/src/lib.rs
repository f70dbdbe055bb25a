//! Header logger: says at info that it is configured, and then the user agent of
//! each request.
//!
//! The value is read as bytes, because a client may send any, and shown with
//! U+FFFD in place of what is not UTF-8. A request without the header is logged as
//! `User-Agent is missing`, which no value can imitate: theirs start `User-Agent: `.

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(HeaderLogger));
}}

struct HeaderLogger;

impl Context for HeaderLogger {}

impl RootContext for HeaderLogger {
    fn on_configure(&mut self, _: usize) -> bool {
        info!("HeaderLogger configured");
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }
}

struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match self.get_http_request_header_bytes("user-agent") {
            Some(value) => info!("User-Agent: {}", String::from_utf8_lossy(&value)),
            None => info!("User-Agent is missing"),
        }
        Action::Continue
    }
}
