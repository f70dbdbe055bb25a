//! Points in time in what plugins log. Written as nanoseconds since the epoch, they say little to a reader; as the time of
//! the page's left column they explain themselves.

use proxy_wasm_harness::state::{Duration, show};

/// Digits of a present-day time, and how many nanoseconds its unit has.
const UNITS: [(usize, u64); 4] = [(19, 1), (16, 1_000), (13, 1_000_000), (10, 1_000_000_000)];
/// How far a point in time may lie ahead of the clock, in nanoseconds: a day, for tokens and sessions that end.
const AHEAD: u64 = 86_400_000_000_000;

/// What the numbers of a line are on the virtual clock, where they are points in time: `1704067200250000000` is `250ms`.
///
/// `zero` is the realtime when virtual time was 0, and `now` the virtual time; both in nanoseconds. Each number once.
pub(super) fn stamps(line: &str, zero: u64, now: u64) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for digits in line.split(|c: char| !c.is_ascii_digit()) {
        let Some((_, unit)) = UNITS.iter().find(|(length, _)| *length == digits.len()) else { continue };
        let nanos = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(*unit));
        // A unit that is coarse cuts the beginning off.
        let since = nanos.and_then(|nanos| nanos.checked_sub(zero - zero % unit));
        let Some(since) = since.filter(|since| *since <= now.saturating_add(AHEAD)) else { continue };
        if !found.iter().any(|(known, _)| known == digits) {
            found.push((digits.to_owned(), show(Duration::from_nanos(since))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: u64 = 1_704_067_200_000_000_000;

    fn told(line: &str) -> String {
        let all = stamps(line, ZERO, 500_000_000);
        all.iter().map(|(number, time)| format!("{number} is {time}")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn points_in_time_are_told_and_other_numbers_are_not() {
        assert_eq!(
            told("now 1704067200500000000, last 1704067200000000000, again 1704067200500000000, left 0"),
            "1704067200500000000 is 500ms, 1704067200000000000 is 0s"
        );
        assert_eq!(told("exp=1704070800 at 1704067200250ms"), "1704070800 is 1h, 1704067200250 is 250ms");
        assert_eq!(told("id 1234567890, card 1804067200500000000, 170406720050000000012"), "");
        assert_eq!(told(""), "");
    }

    #[test]
    fn a_clock_that_begins_within_a_second_is_met_too() {
        let all = stamps("1704067200", ZERO + 700_000_000, 0);
        assert_eq!(all, [("1704067200".to_owned(), "0s".to_owned())]);
        assert_eq!(stamps("18446744073709551615 9999999999", u64::MAX, u64::MAX), []);
    }
}
