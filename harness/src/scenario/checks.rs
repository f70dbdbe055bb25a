//! What no single value of a scenario shows: streams that nobody opened, workers that do not exist, plugins that are
//! not in the chain.

use indexmap::IndexMap;

use super::document::error::nearest;
use super::document::shape::Reader;
use super::document::source::Span;
use super::expect::Expectations;
use super::model::Scenario;
use super::plugin::{Chain, PluginSpec};
use super::step::{Metadata, Peer, RespondWith, Step, StepKind};
use crate::abi::{CALLBACKS, HOSTCALLS, WASI};
use crate::state::{Answer, AnswerKind, Protocol};

/// Complains about plugins that share a name.
pub(crate) fn plugins(chain: &Chain, reader: &mut Reader) {
    let Chain::Plugins(plugins) = chain else { return };
    for (index, plugin) in plugins.iter().enumerate() {
        if plugins[..index].iter().any(|other| other.name == plugin.name) {
            let message = format!("two plugins have the name `{}`", plugin.name);
            reader.complain(&plugin.span, message, Some("give one of them a `name`".to_owned()));
        }
    }
}

/// Complains that no plugin has this name.
pub(crate) fn unknown_plugin(span: &Span, name: &str, plugins: &[PluginSpec], reader: &mut Reader) {
    let hint = nearest(name, plugins.iter().map(|plugin| plugin.name.as_str()));
    reader.complain(span, format!("no plugin has the name `{name}`"), hint);
}

/// Judges a scenario as a whole.
pub(crate) fn scenario(scenario: &Scenario, reader: &mut Reader) {
    if scenario.host.workers == 0 {
        reader.complain(&scenario.host.span, "`workers` is at least 1", None);
    }
    if scenario.name.trim().is_empty() || scenario.name.chars().any(char::is_control) {
        reader.complain(&scenario.span, "the name of a scenario is one line of text", None);
    }
    for (key, reason) in [("skip", &scenario.skip), ("known_failure", &scenario.known_failure)] {
        if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            reader.complain(&scenario.span, format!("`{key}` needs a reason"), None);
        }
    }
    if let Some(claim) = &scenario.rate_limit {
        claim.objections().into_iter().for_each(|why| reader.complain(&claim.span, why, None));
    }
    if scenario.host.enable_trailers.is_none() {
        for span in std::mem::take(&mut reader.http1_trailers) {
            unstated_trailers(&span, reader);
        }
    }
    Walk { scenario, streams: IndexMap::new(), tcp: None, reader }.steps();
}

fn unstated_trailers(span: &Span, reader: &mut Reader) {
    let hint = "state `host: {enable_trailers: true}` (or false, as Envoy's default: they are dropped)";
    reader.complain(
        span,
        "trailers over HTTP/1.1, and `enable_trailers` is not stated",
        Some(hint.to_owned()),
    );
}

/// What is known of a stream while the steps are walked through.
struct Stream {
    opened: Span,
    request: Protocol,
    response: Protocol,
}

struct Walk<'w> {
    scenario: &'w Scenario,
    streams: IndexMap<String, Stream>,
    /// Whether the first step that says so speaks TCP, and where it stands.
    tcp: Option<(bool, Span)>,
    reader: &'w mut Reader,
}

impl Walk<'_> {
    fn steps(&mut self) {
        for (index, step) in self.scenario.steps.iter().enumerate() {
            self.protocol(step);
            self.step(step, index == 0);
            if let Some(expect) = &step.expect {
                self.expectations(expect);
            }
        }
    }

    fn protocol(&mut self, step: &Step) {
        use StepKind::{Close, Connect, Data, Open, Request, Respond, Send};
        let tcp = match step.kind {
            Request(_) | Open(_) | Send(_) | Respond(_) => false,
            Connect(_) | Data(_) | Close(_) => true,
            _ => return,
        };
        match &self.tcp {
            None => self.tcp = Some((tcp, step.span.clone())),
            Some((first, at)) if *first != tcp => {
                let message = format!("a scenario is HTTP or TCP: line {} has begun the other", at.line());
                self.reader.complain(&step.span, message, None);
            }
            Some(_) => {}
        }
    }

    fn step(&mut self, step: &Step, first: bool) {
        let span = &step.span;
        match &step.kind {
            StepKind::Start(_) if !first => {
                self.reader.complain(span, "`start` is the first step only", None)
            }
            StepKind::Request(request) => self.worker(span, request.worker),
            StepKind::Open(open) => {
                self.worker(span, open.request.worker);
                self.open(span, &open.stream, open.request.protocol);
            }
            StepKind::Send(send) => {
                let http1 = self.stream(span, &send.stream).is_some_and(|s| s.request == Protocol::Http1);
                self.trailers(span, http1 && send.trailers.is_some());
            }
            StepKind::Respond(respond) => self.respond(span, &respond.stream, &respond.with),
            StepKind::Abort(abort) => self.known(&abort.span, &abort.stream),
            StepKind::Metadata(metadata) => self.metadata(metadata),
            StepKind::Connect(connect) => {
                self.worker(span, connect.worker);
                self.open(&connect.span, &connect.stream, Protocol::Http1);
            }
            StepKind::Data(data) => self.known(&data.span, &data.stream),
            StepKind::Close(close) => self.known(&close.span, &close.stream),
            StepKind::Reconfigure(of) => self.plugin(&of.span, Some(&of.plugin)),
            StepKind::SetProperty(of) => {
                if let Some(stream) = &of.stream {
                    self.known(&of.span, stream);
                }
            }
            StepKind::Fault(fault) => {
                self.plugin(&fault.span, fault.plugin.as_ref());
                self.hostcall(&fault.span, &fault.hostcall);
                if fault.nth == 0 {
                    self.reader.complain(&fault.span, "`nth` counts from 1", None);
                }
            }
            _ => {}
        }
    }

    fn respond(&mut self, span: &Span, stream: &str, with: &RespondWith) {
        self.known(span, stream);
        let Some(stream) = self.streams.get_mut(stream) else { return };
        match with {
            RespondWith::Answer(Answer { kind: AnswerKind::Response(response), .. }) => {
                stream.response = response.protocol;
            }
            RespondWith::More { trailers: Some(_), .. } => {
                let http1 = stream.response == Protocol::Http1;
                self.trailers(span, http1);
            }
            _ => {}
        }
    }

    fn trailers(&mut self, span: &Span, http1: bool) {
        if http1 && self.scenario.host.enable_trailers.is_none() {
            unstated_trailers(span, self.reader);
        }
    }

    fn worker(&mut self, span: &Span, worker: Option<u32>) {
        let workers = self.scenario.host.workers;
        if let Some(worker) = worker.filter(|worker| *worker >= workers) {
            let hint = "workers count from 0; `host: {workers: N}` says how many there are".to_owned();
            let message = format!("there is no worker {worker}: the host has {workers}");
            self.reader.complain(span, message, Some(hint));
        }
    }

    fn open(&mut self, span: &Span, name: &str, request: Protocol) {
        if let Some(stream) = self.streams.get(name) {
            let message = format!("the stream `{name}` is there already, from line {}", stream.opened.line());
            self.reader.complain(span, message, None);
            return;
        }
        let stream = Stream { opened: span.clone(), request, response: Protocol::Http1 };
        self.streams.insert(name.to_owned(), stream);
    }

    /// METADATA is a frame of HTTP/2.
    fn metadata(&mut self, of: &Metadata) {
        let protocol = self.stream(&of.span, &of.stream).map(|stream| stream.request);
        let protocol = match of.from {
            Peer::Client => protocol,
            Peer::Upstream => protocol.map(|_| self.scenario.upstream_protocol()),
        };
        if protocol == Some(Protocol::Http1) {
            let hint = match of.from {
                Peer::Client => "open the stream with `http: 2`",
                Peer::Upstream => "give the answer of `upstream` `http: 2`",
            };
            let message = "METADATA is a frame of HTTP/2, and this connection speaks HTTP/1.1";
            self.reader.complain(&of.span, message, Some(hint.to_owned()));
        }
    }

    fn known(&mut self, span: &Span, name: &str) {
        let _ = self.stream(span, name);
    }

    fn stream(&mut self, span: &Span, name: &str) -> Option<&Stream> {
        if !self.streams.contains_key(name) {
            let hint = nearest(name, self.streams.keys().map(String::as_str));
            self.reader.complain(span, format!("no step before this opens the stream `{name}`"), hint);
        }
        self.streams.get(name)
    }

    fn plugin(&mut self, span: &Span, name: Option<&String>) {
        let (Some(name), Chain::Plugins(plugins)) = (name, &self.scenario.chain) else { return };
        if !plugins.iter().any(|plugin| plugin.name == *name) {
            unknown_plugin(span, name, plugins, self.reader);
        }
    }

    fn known_name<'n>(&mut self, span: &Span, name: &str, what: &str, names: impl Iterator<Item = &'n str>) {
        let mut names: Vec<&str> = names.collect();
        if !names.contains(&name) {
            names.dedup();
            let hint = nearest(name, names).filter(|hint| hint.starts_with("did"));
            self.reader.complain(span, format!("the ABI has no {what} `{name}`"), hint);
        }
    }

    fn hostcall(&mut self, span: &Span, name: &str) {
        self.known_name(span, name, "hostcall", HOSTCALLS.iter().chain(WASI).map(|row| row.name));
    }

    fn callback(&mut self, span: &Span, name: &str) {
        self.known_name(span, name, "callback", CALLBACKS.iter().map(|row| row.name));
    }

    fn expectations(&mut self, expect: &Expectations) {
        use super::expect::Expected::Just;
        if let Some(stream) = &expect.stream {
            self.known(&expect.span, stream);
        }
        if let Some(Just(local)) = &expect.local_response {
            self.plugin(&local.span, local.plugin.as_ref());
        }
        if let Some(Just(calls)) = &expect.http_calls {
            calls.iter().for_each(|call| self.plugin(&call.span, call.plugin.as_ref()));
        }
        if let Some(Just(calls)) = &expect.grpc_calls {
            calls.iter().for_each(|call| self.plugin(&call.span, call.plugin.as_ref()));
        }
        if let Some(Just(lines)) = &expect.log {
            lines.iter().for_each(|line| self.plugin(&line.span, line.plugin.as_ref()));
        }
        for line in expect.no_log.iter().flatten() {
            self.plugin(&line.span, line.plugin.as_ref());
        }
        for call in expect.callbacks.iter().flatten() {
            self.plugin(&call.span, call.plugin.as_ref());
            self.callback(&call.span, &call.name);
        }
        for call in expect.hostcalls.iter().flatten() {
            self.plugin(&call.span, call.plugin.as_ref());
            self.hostcall(&call.span, &call.name);
        }
        if let Some(trap) = &expect.trap {
            self.plugin(&trap.span, trap.plugin.as_ref());
        }
    }
}
