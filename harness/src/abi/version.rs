//! The three versions of the ABI, and sets of them for the `since`/`until` columns of the tables.

use std::fmt;

/// A version of the ABI, as the module's `proxy_abi_version_*` export names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AbiVersion {
    /// `proxy_abi_version_0_1_0`.
    V0_1_0,
    /// `proxy_abi_version_0_2_0`.
    V0_2_0,
    /// `proxy_abi_version_0_2_1`.
    V0_2_1,
}

impl AbiVersion {
    /// All of them, oldest first.
    pub const ALL: [Self; 3] = [Self::V0_1_0, Self::V0_2_0, Self::V0_2_1];

    /// The name of the export that marks a module of this version.
    #[must_use]
    pub const fn marker(self) -> &'static str {
        match self {
            Self::V0_1_0 => "proxy_abi_version_0_1_0",
            Self::V0_2_0 => "proxy_abi_version_0_2_0",
            Self::V0_2_1 => "proxy_abi_version_0_2_1",
        }
    }
}

impl fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        })
    }
}

/// The versions that a row of a table belongs to: from `since` to `until`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// First version with this row.
    pub since: AbiVersion,
    /// Last version with this row.
    pub until: AbiVersion,
}

impl Versions {
    /// Every version.
    pub const ALL: Self = Self { since: AbiVersion::V0_1_0, until: AbiVersion::V0_2_1 };
    /// 0.1.0 only.
    pub const ONLY_0_1_0: Self = Self { since: AbiVersion::V0_1_0, until: AbiVersion::V0_1_0 };
    /// 0.2.0 and later.
    pub const SINCE_0_2_0: Self = Self { since: AbiVersion::V0_2_0, until: AbiVersion::V0_2_1 };
    /// 0.2.1 only.
    pub const SINCE_0_2_1: Self = Self { since: AbiVersion::V0_2_1, until: AbiVersion::V0_2_1 };

    /// Whether `version` is one of them.
    #[must_use]
    pub fn contains(self, version: AbiVersion) -> bool {
        self.since <= version && version <= self.until
    }
}
