//! Urls as scenario files and tests write them.

/// Why a text is no url for a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Neither a path nor a url.
    #[error("{0:?} is neither a path, which starts with /, nor a url, which starts with http:// or https://")]
    Form(String),
    /// Another scheme than `http` or `https`.
    #[error("the scheme {0:?} is neither http nor https")]
    Scheme(String),
    /// No host, a user name in front of it, or a port that is no number.
    #[error("{0:?} is neither a host nor host:port")]
    Authority(String),
    /// A space or control character, which would end the request line or break it.
    #[error("the character {0:?} cannot stand in a url; write it percent-encoded")]
    Character(char),
}

/// A url in the parts in which a request carries it.
pub(super) struct Url<'a> {
    pub(super) scheme: String,
    pub(super) authority: &'a str,
    pub(super) path: String,
}

impl<'a> Url<'a> {
    /// Takes `http://host:port/path?query`, a path alone (on `http://localhost`), or `*`. A fragment is left
    /// out, as a client does; all else stays as it is written.
    pub(super) fn parse(text: &'a str) -> Result<Self, UrlError> {
        if let Some(character) = text.chars().find(|c| *c == ' ' || c.is_ascii_control()) {
            return Err(UrlError::Character(character));
        }
        let url = text.split('#').next().unwrap_or_default();
        if url.starts_with('/') || url == "*" {
            return Ok(Self { scheme: "http".to_owned(), authority: "localhost", path: url.to_owned() });
        }
        let (scheme, rest) = url.split_once("://").ok_or_else(|| UrlError::Form(text.to_owned()))?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(UrlError::Scheme(scheme));
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if !is_authority(authority) {
            return Err(UrlError::Authority(authority.to_owned()));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { scheme, authority, path: format!("{slash}{path}") })
    }
}

/// Whether this is `host` or `host:port`; an IPv6 address as host stands in brackets.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_fine = match bare {
        Some(address) => address.contains(':'),
        None => !host.is_empty() && !host.contains([':', '@', '[', ']']),
    };
    host_is_fine && port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart() {
        let table = [
            ("/", "http", "localhost", "/"),
            ("/a?b=c#d", "http", "localhost", "/a?b=c"),
            ("*", "http", "localhost", "*"),
            ("//x/y", "http", "localhost", "//x/y"),
            ("http://httpbin:8000/headers", "http", "httpbin:8000", "/headers"),
            ("HTTPS://Ex.com", "https", "Ex.com", "/"),
            ("http://h?q=/", "http", "h", "/?q=/"),
            ("http://h#f", "http", "h", "/"),
            ("http://[::1]:80/é%20", "http", "[::1]:80", "/é%20"),
            ("http://[::1]", "http", "[::1]", "/"),
            ("http://h/a@b:c", "http", "h", "/a@b:c"),
        ];
        for (text, scheme, authority, path) in table {
            let url = Url::parse(text).unwrap();
            assert_eq!((&url.scheme[..], url.authority, &url.path[..]), (scheme, authority, path), "{text}");
        }
    }

    #[test]
    fn what_is_no_url_says_why() {
        let why = |text: &str| Url::parse(text).map(|_| ()).unwrap_err();
        for text in ["", "orders", "localhost:80/x", "#f"] {
            assert_eq!(why(text), UrlError::Form(text.to_owned()));
        }
        assert_eq!(why("ftp://h/"), UrlError::Scheme("ftp".to_owned()));
        for authority in ["", ":80", "u@h", "h:", "h:x", "h:65536", "h:+1", "::1", "[::1", "[]", "h]"] {
            assert_eq!(why(&format!("http://{authority}/")), UrlError::Authority(authority.to_owned()));
        }
        assert_eq!(why("/a b"), UrlError::Character(' '));
        assert_eq!(why("http://h/\r\n"), UrlError::Character('\r'));
    }
}
