//! What a callback's number means for the iteration: Envoy's filter statuses.
//!
//! The ABI text knows Continue and Pause; Envoy takes the number as one of its own enumerations, and an unknown one as
//! the hardest stop (Envoy 1.40, observed).

/// Result of a headers callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadersStatus {
    Continue,
    StopIteration,
    StopAllAndBuffer,
    StopAllAndWatermark,
}

impl HeadersStatus {
    /// From the number that the callback returned. A plain Pause stops everything unless the plugin's configuration
    /// says `allow_on_headers_stop_iteration`.
    pub(crate) fn from_abi(number: u32, allow_stop_iteration: bool) -> Self {
        match number {
            // 2 has a name of its own in Envoy, and does nothing else (1.40, observed).
            0 | 2 => Self::Continue,
            1 if allow_stop_iteration => Self::StopIteration,
            3 => Self::StopAllAndBuffer,
            _ => Self::StopAllAndWatermark,
        }
    }
}

/// Result of a body callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataStatus {
    Continue,
    StopAndBuffer,
    StopAndWatermark,
    StopNoBuffer,
}

impl DataStatus {
    pub(crate) fn from_abi(number: u32) -> Self {
        match number {
            0 => Self::Continue,
            1 => Self::StopAndBuffer,
            2 => Self::StopAndWatermark,
            _ => Self::StopNoBuffer,
        }
    }
}

/// Result of a trailers callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrailersStatus {
    Continue,
    StopIteration,
}

impl TrailersStatus {
    pub(crate) fn from_abi(number: u32) -> Self {
        if number == 0 { Self::Continue } else { Self::StopIteration }
    }
}
