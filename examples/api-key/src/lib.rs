//! Lets requests through that bring an API key, and tells the upstream whose it is.
//!
//! The configuration has a line `KEY=CLIENT` for each key. A request without `x-api-key`, or with an empty one, is
//! answered 401, one with a key that nobody has 403; any other loses its key and gains `x-client`, whatever the client
//! wrote there itself.

mod keys;

use std::rc::Rc;

use keys::Keys;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Gate::default()));
}}

#[derive(Default)]
struct Gate {
    keys: Rc<Keys>,
}

impl Context for Gate {}

impl RootContext for Gate {
    fn on_configure(&mut self, _: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Keys::read(&String::from_utf8_lossy(&text)) {
            Ok(keys) => {
                self.keys = Rc::new(keys);
                true
            }
            Err(why) => {
                let _ = hostcalls::log(LogLevel::Error, &format!("api-key: {why}"));
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { keys: Rc::clone(&self.keys) }))
    }
}

struct Request {
    keys: Rc<Keys>,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        // In bytes: the text form panics where a client sends what is no UTF-8.
        let Some(key) = self.get_http_request_header_bytes("x-api-key").filter(|key| !key.is_empty()) else {
            self.send_http_response(401, vec![("www-authenticate", "ApiKey")], Some(b"an API key is needed"));
            return Action::Pause;
        };
        let Some(client) = self.keys.client(&key) else {
            self.send_http_response(403, vec![], Some(b"nobody has this API key"));
            return Action::Pause;
        };
        self.set_http_request_header("x-api-key", None);
        self.set_http_request_header("x-client", Some(client));
        Action::Continue
    }
}
