//! The one table of foreign functions: those that Envoy 1.40 registers, and nothing else.
//!
//! The ABI text leaves their names to the host. What each does is in `proxy/foreign/`, one file per family.
//! Serves: Proxy-Wasm ABI v0.2.1, "Foreign function interface".

/// A function that `proxy_call_foreign_function` calls by name.
#[derive(Debug, PartialEq, Eq)]
pub struct ForeignFunction {
    /// Its name, case and all.
    pub name: &'static str,
    /// What the argument is, in a few words.
    pub argument: &'static str,
    /// What the result is; empty when there is none.
    pub result: &'static str,
    /// The feature of this crate that brings it; none for what is always there.
    pub feature: Option<&'static str>,
}

/// Every foreign function of Envoy 1.40 (observed).
pub static FOREIGN_FUNCTIONS: &[ForeignFunction] = &[
    always("compress", "bytes", "zlib stream"),
    always("uncompress", "zlib stream", "bytes"),
    with("cel", "expr_create", "CEL expression", "token, u32"),
    with("cel", "expr_evaluate", "token, u32", "value, encoded as a property"),
    with("cel", "expr_delete", "token, u32", ""),
    always("declare_property", "message DeclarePropertyArguments", ""),
    always("set_envoy_filter_state", "message SetEnvoyFilterStateArguments", ""),
    always("clear_route_cache", "ignored", ""),
    with(
        "signatures",
        "verify_signature",
        "message VerifySignatureArguments",
        "message VerifySignatureResult",
    ),
    with("signatures", "sign", "message SignArguments", "message SignResult"),
];

const fn always(name: &'static str, argument: &'static str, result: &'static str) -> ForeignFunction {
    ForeignFunction { name, argument, result, feature: None }
}

const fn with(
    feature: &'static str,
    name: &'static str,
    argument: &'static str,
    result: &'static str,
) -> ForeignFunction {
    ForeignFunction { name, argument, result, feature: Some(feature) }
}

impl ForeignFunction {
    /// Whether this build of the crate has it.
    #[must_use]
    pub fn built(&self) -> bool {
        match self.feature {
            None => true,
            Some("cel") => cfg!(feature = "cel"),
            Some("signatures") => cfg!(feature = "signatures"),
            Some(_) => false,
        }
    }
}

/// The row of a name.
#[must_use]
pub fn foreign_function(name: &[u8]) -> Option<&'static ForeignFunction> {
    FOREIGN_FUNCTIONS.iter().find(|row| row.name.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_they_are_written() {
        assert_eq!(foreign_function(b"compress").unwrap().feature, None);
        assert!(foreign_function(b"compress").unwrap().built());
        assert_eq!(foreign_function(b"sign").unwrap().feature, Some("signatures"));
        assert_eq!(foreign_function(b"Compress"), None);
        assert_eq!(foreign_function(b""), None);
    }
}
