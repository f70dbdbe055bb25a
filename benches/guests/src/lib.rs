//! Workloads of the benches. The configuration says which: `no-op`, `headers` or `body`.
//!
//! They are what plugins do, no more: `headers` reads both header maps, logs every field and sets one; `body` holds the
//! response's body until it is complete and reads it once.

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root { workload: Workload::NoOp }));
}}

#[derive(Clone, Copy)]
enum Workload {
    NoOp,
    Headers,
    Body,
}

struct Root {
    workload: Workload,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.workload = match self.get_plugin_configuration().as_deref() {
            Some(b"headers") => Workload::Headers,
            Some(b"body") => Workload::Body,
            Some(b"no-op") | None => Workload::NoOp,
            Some(_) => return false,
        };
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(match self.workload {
            Workload::NoOp => Box::new(NoOp),
            Workload::Headers => Box::new(Headers),
            Workload::Body => Box::new(Body),
        })
    }
}

struct NoOp;

impl Context for NoOp {}

impl HttpContext for NoOp {}

struct Headers;

impl Context for Headers {}

impl HttpContext for Headers {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        for (name, value) in self.get_http_request_headers() {
            info!("request {name}: {value}");
        }
        self.set_http_request_header("x-workload", Some("headers"));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        for (name, value) in self.get_http_response_headers() {
            info!("response {name}: {value}");
        }
        self.set_http_response_header("x-workload", Some("headers"));
        Action::Continue
    }

    fn on_log(&mut self) {
        info!("done");
    }
}

struct Body;

impl Context for Body {}

impl HttpContext for Body {
    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_response_body(0, size).unwrap_or_default();
        let sum = body.iter().fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
        if sum == 1 {
            info!("an unlikely body");
        }
        Action::Continue
    }
}
