//! Keys as plugins write them, DER or PEM, and what is done with them.
//!
//! As BoringSSL reads them (Envoy 1.40, observed): what follows a DER key is not looked at; a public key is a
//! SubjectPublicKeyInfo; a private key in DER is PKCS #8, in PEM also the older forms of RSA and EC.

use data_encoding::BASE64;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::{RsaPrivateKey, RsaPublicKey};

use super::hash::Hash;

/// A key, and how it is written.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    Der(&'a [u8]),
    Pem(&'a [u8]),
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyError {
    /// It is no key of the kind wanted.
    Bad,
    /// It is a key that signs no hash: Ed25519 and its kind.
    OfNoUse,
    /// BoringSSL reads it, and this host does not.
    NotHere,
}

/// Object identifiers in DER: RSA, the curves P-224 and P-521, Ed25519.
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const OTHER_CURVES: [&[u8]; 2] = [b"\x06\x05\x2b\x81\x04\x00\x21", b"\x06\x05\x2b\x81\x04\x00\x23"];
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";

/// Bytes from which on an RSA key has more than 4096 bits, and the tag that its first part has in DER.
const PUBLIC: (usize, u8) = (560, 0x30);
const PRIVATE: (usize, u8) = (2400, 0x02);

pub(super) enum PublicKey {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl PublicKey {
    pub(super) fn read(written: Written<'_>) -> Result<Self, KeyError> {
        let der = match written {
            Written::Der(bytes) => first_element(bytes).to_vec(),
            Written::Pem(text) => pem(text, "PUBLIC KEY").ok_or(KeyError::Bad)?,
        };
        RsaPublicKey::from_public_key_der(&der)
            .map(Self::Rsa)
            .or_else(|_| p256::ecdsa::VerifyingKey::from_public_key_der(&der).map(Self::P256))
            .or_else(|_| p384::ecdsa::VerifyingKey::from_public_key_der(&der).map(Self::P384))
            .map_err(|_| why_not(&der, PUBLIC))
    }

    /// Whether the signature is one of this key, over the hash of the text.
    pub(super) fn verify(&self, hash: Hash, text: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => key.verify(hash.scheme(), &hash.digest(text), signature).is_ok(),
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash.padded(text, 32), &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash.padded(text, 48), &signature).is_ok()),
        }
    }
}

pub(super) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl PrivateKey {
    pub(super) fn read(written: Written<'_>) -> Result<Self, KeyError> {
        let der = match written {
            Written::Der(bytes) => first_element(bytes).to_vec(),
            Written::Pem(text) => match pem(text, "PRIVATE KEY") {
                Some(der) => der,
                None => return Self::read_older(text),
            },
        };
        RsaPrivateKey::from_pkcs8_der(&der)
            .map(|key| Self::Rsa(Box::new(key)))
            .or_else(|_| p256::ecdsa::SigningKey::from_pkcs8_der(&der).map(Self::P256))
            .or_else(|_| p384::ecdsa::SigningKey::from_pkcs8_der(&der).map(Self::P384))
            .map_err(|_| why_not(&der, PRIVATE))
    }

    /// PEM of PKCS #1 (RSA) and of SEC 1 (EC).
    fn read_older(text: &[u8]) -> Result<Self, KeyError> {
        if let Some(der) = pem(text, "RSA PRIVATE KEY") {
            let key = RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| KeyError::Bad)?;
            return Ok(Self::Rsa(Box::new(key)));
        }
        let der = pem(text, "EC PRIVATE KEY").ok_or(KeyError::Bad)?;
        p256::SecretKey::from_sec1_der(&der)
            .map(|key| Self::P256(key.into()))
            .or_else(|_| p384::SecretKey::from_sec1_der(&der).map(|key| Self::P384(key.into())))
            .map_err(|_| why_not(&der, PRIVATE))
    }

    /// The signature over the hash of the text: of RSA as it is, of ECDSA in DER. Nothing when the key is too small for
    /// the hash.
    pub(super) fn sign(&self, hash: Hash, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => key.sign(hash.scheme(), &hash.digest(text)).ok(),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&hash.padded(text, 32)).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&hash.padded(text, 48)).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

/// What kind of key this is that could not be read.
fn why_not(der: &[u8], (big, tag): (usize, u8)) -> KeyError {
    let holds = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
    if OTHER_CURVES.iter().any(|curve| holds(curve))
        || holds(RSA) && der.len() > big && der.get(4) == Some(&tag)
    {
        KeyError::NotHere
    } else if holds(ED25519) {
        KeyError::OfNoUse
    } else {
        KeyError::Bad
    }
}

/// The first element of DER, without what follows it.
fn first_element(bytes: &[u8]) -> &[u8] {
    let Some((&[_, length], rest)) = bytes.split_first_chunk() else { return bytes };
    let of_length = usize::from(length & 0x7f);
    let whole = match length {
        0..0x80 => Some(2 + of_length),
        _ if of_length > 4 => None,
        _ => rest
            .get(..of_length)
            .map(|length| 2 + of_length + length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))),
    };
    whole.and_then(|whole| bytes.get(..whole)).unwrap_or(bytes)
}

/// The bytes of the first block of this label (RFC 7468).
fn pem(text: &[u8], label: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    BASE64.decode(body.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_key_is_not_looked_at() {
        assert_eq!(first_element(b"\x30\x02ab"), b"\x30\x02ab");
        assert_eq!(first_element(b"\x30\x02abc"), b"\x30\x02ab");
        assert_eq!(first_element(b"\x30\x81\x02abc"), b"\x30\x81\x02ab");
        for short in [&b""[..], b"x", b"\x30\x05ab", b"\x30\x84\xff\xff\xff\xff", b"\x30\x89"] {
            assert_eq!(first_element(short), short);
        }
    }

    /// Key pairs of no use elsewhere.
    const PAIRS: [(&str, &str); 2] = [
        (
            "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042099396203f919675076e8a9b8 \
         af94085ea92048a80fd7ec768d27cf74f05a4217a14403420004ed0f87e832f45f7770ffcc9135a761776cd66f0eeb3a \
         217b118c042040cac191d30b053817f3eaf09d7456bdb8276408543565b7856a1291b1121a8ff7bf54a6",
            "3059301306072a8648ce3d020106082a8648ce3d03010703420004ed0f87e832f45f7770ffcc9135a761776cd66f0eeb \
         3a217b118c042040cac191d30b053817f3eaf09d7456bdb8276408543565b7856a1291b1121a8ff7bf54a6",
        ),
        (
            "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b02010104300ac983cee96218d6c60a9d1ea9 \
         283cf47120c8fd30c0beae800de88a38e8851cda50d97d5cdd22653211fa502d169e76a16403620004cbb07a5dd574d4 \
         39d3b6cfe45ab8cfe91243645c35661135a3f3cb9ebd1526747ab0a1786e9dea9901763fdbb3cc25565112cd88c36def \
         9cec27b4c4a58001c6fcce604bacc884e05f79fa590060590da5604f285f9136550ed92dad4e736f87",
            "3076301006072a8648ce3d020106052b8104002203620004cbb07a5dd574d439d3b6cfe45ab8cfe91243645c35661135 \
         a3f3cb9ebd1526747ab0a1786e9dea9901763fdbb3cc25565112cd88c36def9cec27b4c4a58001c6fcce604bacc884e0 \
         5f79fa590060590da5604f285f9136550ed92dad4e736f87",
        ),
    ];

    fn unhex(hex: &str) -> Vec<u8> {
        let hex: String = hex.split_ascii_whitespace().collect();
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn what_ecdsa_signs_it_verifies_and_signs_again_alike() {
        for (private, public) in PAIRS {
            let (private, public) = (unhex(private), unhex(public));
            let private = PrivateKey::read(Written::Der(&private)).ok().unwrap();
            let public = PublicKey::read(Written::Der(&public)).ok().unwrap();
            for hash in [Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
                let signature = private.sign(hash, b"text").unwrap();
                assert_eq!(private.sign(hash, b"text").unwrap(), signature);
                assert!(public.verify(hash, b"text", &signature));
                assert!(!public.verify(hash, b"other", &signature));
            }
        }
    }

    #[test]
    fn blocks_are_found_by_their_label() {
        let text = b"words\n-----BEGIN PUBLIC KEY-----\naGVs\nbG8=\n-----END PUBLIC KEY-----\n";
        assert_eq!(pem(text, "PUBLIC KEY").as_deref(), Some(&b"hello"[..]));
        assert_eq!(pem(text, "PRIVATE KEY"), None);
    }
}
