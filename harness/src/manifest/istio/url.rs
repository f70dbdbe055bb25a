//! The `url` of a module: what Istio makes of the ways to write one.
//!
//! Source: Istio 1.32-dev, `pkg/config/validation` and `pilot/pkg/model/extensions.go`, on top of how Go reads a url. A
//! reference without a scheme is an OCI image, but Go takes what stands before the first colon for a scheme, so that
//! `registry:5000/plugin` is refused and `10.0.0.1:5000/plugin` passes the check and is dropped later.

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleUrl {
    /// A file in the proxy's container; Envoy reads it itself.
    File(String),
    /// Fetched by the agent: `http`, `https` or `oci`, in the form that the agent gets.
    Remote(String),
}

/// What becomes of a resource with an url that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UrlError {
    /// The resource is refused.
    Refused(String, Option<&'static str>),
    /// The resource is taken, and has no effect.
    Dropped(String),
}

impl ModuleUrl {
    /// As Istio reads it.
    pub(crate) fn read(text: &str) -> Result<Self, UrlError> {
        let scheme_hint = Some("a reference with a port, or `name:tag` alone, needs an explicit `oci://`");
        if text.is_empty() {
            return Err(UrlError::Refused("is empty".to_owned(), None));
        }
        let url = match GoUrl::parse(text) {
            Ok(url) => url,
            Err(why) => {
                // The check tries once more with a scheme in front, what uses the url later does not.
                return match GoUrl::parse(&format!("http://{text}")) {
                    Ok(_) => Err(UrlError::Dropped(format!(
                        "istiod drops it with a warning: the url passes the check and cannot be used later ({why})"
                    ))),
                    Err(_) => Err(UrlError::Refused(format!("is no url: {why}"), None)),
                };
            }
        };
        match url.scheme.as_str() {
            "file" => Ok(Self::File(text.strip_prefix("file://").unwrap_or(text).to_owned())),
            "" | "oci" | "http" | "https" => Ok(Self::Remote(url.rejoined())),
            other => Err(UrlError::Refused(
                format!("the scheme `{other}` is none of file, http, https, oci"),
                scheme_hint.filter(|_| !text.contains("://")),
            )),
        }
    }
}

/// The parts of an url as Go's standard library sees them.
#[derive(Debug, PartialEq, Eq)]
struct GoUrl {
    scheme: String,
    /// What follows the scheme when no `/` does.
    opaque: Option<String>,
    authority: Option<String>,
    path: String,
    /// `?...#...`
    rest: String,
}

impl GoUrl {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(c) = text.chars().find(|c| c.is_ascii_control()) {
            return Err(format!("it holds the control character {c:?}"));
        }
        let (before, rest) = text.find(['?', '#']).map_or((text, ""), |at| text.split_at(at));
        let (scheme, after) = scheme(before)?;
        if !after.starts_with('/') {
            if !scheme.is_empty() {
                let opaque = Some(after.to_owned());
                return Ok(Self {
                    scheme,
                    opaque,
                    authority: None,
                    path: String::new(),
                    rest: rest.to_owned(),
                });
            }
            if after.split('/').next().is_some_and(|first| first.contains(':')) {
                return Err("the first part of a path cannot contain a colon".to_owned());
            }
        }
        let (authority, path) = match after.strip_prefix("//") {
            // Three slashes and no scheme: a path.
            Some(_) if scheme.is_empty() && after.starts_with("///") => (None, after),
            Some(inner) => {
                let end = inner.find('/').unwrap_or(inner.len());
                check_authority(&inner[..end])?;
                (Some(inner[..end].to_owned()), &inner[end..])
            }
            None => (None, after),
        };
        check_escapes(path)?;
        Ok(Self { scheme, opaque: None, authority, path: path.to_owned(), rest: rest.to_owned() })
    }

    /// With its scheme, `oci` when it has none, and blanks escaped.
    fn rejoined(&self) -> String {
        let scheme = if self.scheme.is_empty() { "oci" } else { &self.scheme };
        if let Some(opaque) = &self.opaque {
            return format!("{scheme}:{opaque}{}", self.rest);
        }
        let authority = self.authority.as_deref().unwrap_or_default();
        format!("{scheme}://{authority}{}{}", self.path.replace(' ', "%20"), self.rest)
    }
}

/// The scheme in small letters, empty when there is none, and what follows its colon.
fn scheme(text: &str) -> Result<(String, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("there is no scheme before the colon".to_owned()),
            ':' => return Ok((text[..at].to_ascii_lowercase(), &text[at + 1..])),
            _ => break,
        }
    }
    Ok((String::new(), text))
}

fn check_authority(authority: &str) -> Result<(), String> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match (host.starts_with('['), host.rfind(']')) {
        (true, Some(end)) => (&host[..=end], host[end + 1..].strip_prefix(':')),
        (true, None) => return Err("the host has no `]`".to_owned()),
        _ => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    if port.is_some_and(|port| !port.bytes().all(|b| b.is_ascii_digit())) {
        return Err(format!("the port of `{host}` is no number"));
    }
    if let Some(c) = name.chars().find(|c| " \"<>\\^`{|}".contains(*c)) {
        return Err(format!("a host cannot contain {c:?}"));
    }
    check_escapes(name)
}

fn check_escapes(text: &str) -> Result<(), String> {
    for (at, _) in text.match_indices('%') {
        let digits = text.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            let end = text.len().min(at + 3);
            return Err(format!("{:?} is no escape", text.get(at..end).unwrap_or("%")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ModuleUrl, UrlError};

    #[track_caller]
    fn remote(text: &str, expected: &str) {
        assert_eq!(ModuleUrl::read(text), Ok(ModuleUrl::Remote(expected.to_owned())), "{text}");
    }

    #[track_caller]
    fn file(text: &str, expected: &str) {
        assert_eq!(ModuleUrl::read(text), Ok(ModuleUrl::File(expected.to_owned())), "{text}");
    }

    #[track_caller]
    fn refused(text: &str) {
        assert!(matches!(ModuleUrl::read(text), Err(UrlError::Refused(..))), "{:?}", ModuleUrl::read(text));
    }

    #[test]
    fn what_has_no_scheme_is_an_image() {
        remote("ghcr.io/istio/plugin:v1", "oci://ghcr.io/istio/plugin:v1");
        remote("host/path:tag", "oci://host/path:tag");
        remote("/abs/path", "oci:///abs/path");
    }

    #[test]
    fn what_stands_before_a_colon_is_a_scheme() {
        refused("host:5000/path:tag");
        refused("name:tag");
        refused("localhost:5000/x");
        let Err(UrlError::Refused(_, hint)) = ModuleUrl::read("localhost:5000/x") else { panic!() };
        assert!(hint.is_some_and(|hint| hint.contains("oci://")));
    }

    #[test]
    fn an_address_with_a_port_is_taken_and_dropped() {
        for text in
            ["10.0.0.1:5000/x:1", "my_registry:5000/x", "http://host:port/x", "http://ho st/x", "://x"]
        {
            assert!(matches!(ModuleUrl::read(text), Err(UrlError::Dropped(_))), "{text}");
        }
    }

    #[test]
    fn schemes_are_lower_cased() {
        remote("OCI://host/x", "oci://host/x");
        remote("HTTP://host/x", "http://host/x");
        file("FILE://x", "FILE://x");
    }

    #[test]
    fn a_file_is_what_follows_its_prefix() {
        file("file:///opt/a", "/opt/a");
        file("file://a", "a");
        file("file:/x", "file:/x");
    }

    #[test]
    fn others_are_remote_or_refused() {
        remote("https://example.org/a b.wasm", "https://example.org/a%20b.wasm");
        remote("oci://host:5000/x@sha256:abc", "oci://host:5000/x@sha256:abc");
        refused("");
        refused("ftp://host/x");
        refused("http://host/%zz");
        refused("http://host/\u{1}");
    }
}
