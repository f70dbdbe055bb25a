//! The service that a gRPC call names: a serialized `envoy.config.core.v3.GrpcService`, or else a cluster's name.
//!
//! Which of the two it is, Envoy finds out by trying (1.40, observed). So a cluster's name that happens to be a message of
//! unknown fields is taken for a service without a target, and that is a crash: `h2` is such a name, `authz` is not.

/// What the bytes stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// A message with a target.
    Message(Target),
    /// A message without a target.
    NoTarget,
    /// No message.
    Name,
}

/// Where a call goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) cluster: String,
    /// In place of the cluster's name in `:authority`; empty: the name.
    pub(super) authority: String,
    /// Metadata for every call.
    pub(super) metadata: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Service {
    pub(super) fn read(bytes: &[u8]) -> Self {
        match parse(bytes) {
            None => Self::Name,
            Some(None) => Self::NoTarget,
            Some(Some(target)) => Self::Message(target),
        }
    }
}

/// `None`: no message; `Some(None)`: one without a target.
fn parse(bytes: &[u8]) -> Option<Option<Target>> {
    let mut target: Option<Target> = None;
    let mut metadata = Vec::new();
    for field in fields(bytes)? {
        match field {
            // envoy_grpc: cluster_name, authority.
            (1, Value::Bytes(message)) => {
                let target = target.get_or_insert_default();
                for field in fields(message)? {
                    match field {
                        (1, Value::Bytes(text)) => target.cluster = text_of(text)?,
                        (2, Value::Bytes(text)) => target.authority = text_of(text)?,
                        _ => {}
                    }
                }
            }
            // google_grpc: target_uri. It names a host and no cluster; here it is looked up as one.
            (2, Value::Bytes(message)) => {
                let uri = fields(message)?.into_iter().find_map(|field| match field {
                    (1, Value::Bytes(text)) => Some(text),
                    _ => None,
                });
                target = Some(Target { cluster: text_of(uri.unwrap_or_default())?, ..Target::default() });
            }
            (3 | 6, Value::Bytes(message)) => drop(fields(message)?),
            // initial_metadata: key, value, raw_value.
            (5, Value::Bytes(message)) => metadata.push(header(message)?),
            _ => {}
        }
    }
    Some(target.map(|target| Target { metadata, ..target }))
}

fn header(message: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut key, mut value) = (Vec::new(), Vec::new());
    for field in fields(message)? {
        match field {
            (1, Value::Bytes(text)) => key = text_of(text)?.into_bytes(),
            (2, Value::Bytes(text)) => value = text_of(text)?.into_bytes(),
            (3, Value::Bytes(raw)) => value = raw.to_vec(),
            _ => {}
        }
    }
    Some((key, value))
}

/// Text has to be UTF-8 for the message to parse.
fn text_of(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// The value of a field, as far as anybody asks.
enum Value<'a> {
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message in protobuf's encoding; `None` when the bytes are no message.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u32, Value<'_>)>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (number, value, rest) = field(bytes, 0)?;
        all.push((number, value?));
        bytes = rest;
    }
    Some(all)
}

/// How deep groups may nest.
const DEPTH: u32 = 100;

/// The first field of `bytes`, without a value when it is the end of a group, and what follows it.
fn field(bytes: &[u8], depth: u32) -> Option<(u32, Option<Value<'_>>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let tag = u32::try_from(tag).ok()?;
    let number = tag >> 3;
    if number == 0 || depth > DEPTH {
        return None;
    }
    let (value, rest) = match tag & 7 {
        0 => (Value::Other, varint(rest)?.1),
        1 => (Value::Other, rest.get(8..)?),
        2 => {
            let (length, rest) = varint(rest)?;
            let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Value::Bytes(text), rest)
        }
        3 => (Value::Other, group(rest, number, depth + 1)?),
        4 => return Some((number, None, rest)),
        5 => (Value::Other, rest.get(4..)?),
        _ => return None,
    };
    Some((number, Some(value), rest))
}

/// What follows the group `number`, whose fields stand at the start of `bytes`.
fn group(mut bytes: &[u8], number: u32, depth: u32) -> Option<&[u8]> {
    loop {
        match field(bytes, depth)? {
            (end, None, rest) => return (end == number).then_some(rest),
            (_, Some(_), rest) => bytes = rest,
        }
    }
}

/// A number of at most ten bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_messages_crash_envoy() {
        for name in ["", "h1", "h2", "abcdefghi"] {
            assert_eq!(Service::read(name.as_bytes()), Service::NoTarget, "{name}");
        }
        for name in ["authz", "ext_authz", "grpc", "nope", "a", "outbound|80||httpbin.svc", "\u{e9}"] {
            assert_eq!(Service::read(name.as_bytes()), Service::Name, "{name}");
        }
    }

    #[test]
    fn a_message_names_its_cluster() {
        let Service::Message(target) = Service::read(b"\x0a\x04\x0a\x02g2*\x06\x0a\x01x\x12\x01y") else {
            panic!("a message")
        };
        assert_eq!((target.cluster.as_str(), target.authority.as_str()), ("g2", ""));
        assert_eq!(target.metadata, [(b"x".to_vec(), b"y".to_vec())]);
        let Service::Message(target) = Service::read(b"\x0a\x05\x0a\0\x12\x01a\x0a\x03\x0a\x01c") else {
            panic!("a message")
        };
        assert_eq!((target.cluster.as_str(), target.authority.as_str()), ("c", "a"), "parts merge");
    }

    #[test]
    fn what_is_malformed_is_a_name() {
        for bytes in [
            &b"\x0a\x05\x0a\x02g2"[..],
            b"\x0a\x03\x0a\x01\xff",
            b"\0\x01",
            b"\x0b\x14",
            b"\x08\xff",
            b"\x0c",
        ] {
            assert_eq!(Service::read(bytes), Service::Name, "{}", bytes.escape_ascii());
        }
        assert_eq!(Service::read(b"\x3b\x08\x01\x3c"), Service::NoTarget, "an unknown group");
    }
}
