//! What differs between versions of Istio.

use std::fmt;

/// A version, `1.30` or `1.30.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IstioVersion {
    /// The number after `1.`.
    minor: u32,
    patch: Option<u32>,
}

impl IstioVersion {
    /// The newest whose behaviour is known here.
    pub const NEWEST: Self = Self { minor: 32, patch: None };

    /// `1.29`, `1.29.3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("1.")?.split('.').map(|part| part.parse().ok());
        let minor = parts.next()??;
        let patch = match parts.next() {
            Some(patch) => Some(patch?),
            None => None,
        };
        parts.next().is_none().then_some(Self { minor, patch })
    }

    const fn from(self, minor: u32) -> bool {
        self.minor >= minor
    }

    /// `WasmPlugin` is translated into `TrafficExtension`, and every name gets a suffix.
    pub(crate) const fn translates(self) -> bool {
        self.from(30)
    }

    /// `FAIL_RELOAD` is a strategy.
    pub(crate) const fn reloads(self) -> bool {
        self.from(27)
    }

    /// The failure policy is sent by its name; before, `FAIL_OPEN` is sent as `fail_open: true`.
    pub(crate) const fn names_policies(self) -> bool {
        self.from(25)
    }

    /// A filter takes the place of a plugin whose module cannot be fetched; before, the proxy refuses the update.
    pub(crate) const fn replaces_failed(self) -> bool {
        self.from(25)
    }

    /// It is built by a Go that writes `\b` and `\f` in JSON text; before Go 1.22, `\u0008` and `\u000c`.
    pub(crate) const fn has_short_escapes(self) -> bool {
        self.from(22)
    }

    /// How a proxy of this version calls itself.
    pub(crate) fn full(self) -> String {
        format!("1.{}.{}", self.minor, self.patch.unwrap_or(0))
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

#[cfg(test)]
mod tests {
    use super::IstioVersion;

    #[test]
    fn versions_are_read_and_ordered() {
        let of = |text| IstioVersion::parse(text).expect("a version");
        assert!(of("1.9") < of("1.30") && of("1.30") < of("1.30.1"));
        assert_eq!((of("1.29").translates(), of("1.30").translates()), (false, true));
        assert_eq!(of("1.29").full(), "1.29.0");
        for wrong in ["", "1", "2.0", "1.x", "1.29.", "1.29.1.1", "v1.29"] {
            assert_eq!(IstioVersion::parse(wrong), None, "{wrong}");
        }
    }
}
