//! Realtime as an HTTP date (RFC 9110, section 5.6.7), without memory from the heap: every response carries one.

use time::{Month, OffsetDateTime, Weekday};

/// A date such as `Mon, 01 Jan 2024 00:00:00 GMT`.
pub(crate) type HttpDate = [u8; 29];

/// The date of this second since the epoch; `None` beyond the year 9999.
pub(super) fn http_date(second: u64) -> Option<HttpDate> {
    let at =
        i64::try_from(second).ok().and_then(|second| OffsetDateTime::from_unix_timestamp(second).ok())?;
    let mut date = *b"???, 00 ??? 0000 00:00:00 GMT";
    date[..3].copy_from_slice(match at.weekday() {
        Weekday::Monday => b"Mon",
        Weekday::Tuesday => b"Tue",
        Weekday::Wednesday => b"Wed",
        Weekday::Thursday => b"Thu",
        Weekday::Friday => b"Fri",
        Weekday::Saturday => b"Sat",
        Weekday::Sunday => b"Sun",
    });
    date[8..11].copy_from_slice(match at.month() {
        Month::January => b"Jan",
        Month::February => b"Feb",
        Month::March => b"Mar",
        Month::April => b"Apr",
        Month::May => b"May",
        Month::June => b"Jun",
        Month::July => b"Jul",
        Month::August => b"Aug",
        Month::September => b"Sep",
        Month::October => b"Oct",
        Month::November => b"Nov",
        Month::December => b"Dec",
    });
    let year = at.year().unsigned_abs();
    let numbers = [(5, at.day()), (12, (year / 100) as u8), (14, (year % 100) as u8)];
    let numbers = numbers.into_iter().chain([(17, at.hour()), (20, at.minute()), (23, at.second())]);
    for (place, number) in numbers {
        date[place] = b'0' + number / 10;
        date[place + 1] = b'0' + number % 10;
    }
    Some(date)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::format_description;

    use super::http_date;

    #[test]
    fn dates_are_written_as_the_library_does() {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        for second in (0..400).map(|number| number * 7_654_321).chain([253_402_300_799]) {
            let want = OffsetDateTime::from_unix_timestamp(second).unwrap().format(&format).unwrap();
            assert_eq!(http_date(second as u64).unwrap(), want.as_bytes());
        }
        assert_eq!(http_date(253_402_300_800), None);
        assert_eq!(http_date(u64::MAX), None);
    }
}
