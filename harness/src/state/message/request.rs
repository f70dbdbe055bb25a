//! How Rust tests write requests: `Request::get("/").header("a", "b")`.
//!
//! Fills in the fields of [`Request`]; what they mean is said there.

use super::url::{Url, UrlError};
use super::{Answer, Body, Chunk, Protocol, Request, fields};

impl Request {
    /// A request without headers and body. `url` is `http://host:port/path?query`, or a path alone, which
    /// gets `http://localhost`.
    ///
    /// # Errors
    /// When `url` is not such a text. The method is not judged: a bad one is a thing to test.
    pub fn parse(method: impl Into<Vec<u8>>, url: &str) -> Result<Self, UrlError> {
        let Url { scheme, authority, path } = Url::parse(url)?;
        Ok(Self {
            method: method.into(),
            scheme: scheme.into(),
            authority: authority.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Body::None,
            trailers: None,
            protocol: Protocol::Http1,
            worker: None,
            respond: None,
        })
    }

    /// [`Self::parse`] for a url that the test itself spells out.
    ///
    /// # Panics
    /// When `url` is no url.
    #[must_use]
    #[track_caller]
    pub fn new(method: impl Into<Vec<u8>>, url: &str) -> Self {
        match Self::parse(method, url) {
            Ok(request) => request,
            Err(error) => panic!("bad url in a request: {error}"),
        }
    }

    /// A GET request.
    ///
    /// # Panics
    /// When `url` is no url.
    #[must_use]
    #[track_caller]
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    ///
    /// # Panics
    /// When `url` is no url.
    #[must_use]
    #[track_caller]
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header field behind those there are.
    #[must_use]
    pub fn header(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends this body, with a content-length, in one packet.
    #[must_use]
    pub fn body(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.body = Body::sized(data);
        self
    }

    /// Sends a body in these pieces, without a content-length.
    #[must_use]
    pub fn chunks(mut self, chunks: impl IntoIterator<Item = impl Into<Chunk>>) -> Self {
        self.body = Body::chunked(chunks);
        self
    }

    /// Splits the body set before into packets of at most `size` bytes.
    ///
    /// # Panics
    /// When `size` is 0.
    #[must_use]
    pub fn chunk_size(mut self, size: usize) -> Self {
        self.body = self.body.split(size);
        self
    }

    /// Sends these trailer fields.
    #[must_use]
    pub fn trailers<N: Into<Vec<u8>>, V: Into<Vec<u8>>>(
        mut self,
        trailers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.trailers = Some(fields(trailers));
        self
    }

    /// Speaks HTTP/2.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.protocol = Protocol::Http2;
        self
    }

    /// Is served by the worker of this index.
    #[must_use]
    pub fn worker(mut self, index: u32) -> Self {
        self.worker = Some(index);
        self
    }

    /// Is answered so by the upstream, whatever the upstream answers other requests.
    #[must_use]
    pub fn respond(mut self, answer: impl Into<Answer>) -> Self {
        self.respond = Some(answer.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Duration;

    fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn a_request_reads_as_it_is_sent() {
        let request = Request::post("http://httpbin:8000/a?b")
            .header("X-A", "1")
            .header(b"x-b", vec![0xff])
            .chunks([Chunk::from("one"), Chunk::from("two").after(millis(5))])
            .trailers([("t", "v")])
            .http2()
            .worker(1)
            .respond(Answer::status(404));
        assert_eq!((&request.method[..], &request.scheme[..]), (&b"POST"[..], &b"http"[..]));
        assert_eq!((&request.authority[..], &request.path[..]), (&b"httpbin:8000"[..], &b"/a?b"[..]));
        assert_eq!(request.headers, [(b"X-A".to_vec(), b"1".to_vec()), (b"x-b".to_vec(), vec![0xff])]);
        assert_eq!(request.body.pieces()[1], Chunk { data: b"two".to_vec(), after: millis(5) });
        assert_eq!(request.trailers, Some(vec![(b"t".to_vec(), b"v".to_vec())]));
        assert_eq!((request.protocol, request.worker), (Protocol::Http2, Some(1)));
        assert_eq!(request.respond, Some(Answer::status(404)));
        let split = Request::get("/").body("abc").chunk_size(2);
        assert_eq!((split.trailers, split.body), (None, Body::sized("abc").split(2)));
    }

    #[test]
    #[should_panic(expected = "bad url in a request: \"orders\" is neither a path")]
    fn a_literal_that_is_no_url_panics() {
        let _ = Request::get("orders");
    }
}
