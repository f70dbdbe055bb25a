//! What a plugin was seen to do when nothing was changed: what it reads, calls, waits for. Checks exercise that.

use std::collections::{BTreeMap, BTreeSet};

use proxy_wasm_harness::abi::{CallbackId, MapType, Status};

use super::played::Played;

/// Everything seen in the untouched runs.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// How often each hostcall was made, in all runs.
    pub hostcalls: BTreeMap<&'static str, u64>,
    /// How often each hostcall was made in one run, at most, after the start.
    pub most_in_a_run: BTreeMap<&'static str, u32>,
    /// Header names asked for one by one, in lower case, by map.
    pub names_read: BTreeSet<(u32, Vec<u8>)>,
    /// Maps read whole.
    pub maps_read: BTreeSet<u32>,
    /// Properties read, by path.
    pub properties: BTreeSet<Vec<u8>>,
    /// Clusters called over HTTP.
    pub http_clusters: BTreeSet<String>,
    /// Clusters called over gRPC.
    pub grpc_clusters: BTreeSet<String>,
    /// Callbacks that paused.
    pub pauses: BTreeSet<&'static str>,
    /// Buffers read.
    pub buffers_read: BTreeSet<u32>,
    /// Keys of the shared store that were written.
    pub keys_written: BTreeSet<Vec<u8>>,
    /// Streams that the plugin answered itself.
    pub replies: u64,
    /// Callbacks that ran, and how often.
    pub callbacks: BTreeMap<&'static str, u64>,
}

/// A header map of requests or responses of the stream itself.
pub(super) const REQUEST: u32 = MapType::RequestHeaders as u32;
/// See [`REQUEST`].
pub(super) const RESPONSE: u32 = MapType::ResponseHeaders as u32;

impl Habits {
    /// Adds what a run shows.
    pub(super) fn note(&mut self, played: &Played) {
        let trace = played.trace();
        let mut in_run: BTreeMap<&'static str, u32> = BTreeMap::new();
        for callback in &trace.callbacks {
            *self.callbacks.entry(callback.id.name()).or_default() += 1;
            if callback.decides() && callback.value.is_some_and(|value| value != 0) {
                self.pauses.insert(callback.id.name());
            }
            let starting = matches!(
                callback.id,
                CallbackId::ContextCreate
                    | CallbackId::VmStart
                    | CallbackId::Configure
                    | CallbackId::Initialize
                    | CallbackId::Start
                    | CallbackId::Main
                    | CallbackId::MainVoid
            );
            for call in &callback.calls {
                *self.hostcalls.entry(call.name).or_default() += 1;
                if !starting {
                    *in_run.entry(call.name).or_default() += 1;
                }
                self.note_call(call);
            }
        }
        for (name, count) in in_run {
            let most = self.most_in_a_run.entry(name).or_default();
            *most = count.max(*most);
        }
        self.replies += played.exchanges.iter().filter(|exchange| exchange.refused()).count() as u64;
    }

    fn note_call(&mut self, call: &super::trace::Hostcall<'_>) {
        let map = || call.number(0).and_then(|map| u32::try_from(map).ok());
        let text = |at| call.bytes(at).and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned);
        match call.name {
            "proxy_get_header_map_value" => {
                if let (Some(map), Some(name)) = (map(), call.bytes(1)) {
                    self.names_read.insert((map, name.to_ascii_lowercase()));
                }
            }
            "proxy_get_header_map_pairs" => self.maps_read.extend(map()),
            "proxy_get_property" => self.properties.extend(call.bytes(0).map(<[u8]>::to_vec)),
            "proxy_get_buffer_bytes" => self.buffers_read.extend(map()),
            "proxy_set_shared_data" => self.keys_written.extend(call.bytes(0).map(<[u8]>::to_vec)),
            "proxy_http_call" => self.http_clusters.extend(text(0)),
            "proxy_grpc_call" | "proxy_grpc_stream" => self.grpc_clusters.extend(text(0)),
            _ => {}
        }
    }

    /// Whether this hostcall was ever made.
    #[must_use]
    pub fn calls(&self, name: &str) -> bool {
        self.hostcalls.contains_key(name)
    }

    /// Whether clusters were called.
    #[must_use]
    pub fn calls_clusters(&self) -> bool {
        ["proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"].iter().any(|name| self.calls(name))
    }

    /// Whether header fields of streams were read, one by one or as a whole.
    #[must_use]
    pub fn reads_headers(&self) -> bool {
        self.reads_map(REQUEST) || self.reads_map(RESPONSE)
    }

    fn reads_map(&self, map: u32) -> bool {
        self.maps_read.contains(&map) || self.names_read.iter().any(|(of, _)| *of == map)
    }

    /// Whether the field of this name is read in this map.
    #[must_use]
    pub fn reads(&self, map: u32, name: &[u8]) -> bool {
        self.maps_read.contains(&map) || self.names_read.contains(&(map, name.to_ascii_lowercase()))
    }

    /// Names that are asked for one by one in this map, without pseudo headers.
    pub fn names(&self, map: u32) -> impl Iterator<Item = &[u8]> {
        let of_map = self.names_read.iter().filter(move |(of, name)| *of == map && !name.starts_with(b":"));
        of_map.map(|(_, name)| name.as_slice())
    }

    /// Names of clusters that answered that they do not exist.
    pub(super) fn unknown_clusters(played: &Played) -> BTreeSet<(String, bool)> {
        let trace = played.trace();
        let mut unknown = BTreeSet::new();
        for (_, call) in trace.calls() {
            let grpc = match call.name {
                "proxy_http_call" => false,
                "proxy_grpc_call" | "proxy_grpc_stream" => true,
                _ => continue,
            };
            let refused = matches!(call.status, Some(Status::BadArgument | Status::ParseFailure));
            let name = call.bytes(0).and_then(|name| std::str::from_utf8(name).ok());
            if let Some(name) =
                name.filter(|name| refused && !name.is_empty() && !name.contains(char::is_control))
            {
                unknown.insert((name.to_owned(), grpc));
            }
        }
        unknown
    }
}
