//! Types of functions as the ABI writes them, and how Envoy prints them.
//!
//! Holds numbers' types only, no engine; the tables of hostcalls, callbacks and WASI functions are made of these.
//! Serves: Proxy-Wasm ABI v0.2.1, "Functions implemented in the host / in the module".

use std::fmt;

/// A type of value that crosses the boundary. The ABI knows no floats, vectors or references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValType {
    /// 32 bits: numbers, sizes, identifiers, and pointers into linear memory.
    I32,
    /// 64 bits: metric values, file offsets, nanoseconds.
    I64,
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
        })
    }
}

/// The type of a function, shown in Envoy's words: `i32 i32 -> i32`, `void -> void`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Types of the parameters, in order.
    pub params: &'static [ValType],
    /// Type of the result, if any: the ABI returns at most one value.
    pub results: &'static [ValType],
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", words(self.params), words(self.results))
    }
}

/// Types separated by blanks, `void` for none (Envoy 1.40, observed).
pub fn words<T: fmt::Display>(types: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = types.into_iter().map(|one| one.to_string()).collect();
    if words.is_empty() { "void".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_read_as_envoy_prints_them() {
        let log = Signature { params: &[ValType::I32; 3], results: &[ValType::I32] };
        assert_eq!(log.to_string(), "i32 i32 i32 -> i32");
        let tick = Signature { params: &[ValType::I32], results: &[] };
        assert_eq!(tick.to_string(), "i32 -> void");
        assert_eq!(Signature { params: &[], results: &[ValType::I64] }.to_string(), "void -> i64");
    }
}
