//! Imports, exports and their types, in the words that messages use.

use std::fmt;

use crate::abi::{self, Signature, ValType};

/// A type of value that a module may declare, as far as messages need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference to anything.
    Reference,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::Reference => "anyref",
        })
    }
}

impl From<wasmparser::ValType> for ValueType {
    fn from(of: wasmparser::ValType) -> Self {
        match of {
            wasmparser::ValType::I32 => Self::I32,
            wasmparser::ValType::I64 => Self::I64,
            wasmparser::ValType::F32 => Self::F32,
            wasmparser::ValType::F64 => Self::F64,
            wasmparser::ValType::V128 => Self::V128,
            wasmparser::ValType::Ref(_) => Self::Reference,
        }
    }
}

/// The type of a function that a module declares, shown in Envoy's words: `i32 i32 -> i32`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionType {
    /// Types of the parameters.
    pub params: Vec<ValueType>,
    /// Types of the results.
    pub results: Vec<ValueType>,
}

impl FunctionType {
    /// Whether this is the type that a table of the ABI gives.
    #[must_use]
    pub fn is(&self, signature: Signature) -> bool {
        let same = |have: &[ValueType], want: &[ValType]| {
            have.len() == want.len()
                && have.iter().zip(want).all(|pair| {
                    matches!(pair, (ValueType::I32, ValType::I32) | (ValueType::I64, ValType::I64))
                })
        };
        same(&self.params, signature.params) && same(&self.results, signature.results)
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", abi::words(&self.params), abi::words(&self.results))
    }
}

/// What is imported or exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function of this type.
    Function(FunctionType),
    /// A linear memory.
    Memory,
    /// A table.
    Table,
    /// A global.
    Global,
    /// An exception tag.
    Tag,
}

impl Extern {
    /// The kind, as a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Function(_) => "function",
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Global => "global",
            Self::Tag => "tag",
        }
    }
}

/// Something that the module wants from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Module part of the name.
    pub module: String,
    /// Second part of the name.
    pub name: String,
    /// What it is.
    pub what: Extern,
}

/// Something that the module offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: Extern,
}
