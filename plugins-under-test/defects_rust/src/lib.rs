//! One plugin, and a defect in it that its configuration names; without a configuration there is none.
//!
//! Each defect is one that plugins shipped with. The conformance checks have to find it, and to find nothing of the kind
//! in the same plugin without it. `defects_go` is the same in Go.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Plugin::default()));
}}

/// The defects, by the names that configurations give them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Defect {
    #[default]
    None,
    /// A header is read as text: bytes that are no UTF-8 make the SDK panic.
    NonUtf8,
    /// Two requests in each window of a second: four around its edge.
    WindowEdge,
    /// A call that fails leaves the request paused.
    PauseOnFailure,
    /// A response body grows, and its content-length stays.
    ContentLength,
    /// A request body is scanned at its end only, and trailers end it first.
    Trailers,
    /// Each request leaves something behind.
    Growth,
}

impl Defect {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"" => Self::None,
            b"non-utf8" => Self::NonUtf8,
            b"window-edge" => Self::WindowEdge,
            b"pause-on-failure" => Self::PauseOnFailure,
            b"content-length" => Self::ContentLength,
            b"trailers" => Self::Trailers,
            b"growth" => Self::Growth,
            _ => return None,
        })
    }
}

/// What all streams of a VM share.
#[derive(Default)]
struct Shared {
    window: u128,
    tokens: u32,
    kept: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Plugin {
    defect: Defect,
    shared: Rc<RefCell<Shared>>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _: usize) -> bool {
        let name = self.get_plugin_configuration().unwrap_or_default();
        match Defect::named(&name) {
            Some(defect) => {
                self.defect = defect;
                true
            }
            None => {
                let shown = String::from_utf8_lossy(&name[..name.len().min(40)]).into_owned();
                let _ = proxy_wasm::hostcalls::log(LogLevel::Error, &format!("no defect is called {shown}"));
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { defect: self.defect, shared: Rc::clone(&self.shared), paused: false }))
    }
}

struct Stream {
    defect: Defect,
    shared: Rc<RefCell<Shared>>,
    paused: bool,
}

impl Stream {
    fn admitted(&self) -> bool {
        let now = self.get_current_time().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let mut shared = self.shared.borrow_mut();
        if shared.window == 0 || now.abs_diff(shared.window) > 1_000_000_000 {
            (shared.window, shared.tokens) = (now.max(1), 2);
        }
        let admitted = shared.tokens > 0;
        shared.tokens = shared.tokens.saturating_sub(1);
        admitted
    }

    /// Refuses a body with the word in it.
    fn scan(&self, size: usize) -> Action {
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        if body.windows(5).any(|word| word == b"world") {
            self.send_http_response(403, Vec::new(), Some(b"not this world"));
            return Action::Pause;
        }
        Action::Continue
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        let status = self.get_http_call_response_header_bytes(":status").unwrap_or_default();
        if self.paused && (status == b"200" || self.defect != Defect::PauseOnFailure) {
            self.paused = false;
            self.resume_http_request();
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match self.defect {
            Defect::NonUtf8 => {
                let agent = self.get_http_request_header("user-agent").unwrap_or_default();
                self.set_http_request_header("x-agent", Some(&agent));
            }
            Defect::WindowEdge if !self.admitted() => {
                self.send_http_response(429, Vec::new(), Some(b"too many"));
                return Action::Pause;
            }
            Defect::Growth => self.shared.borrow_mut().kept.push(vec![1; 4096]),
            Defect::PauseOnFailure => {
                let headers = vec![(":method", "GET"), (":path", "/check"), (":authority", "authz")];
                let called = self.dispatch_http_call("authz", headers, None, Vec::new(), Duration::from_millis(200));
                if called.is_ok() {
                    self.paused = true;
                    return Action::Pause;
                }
            }
            _ => {
                let agent = self.get_http_request_header_bytes("user-agent").unwrap_or_default();
                self.set_http_request_header_bytes("x-agent", Some(&agent));
            }
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if self.defect != Defect::Trailers {
            return Action::Continue;
        }
        if end_of_stream { self.scan(size) } else { Action::Pause }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-defects", Some("here"));
        Action::Continue
    }

    fn on_http_response_body(&mut self, _: usize, end_of_stream: bool) -> Action {
        if self.defect == Defect::ContentLength && end_of_stream {
            self.set_http_response_body(usize::MAX >> 1, 0, b"<!-- more -->");
        }
        Action::Continue
    }
}
