//! Header fields written as HTTP/1 text.
//!
//! Lines end in `\n` or `\r\n`; what comes after a blank line is not read; the start line alone is enough.

/// Header fields: names and values.
pub(super) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Which start line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// The fields, pseudo headers first.
///
/// # Errors
///
/// When it is no head of HTTP/1.
pub(super) fn parse(text: &[u8], side: Side) -> Result<Fields, String> {
    let text = String::from_utf8_lossy(text).into_owned();
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let start = lines.next().unwrap_or_default();
    let mut rest: Vec<(String, String)> = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(format!("a header line without a colon: {line:?}"));
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(format!("a header line without a name: {line:?}"));
        }
        rest.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut fields = match side {
        Side::Request => request_line(start, &mut rest)?,
        Side::Response => vec![(":status".to_owned(), status_line(start)?)],
    };
    fields.append(&mut rest);
    Ok(fields.into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect())
}

fn status_line(line: &str) -> Result<String, String> {
    let mut words = line.splitn(3, ' ');
    let version = words.next().unwrap_or_default();
    let code = words.next().unwrap_or_default();
    let three = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !version.starts_with("HTTP/1.") || !three {
        return Err(format!("no status line: {line:?}"));
    }
    Ok(code.to_owned())
}

/// The pseudo headers; the field `host` goes where an authority takes its place.
fn request_line(line: &str, rest: &mut Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, version] = words.as_slice() else {
        return Err(format!("no request line: {line:?}"));
    };
    if method.is_empty() || !version.starts_with("HTTP/1.") {
        return Err(format!("no request line: {line:?}"));
    }
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut fields = vec![field(":method", method)];
    if let Some((scheme, target)) = target.split_once("://") {
        let at = target.find(['/', '?']).unwrap_or(target.len());
        let (authority, path) = target.split_at(at);
        if authority.is_empty() || scheme.is_empty() {
            return Err("Invalid URI".to_owned());
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let path = path.split('#').next().unwrap_or_default();
        // A port that the scheme implies is none.
        let implied = match scheme.to_ascii_lowercase().as_str() {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let host =
            if implied.is_empty() { authority } else { authority.strip_suffix(implied).unwrap_or(authority) };
        fields.push(field(":scheme", &scheme.to_ascii_lowercase()));
        fields.push(field(":path", path));
        fields.push(field(":authority", &host.to_ascii_lowercase()));
        rest.retain(|(name, _)| name != "host");
        return Ok(fields);
    }
    if !is_plain_path(target) {
        return Err("Invalid URI".to_owned());
    }
    fields.push(field(":path", target));
    if let Some(at) = rest.iter().position(|(name, _)| name == "host") {
        fields.push(field(":authority", &rest[at].1));
        rest.retain(|(name, _)| name != "host");
    }
    Ok(fields)
}

/// An absolute path that a canonical URL would hold unchanged: no dot segments, nothing that would be escaped.
fn is_plain_path(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let dots = path.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    });
    let escaped = |c: char| !c.is_ascii_graphic() || "\"<>`{}#\\^|".contains(c);
    target.starts_with('/') && !target.starts_with("//") && !dots && !target.contains(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, side: Side) -> Result<Vec<String>, String> {
        let fields = parse(text.as_bytes(), side)?;
        Ok(fields.iter().map(|(k, v)| format!("{}: {}", k.escape_ascii(), v.escape_ascii())).collect())
    }

    #[test]
    fn requests() {
        assert_eq!(
            shown("GET /a?b HTTP/1.1\r\nHost: x.y\nX-A:  1 \n\nbody: no\n", Side::Request).unwrap(),
            [":method: GET", ":path: /a?b", ":authority: x.y", "x-a: 1"]
        );
        assert_eq!(
            shown("PUT https://X.y:443/a HTTP/1.1\nHost: other", Side::Request).unwrap(),
            [":method: PUT", ":scheme: https", ":path: /a", ":authority: x.y"]
        );
        assert_eq!(
            shown("GET http://x:8080?q HTTP/1.1", Side::Request).unwrap(),
            [":method: GET", ":scheme: http", ":path: /?q", ":authority: x:8080"]
        );
        for bad in
            ["GET a HTTP/1.1", "GET /a/../b HTTP/1.1", "GET /a", "GET /\"x HTTP/1.1", "GET / HTTP/1.1\nx"]
        {
            assert!(shown(bad, Side::Request).is_err(), "{bad}");
        }
    }

    #[test]
    fn responses() {
        assert_eq!(shown("HTTP/1.1 404 Not Found\nA: b", Side::Response).unwrap(), [":status: 404", "a: b"]);
        assert!(shown("404", Side::Response).is_err());
    }
}
