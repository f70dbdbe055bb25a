//! `set_envoy_filter_state`: objects that other parts of Envoy make from text, kept with the stream by a plugin.

use std::net::{IpAddr, SocketAddr};

use crate::abi::Status;
use crate::abi::protobuf::{ProtoFields, ProtoValue};
use crate::proxy::Proxy;
use crate::proxy::ids::VmIndex;
use crate::proxy::properties::{Shape, Span};

/// How an object is made from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    /// It is the text.
    Text,
    /// An IP address, which reads as an address with port 0.
    Ip,
    /// An IP address and a port, which read as its fields `ip` and `port`.
    Address,
    /// A number of at most this many bits.
    Number(u32),
    /// A truth value in any of the usual words.
    Truth,
    /// Whether the text is `true`.
    Flag,
    /// Text that no property reads.
    Hidden,
}

/// The objects that Envoy 1.40 has a factory for (observed; of those that its binary names, the others answer NotFound).
const FACTORIES: [(&[u8], Made); 17] = [
    (b"envoy.bool", Made::Truth),
    (b"envoy.filters.listener.original_dst.local_ip", Made::Address),
    (b"envoy.filters.listener.original_dst.remote_ip", Made::Address),
    (b"envoy.hashable_string", Made::Text),
    (b"envoy.network.application_protocols", Made::Hidden),
    (b"envoy.network.ip", Made::Ip),
    (b"envoy.network.network_namespace", Made::Text),
    (b"envoy.network.transport_socket.original_dst_address", Made::Address),
    (b"envoy.network.upstream_server_name", Made::Text),
    (b"envoy.network.upstream_subject_alt_names", Made::Text),
    (b"envoy.ratelimit.hits_addend", Made::Number(32)),
    (b"envoy.string", Made::Text),
    (b"envoy.tcp_proxy.cluster", Made::Text),
    (b"envoy.tcp_proxy.disable_tunneling", Made::Flag),
    (b"envoy.tcp_proxy.per_connection_idle_timeout_ms", Made::Number(64)),
    (b"envoy.upstream.dynamic_host", Made::Text),
    (b"envoy.upstream.dynamic_port", Made::Number(32)),
];

impl Proxy {
    /// Makes the object of this path from the value, and keeps it with the stream. What such an object does to routing or
    /// to connections is beyond this host.
    ///
    /// The argument is a message: 1 path, 2 value, 3 span (0 filter chain, 1 request, 2 connection). An object that is
    /// there with another span stays as it is, and the answer is OK.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: no message, or a value that the object cannot be made from; [`Status::NotFound`]: no
    /// object of this path, or no stream.
    pub(super) fn set_envoy_filter_state(&mut self, vm: VmIndex, arguments: &[u8]) -> Result<(), Status> {
        let (path, value, span) = parse(arguments).ok_or(Status::BadArgument)?;
        let (_, made) = FACTORIES.iter().find(|(known, _)| *known == path).ok_or(Status::NotFound)?;
        let (shape, value) = make(*made, value).ok_or(Status::BadArgument)?;
        self.filter_state_mut(vm).ok_or(Status::NotFound)?.set_object(path, value, shape, span);
        Ok(())
    }
}

fn parse(arguments: &[u8]) -> Option<(&[u8], &[u8], Span)> {
    let (mut path, mut value, mut span) = (&b""[..], &b""[..], Span::FilterChain);
    for field in ProtoFields(arguments) {
        match field.ok()? {
            (1, ProtoValue::Bytes(bytes)) => path = std::str::from_utf8(bytes).ok()?.as_bytes(),
            (2, ProtoValue::Bytes(bytes)) => value = std::str::from_utf8(bytes).ok()?.as_bytes(),
            (3, ProtoValue::Varint(1)) => span = Span::Request,
            (3, ProtoValue::Varint(2)) => span = Span::Connection,
            (3, ProtoValue::Varint(_)) => span = Span::FilterChain,
            _ => {}
        }
    }
    Some((path, value, span))
}

/// The object, or nothing when the text does not say one.
fn make(made: Made, value: &[u8]) -> Option<(Shape, Vec<u8>)> {
    let text = std::str::from_utf8(value).ok()?;
    let object = |shape, text: String| Some((shape, text.into_bytes()));
    match made {
        Made::Text => object(Shape::Text, text.to_owned()),
        Made::Flag => object(Shape::Text, (text == "true").to_string()),
        Made::Hidden => object(Shape::Hidden, text.to_owned()),
        Made::Ip => {
            let ip: IpAddr = text.parse().ok()?;
            object(Shape::Text, SocketAddr::new(ip, 0).to_string())
        }
        Made::Address => {
            let address: SocketAddr = text.parse().ok()?;
            object(Shape::Address, address.to_string())
        }
        Made::Number(bits) => {
            let number: u64 = text.trim_ascii().parse().ok()?;
            (number.leading_zeros() + bits >= 64).then(|| (Shape::Text, number.to_string().into_bytes()))
        }
        Made::Truth => {
            let truth = ["true", "t", "yes", "y", "1"].iter().any(|word| word.eq_ignore_ascii_case(text));
            let falsehood = ["false", "f", "no", "n", "0"].iter().any(|word| word.eq_ignore_ascii_case(text));
            (truth || falsehood).then(|| (Shape::Text, truth.to_string().into_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy 1.40 took and read them.
    #[test]
    fn objects_are_made_from_text() {
        let text = |made, value: &str| {
            make(made, value.as_bytes()).map(|(_, value)| String::from_utf8(value).unwrap())
        };
        let of = |value: &str| Some(value.to_owned());
        assert_eq!(text(Made::Text, "x"), of("x"));
        assert_eq!(text(Made::Ip, "1.2.3.4"), of("1.2.3.4:0"));
        assert_eq!(text(Made::Ip, "::1"), of("[::1]:0"));
        assert_eq!(text(Made::Number(32), " 80"), of("80"));
        assert_eq!(text(Made::Number(32), "0080"), of("80"));
        assert_eq!(text(Made::Number(32), "65536"), of("65536"));
        assert_eq!(text(Made::Number(64), "4294967296"), of("4294967296"));
        assert_eq!(text(Made::Flag, "abc"), of("false"));
        assert_eq!(text(Made::Truth, "TRUE"), of("true"));
        assert_eq!(text(Made::Truth, "no"), of("false"));
        assert_eq!(text(Made::Address, "[::1]:80"), of("[::1]:80"));
        for (made, value) in [
            (Made::Ip, ""),
            (Made::Ip, "1.2.3.4:80"),
            (Made::Number(32), ""),
            (Made::Number(32), "-1"),
            (Made::Number(32), "4294967296"),
            (Made::Truth, "x"),
            (Made::Address, "1.2.3.4"),
            (Made::Address, "1.2.3.4:99999"),
        ] {
            assert_eq!(text(made, value), None, "{made:?} {value:?}");
        }
    }
}
