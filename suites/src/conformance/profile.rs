//! Hosts, as far as plugins can tell them apart, and the callback sequences that are legal on each.
//!
//! Envoy is the one that runs; of the others the differences are written down here, so that a finding can say on which
//! hosts it bites. A sequence is judged by a state machine: a trap that comes of a sequence that a host never makes does
//! not bite there.

use proxy_wasm_harness::abi::CallbackId;

use super::trace::Trace;

/// A host, by its differences.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name in reports.
    pub name: &'static str,
    /// Whether the end of a request can come with its headers; false: `end_of_stream` is never set there.
    pub headers_end_streams: bool,
    /// Whether trailers callbacks are made.
    pub trailers: bool,
    /// Whether a plugin's own local response passes its response callbacks.
    pub replies_pass_responses: bool,
    /// Whether a missing header reads as an empty one.
    pub missing_is_empty: bool,
    /// Whether HTTP and gRPC calls answer.
    pub http_calls: bool,
    /// See `http_calls`.
    pub grpc_calls: bool,
    /// Whether timers, queues and shared data work.
    pub plugin_state: bool,
    /// What a hostcall that the host does not have does: a status, or a trap.
    pub unsupported_traps: bool,
}

/// Envoy 1.40, as it was observed. What runs here behaves as it does.
pub const ENVOY: Profile = Profile {
    name: "envoy-1.40",
    headers_end_streams: true,
    trailers: true,
    replies_pass_responses: true,
    missing_is_empty: false,
    http_calls: true,
    grpc_calls: true,
    plugin_state: true,
    unsupported_traps: false,
};

/// nginx with ngx_wasm_module, as its documentation has it.
pub const NGINX: Profile = Profile {
    name: "nginx",
    headers_end_streams: false,
    trailers: false,
    replies_pass_responses: true,
    missing_is_empty: true,
    http_calls: true,
    grpc_calls: false,
    plugin_state: true,
    unsupported_traps: true,
};

/// The tester of Google's Service Extensions, and the load balancers that it stands for.
pub const GOOGLE: Profile = Profile {
    name: "google",
    headers_end_streams: false,
    trailers: false,
    replies_pass_responses: false,
    missing_is_empty: false,
    http_calls: false,
    grpc_calls: false,
    plugin_state: false,
    unsupported_traps: false,
};

/// Every profile, the one that runs first.
pub const PROFILES: [&Profile; 3] = [&ENVOY, &NGINX, &GOOGLE];

impl Profile {
    /// The profile of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.into_iter().find(|profile| profile.name == name)
    }

    /// Hostcalls that this host does not have.
    #[must_use]
    pub fn lacks(&self, hostcall: &str) -> bool {
        let grpc = hostcall.starts_with("proxy_grpc_");
        let call = hostcall == "proxy_http_call";
        let state = matches!(
            hostcall,
            "proxy_set_shared_data"
                | "proxy_get_shared_data"
                | "proxy_register_shared_queue"
                | "proxy_resolve_shared_queue"
                | "proxy_enqueue_shared_queue"
                | "proxy_dequeue_shared_queue"
                | "proxy_set_tick_period_milliseconds"
        );
        let of_envoy =
            matches!(hostcall, "envoy_resolve_dns" | "pthread_equal" | "proxy_call_foreign_function");
        (grpc && !self.grpc_calls)
            || (call && !self.http_calls)
            || (state && !self.plugin_state)
            || (of_envoy && self.name != ENVOY.name)
    }
}

/// How far one direction of a stream has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    #[default]
    Before,
    Headers,
    Body,
    Ended,
}

/// The state of one stream context: which callbacks may come next.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    request: Half,
    response: Half,
    replied: bool,
    logged: bool,
    done: bool,
    deleted: bool,
}

impl Machine {
    /// Takes the next callback; `end_of_stream` where it has one, `replied` when the plugin asked for a local response
    /// in it.
    ///
    /// # Errors
    ///
    /// When `profile` never makes this callback here: in words.
    pub fn next(
        &mut self,
        profile: &Profile,
        callback: CallbackId,
        end_of_stream: bool,
        replied: bool,
    ) -> Result<(), String> {
        use CallbackId as C;
        let name = callback.name();
        if self.deleted {
            return Err(format!("{name} after proxy_on_delete"));
        }
        let ends = matches!(callback, C::Log | C::Done | C::Delete);
        if (self.logged || self.done) && !ends {
            return Err(format!("{name} after the stream has ended"));
        }
        match callback {
            C::RequestHeaders => {
                if self.request != Half::Before {
                    return Err(format!("{name} twice"));
                }
                if end_of_stream && !profile.headers_end_streams {
                    return Err(format!("{name} with end_of_stream"));
                }
                self.request = if end_of_stream { Half::Ended } else { Half::Headers };
            }
            C::RequestBody | C::ResponseBody => {
                let half = self.half(callback);
                if !matches!(*half, Half::Headers | Half::Body) {
                    return Err(format!("{name} in the wrong place"));
                }
                *half = if end_of_stream { Half::Ended } else { Half::Body };
            }
            C::RequestTrailers | C::ResponseTrailers => {
                if !profile.trailers {
                    return Err(format!("{name} at all"));
                }
                let half = self.half(callback);
                if !matches!(*half, Half::Headers | Half::Body) {
                    return Err(format!("{name} in the wrong place"));
                }
                *half = Half::Ended;
            }
            C::ResponseHeaders => {
                if self.response != Half::Before {
                    return Err(format!("{name} twice"));
                }
                if self.replied && !profile.replies_pass_responses {
                    return Err(format!("{name} for the plugin's own local response"));
                }
                if end_of_stream && !profile.headers_end_streams {
                    return Err(format!("{name} with end_of_stream"));
                }
                self.response = if end_of_stream { Half::Ended } else { Half::Headers };
            }
            C::Log => self.logged = true,
            C::Done => self.done = true,
            C::Delete => self.deleted = true,
            _ => {}
        }
        self.replied |= replied;
        Ok(())
    }

    fn half(&mut self, callback: CallbackId) -> &mut Half {
        match callback {
            CallbackId::RequestBody | CallbackId::RequestTrailers => &mut self.request,
            _ => &mut self.response,
        }
    }
}

/// Whether every stream of a run goes as `profile` lets it.
///
/// # Errors
///
/// The first callback that it never makes there.
pub fn legal(profile: &Profile, trace: &Trace<'_>) -> Result<(), String> {
    let mut machines: std::collections::BTreeMap<(usize, u32), Machine> = std::collections::BTreeMap::new();
    for callback in &trace.callbacks {
        let of_stream = callback.decides()
            || matches!(callback.id, CallbackId::Log | CallbackId::Done | CallbackId::Delete);
        if !of_stream {
            continue;
        }
        let machine = machines.entry((callback.vm.0, callback.context())).or_default();
        let end_of_stream = callback.args.get(2).is_some_and(|end| *end != 0);
        let replied = callback.calls_of("proxy_send_local_response").next().is_some();
        // A host that never ends a stream with its headers makes the same callbacks, with another flag.
        let end_of_stream = end_of_stream && (profile.headers_end_streams || !of_headers(callback.id));
        machine.next(profile, callback.id, end_of_stream, replied)?;
    }
    Ok(())
}

fn of_headers(callback: CallbackId) -> bool {
    matches!(callback, CallbackId::RequestHeaders | CallbackId::ResponseHeaders)
}

/// The hosts on which what a run shows can happen, by name; empty when it is every one.
#[must_use]
pub fn bites(trace: &Trace<'_>) -> Vec<&'static str> {
    let lacks = |profile: &Profile| {
        profile.name != ENVOY.name && trace.calls().any(|(_, call)| profile.lacks(call.name))
    };
    let on: Vec<&'static str> = PROFILES
        .into_iter()
        .filter(|profile| legal(profile, trace).is_ok() && !lacks(profile))
        .map(|profile| profile.name)
        .collect();
    if on.len() == PROFILES.len() || on.is_empty() { Vec::new() } else { on }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallbackId as C;

    fn goes(profile: &Profile, callbacks: &[(CallbackId, bool)]) -> Result<(), String> {
        let mut machine = Machine::default();
        callbacks.iter().try_for_each(|(callback, end)| machine.next(profile, *callback, *end, false))
    }

    #[test]
    fn hosts_differ_in_what_may_follow() {
        let get = [(C::RequestHeaders, true), (C::ResponseHeaders, true), (C::Log, false), (C::Done, false)];
        assert_eq!(goes(&ENVOY, &get), Ok(()));
        assert_eq!(goes(&NGINX, &get), Err("proxy_on_request_headers with end_of_stream".to_owned()));
        let trailers = [(C::RequestHeaders, false), (C::RequestBody, false), (C::RequestTrailers, false)];
        assert_eq!(goes(&ENVOY, &trailers), Ok(()));
        assert!(goes(&GOOGLE, &trailers).is_err());
    }

    #[test]
    fn no_host_goes_back() {
        for profile in PROFILES {
            assert!(goes(profile, &[(C::RequestBody, false)]).is_err());
            assert!(goes(profile, &[(C::RequestHeaders, false), (C::RequestHeaders, false)]).is_err());
            assert!(goes(profile, &[(C::Delete, false), (C::Log, false)]).is_err());
            assert!(goes(profile, &[(C::Log, false), (C::ResponseHeaders, false)]).is_err());
        }
        let mut machine = Machine::default();
        machine.next(&GOOGLE, C::RequestHeaders, false, true).unwrap();
        assert!(machine.next(&GOOGLE, C::ResponseHeaders, false, false).is_err());
    }
}
