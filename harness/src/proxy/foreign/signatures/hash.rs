//! The hashes that signatures are over: SHA-1 and the SHA-2 family.

use rsa::Pkcs1v15Sign;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash of this name, in any case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let all = [
            (&b"sha1"[..], Self::Sha1),
            (b"sha224", Self::Sha224),
            (b"sha256", Self::Sha256),
            (b"sha384", Self::Sha384),
            (b"sha512", Self::Sha512),
        ];
        all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, hash)| hash)
    }

    /// The hash of a text.
    pub(super) fn digest(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(text).to_vec(),
            Self::Sha224 => Sha224::digest(text).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
            Self::Sha384 => Sha384::digest(text).to_vec(),
            Self::Sha512 => Sha512::digest(text).to_vec(),
        }
    }

    /// The hash as a number of at least `size` bytes: ECDSA pads a short one in front.
    pub(super) fn padded(self, text: &[u8], size: usize) -> Vec<u8> {
        let digest = self.digest(text);
        let zeros = size.saturating_sub(digest.len());
        [vec![0; zeros], digest].concat()
    }

    /// How RSA signatures (PKCS #1 v1.5) name the hash.
    pub(super) fn scheme(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
            Self::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }
}
