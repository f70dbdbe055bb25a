//! The names that the proxy itself looks for in every message, known by number: finding one compares no bytes.
//!
//! Any other name has a number too, shared with others, so that most names that are not there are told apart at a glance.

/// A field name that the proxy knows, in lower case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(super) text: &'static [u8],
    pub(super) tag: Tag,
}

/// The number of a name, whatever its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u8);

/// As many names can be known, and as many numbers have the others.
const SLOTS: u8 = 64;

macro_rules! known {
    ($($name:ident = $text:literal;)*) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub(crate) const $name: Known =
                Known { text: $text.as_bytes(), tag: Tag(slot($text.as_bytes())) };
        )*
        /// By slot.
        const ALL: [&[u8]; SLOTS as usize] = {
            let mut all: [&[u8]; SLOTS as usize] = [b""; SLOTS as usize];
            $(
                let place = $name.tag.0 as usize;
                assert!(all[place].is_empty(), "two known names have one slot");
                all[place] = $name.text;
            )*
            all
        };
    };
}

known! {
    AUTHORITY = ":authority";
    METHOD = ":method";
    PATH = ":path";
    SCHEME = ":scheme";
    STATUS = ":status";
    CONNECTION = "connection";
    CONTENT_LENGTH = "content-length";
    CONTENT_TYPE = "content-type";
    DATE = "date";
    GRPC_STATUS = "grpc-status";
    KEEP_ALIVE = "keep-alive";
    PROXY_CONNECTION = "proxy-connection";
    SERVER = "server";
    TRANSFER_ENCODING = "transfer-encoding";
    UPGRADE = "upgrade";
    EXPECTED_TIMEOUT = "x-envoy-expected-rq-timeout-ms";
    SERVICE_TIME = "x-envoy-upstream-service-time";
    FORWARDED_PROTO = "x-forwarded-proto";
    REQUEST_ID = "x-request-id";
}

/// A number below [`SLOTS`] that does not depend on the case of letters.
const fn slot(name: &[u8]) -> u8 {
    let (first, last) = match name {
        [] => (0, 0),
        [only] => (*only, 0),
        [first, .., last] => (*first, *last),
    };
    let sum = name.len() + 7 * (first | 0x20) as usize + 13 * (last | 0x20) as usize;
    (sum % SLOTS as usize) as u8
}

impl Tag {
    /// The number of `name`.
    pub(super) fn of(name: &[u8]) -> Self {
        let slot = slot(name);
        let known = ALL[usize::from(slot)];
        if !known.is_empty() && known.eq_ignore_ascii_case(name) { Self(slot) } else { Self(slot + SLOTS) }
    }

    /// Whether only one name has it.
    pub(super) fn is_known(self) -> bool {
        self.0 < SLOTS
    }
}

/// A set of numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tags {
    known: u64,
    others: u64,
}

impl Tags {
    pub(super) const NONE: Self = Self { known: 0, others: 0 };

    #[inline]
    pub(super) fn has(self, Tag(number): Tag) -> bool {
        let of = if number < SLOTS { self.known } else { self.others };
        of >> (number % SLOTS) & 1 == 1
    }

    #[inline]
    pub(super) fn add(&mut self, Tag(number): Tag) {
        let of = if number < SLOTS { &mut self.known } else { &mut self.others };
        *of |= 1 << (number % SLOTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_has_a_number_of_its_own_in_any_case() {
        for text in ALL.into_iter().filter(|text| !text.is_empty()) {
            let tag = Tag::of(text);
            assert!(tag.is_known() && Tag::of(&text.to_ascii_uppercase()) == tag, "{}", text.escape_ascii());
        }
        for other in ["", "x", ":", "dxxe", "x-envoy-expected-rq-timeout-mss", "host"] {
            assert!(!Tag::of(other.as_bytes()).is_known(), "{other}");
        }
    }

    #[test]
    fn a_set_has_what_was_added() {
        let mut tags = Tags::NONE;
        let other = Tag::of(b"x-other");
        assert!(!tags.has(STATUS.tag) && !tags.has(other));
        tags.add(STATUS.tag);
        assert!(tags.has(STATUS.tag) && !tags.has(other) && !tags.has(DATE.tag));
        tags.add(other);
        assert!(tags.has(other) && !tags.has(DATE.tag));
    }
}
