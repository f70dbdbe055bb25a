//! `verify_signature` and `sign`: RSA (PKCS #1 v1.5) and ECDSA signatures over a text.
//!
//! In reading order: `hash`, `keys`. Arguments and results are protobuf messages; what is wrong with keys and signatures is
//! told in the result, with status OK. An ECDSA signature is drawn from the key and the text (RFC 6979) where Envoy draws
//! it at random. Serves: Envoy 1.40, observed.

mod hash;
mod keys;

use crate::abi::Status;
use crate::abi::protobuf::{ProtoFields, ProtoValue, put_bytes, put_number};
use crate::proxy::Proxy;
use crate::proxy::ids::VmIndex;
use crate::proxy::transcript::Fault;
use hash::Hash;
use keys::{KeyError, PrivateKey, PublicKey, Written};

/// A key that Envoy takes and this host has no code for.
const OTHER_KEY: &str = "Envoy takes this key, and this host knows RSA up to 4096 bits, P-256 and P-384 only: sign with a key of these";

impl Proxy {
    /// Verifies a signature. The argument is a message: 1 hash, 2 key (DER), 3 signature, 4 text, 5 key (PEM); the result
    /// is one: 1 whether it is good, 2 what is wrong.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: no message, or not exactly one key.
    pub(super) fn verify_signature(&mut self, vm: VmIndex, arguments: &[u8]) -> Result<Vec<u8>, Status> {
        let [hash, der, signature, text, pem] = fields(arguments)?;
        let key = one_key(der, pem)?;
        let outcome = match Hash::named(hash) {
            None => Err(not_supported(hash)),
            Some(hash) => match PublicKey::read(key) {
                Ok(key) if key.verify(hash, text, signature) => Ok(()),
                Ok(_) => Err(b"Failed to verify digest. Error code: 0".to_vec()),
                Err(KeyError::Bad | KeyError::OfNoUse) => {
                    Err(b"Failed to initialize digest verify.".to_vec())
                }
                Err(KeyError::NotHere) => return self.other_key(vm, "verify_signature"),
            },
        };
        Ok(result(outcome.map(|()| Vec::new()), 2))
    }

    /// Signs a text. The argument is a message: 1 hash, 2 key (DER, PKCS #8), 3 text, 4 key (PEM); the result is one: 1
    /// whether it is signed, 2 the signature, 3 what is wrong.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: no message, or not exactly one key.
    pub(super) fn sign(&mut self, vm: VmIndex, arguments: &[u8]) -> Result<Vec<u8>, Status> {
        let [hash, der, text, pem] = fields(arguments)?;
        let key = one_key(der, pem)?;
        let outcome = match Hash::named(hash) {
            None => Err(not_supported(hash)),
            Some(hash) => match PrivateKey::read(key) {
                Ok(key) => key.sign(hash, text).ok_or_else(|| b"Failed to create signature.".to_vec()),
                Err(KeyError::Bad) => {
                    Err(b"Invalid key type: private key required for signing operation.".to_vec())
                }
                Err(KeyError::OfNoUse) => {
                    Err(b"Invalid private key: key data is corrupted or malformed.".to_vec())
                }
                Err(KeyError::NotHere) => return self.other_key(vm, "sign"),
            },
        };
        Ok(result(outcome, 3))
    }

    fn other_key(&mut self, vm: VmIndex, call: &'static str) -> Result<Vec<u8>, Status> {
        self.fault(vm, Fault { id: "host/not-simulated", call, what: OTHER_KEY });
        Err(Status::Unimplemented)
    }
}

/// The first fields of a message, text or bytes all of them.
fn fields<const N: usize>(arguments: &[u8]) -> Result<[&[u8]; N], Status> {
    let mut values = [&b""[..]; N];
    for field in ProtoFields(arguments) {
        let (number, value) = field.map_err(|_| Status::BadArgument)?;
        let slot = (number as usize).checked_sub(1).and_then(|at| values.get_mut(at));
        if let (Some(slot), ProtoValue::Bytes(bytes)) = (slot, value) {
            *slot = bytes;
        }
    }
    // The first is text, and text is UTF-8.
    std::str::from_utf8(values[0]).map_err(|_| Status::BadArgument)?;
    Ok(values)
}

fn one_key<'a>(der: &'a [u8], pem: &'a [u8]) -> Result<Written<'a>, Status> {
    match (der.is_empty(), pem.is_empty()) {
        (false, true) => Ok(Written::Der(der)),
        (true, false) => Ok(Written::Pem(pem)),
        _ => Err(Status::BadArgument),
    }
}

fn not_supported(hash: &[u8]) -> Vec<u8> {
    [hash, b" is not supported."].concat()
}

/// Success with a signature, if there is one to give; or the error, in this field.
fn result(outcome: Result<Vec<u8>, Vec<u8>>, error_field: u32) -> Vec<u8> {
    let mut out = Vec::new();
    match outcome {
        Ok(signature) => {
            put_number(&mut out, 1, 1);
            if !signature.is_empty() {
                put_bytes(&mut out, 2, &signature);
            }
        }
        Err(error) => put_bytes(&mut out, error_field, &error),
    }
    out
}
