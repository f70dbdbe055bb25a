//! What a plugin finds under the profile `google`: the stream of Google's Service Extensions plugin tester, which is no
//! proxy. It calls one callback at a time, each with a map or a body of its own, and few hostcalls are there.
//!
//! Source: GoogleCloudPlatform/service-extensions, `plugins/test/`, and the `ContextBase` of proxy-wasm-cpp-host that it
//! stands on.

use crate::abi::{BufferType, MapType, Pair, Status};

/// The hostcalls that the tester leaves unimplemented, though modules that import them load.
const MISSING: [&str; 18] = [
    "proxy_set_property",
    "proxy_define_metric",
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_get_metric",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_send",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_get_status",
    "proxy_call_foreign_function",
    "proxy_continue_stream",
    "proxy_close_stream",
    "proxy_continue_request",
    "proxy_continue_response",
    "proxy_clear_route_cache",
];

/// A local response as the tester keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TesterReply {
    /// Status code.
    pub status: u32,
    /// The gRPC status as it was given; -1 is none.
    pub grpc_status: u32,
    /// Details.
    pub details: Vec<u8>,
    /// Body.
    pub body: Vec<u8>,
    /// The additional header fields; of several of one name the last.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Which callback runs, as far as it decides what is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// None that opens anything.
    #[default]
    Other,
    /// Headers, of the map given.
    Headers(MapType),
    /// A body, in the buffer given; it stays until the next callback begins.
    Body(BufferType),
}

/// The tester's side of a plugin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tester {
    /// What the test gives to stream contexts, in order: paths with dots.
    pub(crate) properties: Vec<(String, Vec<u8>)>,
    /// A stream context runs, not the plugin's own.
    pub(crate) in_stream: bool,
    pub(crate) stage: Stage,
    pub(crate) headers: TesterHeaders,
    pub(crate) body: Vec<u8>,
    pub(crate) reply: Option<TesterReply>,
}

impl Tester {
    /// What a hostcall answers that the tester does not offer.
    pub(crate) fn refuses(&self, hostcall: &str) -> Option<Status> {
        MISSING.contains(&hostcall).then_some(Status::Unimplemented)
    }

    /// The map of the headers callback that runs.
    ///
    /// `BadArgument`: any other map, or any other time.
    pub(crate) fn map(&mut self, map: u32) -> Result<&mut TesterHeaders, Status> {
        match self.stage {
            Stage::Headers(open) if MapType::from_abi(map) == Some(open) => Ok(&mut self.headers),
            _ => Err(Status::BadArgument),
        }
    }

    /// The body whose callback runs, or ran last.
    ///
    /// `NotFound`: any other.
    pub(crate) fn body(&mut self, buffer: u32) -> Result<&mut Vec<u8>, Status> {
        match self.stage {
            Stage::Body(open) if BufferType::from_abi(buffer) == Some(open) => Ok(&mut self.body),
            _ => Err(Status::NotFound),
        }
    }

    /// A property by the path as the plugin gives it.
    ///
    /// `NotFound`: none of the test's has this path; `Unimplemented`: outside of streams, but for `plugin_root_id`.
    pub(crate) fn property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        let segments: Vec<String> = path
            .split(|byte| *byte == 0)
            .filter(|segment| !segment.is_empty())
            .map(|segment| String::from_utf8_lossy(segment).into_owned())
            .collect();
        let path = segments.join(".");
        if !self.in_stream {
            return if path == "plugin_root_id" { Ok(Vec::new()) } else { Err(Status::Unimplemented) };
        }
        let found = self.properties.iter().find(|(known, _)| *known == path);
        found.map(|(_, value)| value.clone()).ok_or(Status::NotFound)
    }

    /// Whether a local response counts now. Elsewhere it does nothing, and the plugin is told Ok all the same.
    pub(crate) fn takes_reply(&self) -> bool {
        matches!(self.stage, Stage::Headers(_) | Stage::Body(BufferType::HttpRequestBody))
    }
}

/// Header fields in the order of their names, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TesterHeaders(Vec<(Vec<u8>, Vec<u8>)>);

impl TesterHeaders {
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair<'_>> + Clone {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        let lower = |name: &[u8]| name.to_ascii_lowercase();
        self.0.binary_search_by(|(known, _)| lower(known).cmp(&lower(name)))
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.find(name).ok().map(|at| self.0[at].1.as_slice())
    }

    /// Adds a value: it joins the one that is there, unless that is empty.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        match self.find(name) {
            Ok(at) if self.0[at].1.is_empty() => self.0[at].1 = value.to_vec(),
            Ok(at) => {
                self.0[at].1.extend_from_slice(b", ");
                self.0[at].1.extend_from_slice(value);
            }
            Err(at) => self.0.insert(at, (name.to_vec(), value.to_vec())),
        }
    }

    /// Puts a value in the place of the one that is there; the name keeps the case in which it came first.
    pub(crate) fn replace(&mut self, name: &[u8], value: &[u8]) {
        match self.find(name) {
            Ok(at) => self.0[at].1 = value.to_vec(),
            Err(at) => self.0.insert(at, (name.to_vec(), value.to_vec())),
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        if let Ok(at) = self.find(name) {
            self.0.remove(at);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<'a> FromIterator<Pair<'a>> for TesterHeaders {
    fn from_iter<I: IntoIterator<Item = Pair<'a>>>(pairs: I) -> Self {
        let mut all = Self::default();
        pairs.into_iter().for_each(|(name, value)| all.add(name, value));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_without_their_case_and_values_join() {
        let pairs: [Pair<'_>; 5] = [(b"b", b"1"), (b"A", b""), (b":path", b"/"), (b"a", b"2"), (b"B", b"3")];
        let mut headers: TesterHeaders = pairs.into_iter().collect();
        let shown = |headers: &TesterHeaders| -> Vec<String> {
            headers.pairs().map(|(k, v)| format!("{}: {}", k.escape_ascii(), v.escape_ascii())).collect()
        };
        assert_eq!(shown(&headers), [":path: /", "A: 2", "b: 1, 3"]);
        headers.replace(b"a", b"x");
        headers.replace(b"C", b"y");
        headers.remove(b"B");
        assert_eq!(shown(&headers), [":path: /", "A: x", "C: y"]);
        assert_eq!(headers.get(b"c"), Some(&b"y"[..]));
    }

    #[test]
    fn properties_are_the_streams_and_paths_lose_empty_segments() {
        let mut tester = Tester {
            properties: vec![("a.b".into(), b"1".to_vec()), ("a.b".into(), b"2".to_vec())],
            ..Tester::default()
        };
        assert_eq!(tester.property(b"plugin_root_id"), Ok(Vec::new()));
        assert_eq!(tester.property(b"a\0b"), Err(Status::Unimplemented));
        tester.in_stream = true;
        assert_eq!(tester.property(b"a\0\0b\0"), Ok(b"1".to_vec()));
        assert_eq!(tester.property(b"a"), Err(Status::NotFound));
    }
}
