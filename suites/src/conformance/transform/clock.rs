//! Instants at which programs that calculate with time break.

/// Nanoseconds since the epoch, with what they are called: the epoch, the last second of 32 signed bits, the last
/// nanosecond of 64 signed bits, the last of 64 bits, and ordinary days around a leap day.
pub const INSTANTS: [(&str, u64); 6] = [
    ("at the epoch", 0),
    ("one nanosecond after the epoch", 1),
    ("on a leap day", 1_709_210_096_000_000_000),
    ("in the second in which 32 bits end (2038)", 2_147_483_647_999_999_999),
    ("in the last second of 64 signed bits (2262)", 9_223_372_036_000_000_000),
    ("after 64 signed bits have ended (2262)", 9_223_372_037_000_000_000),
];
