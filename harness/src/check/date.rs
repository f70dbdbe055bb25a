//! A calendar day. Which day it is today, somebody outside says: the harness reads no clock.

use std::fmt;
use std::str::FromStr;

use time::Month;

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(time::Date);

impl Date {
    /// The day that holds this instant, in seconds since the epoch, in UTC.
    #[must_use]
    pub fn of_unix(seconds: i64) -> Self {
        let instant = time::OffsetDateTime::from_unix_timestamp(seconds);
        Self(instant.map_or(time::Date::MAX, time::OffsetDateTime::date))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

/// A text that is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day: write it as 2030-12-31")]
pub struct DateError(pub String);

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let parts: Vec<&str> = text.split('-').collect();
        let day = || {
            let [year, month, day] = parts[..] else { return None };
            if (year.len(), month.len(), day.len()) != (4, 2, 2) {
                return None;
            }
            let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
            time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
        };
        day().map(Self).ok_or_else(|| DateError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_written_and_ordered() {
        let day: Date = "2028-02-29".parse().unwrap();
        assert_eq!(day.to_string(), "2028-02-29");
        assert!("2028-03-01".parse::<Date>().unwrap() > day);
        assert_eq!(Date::of_unix(1_704_067_200), "2024-01-01".parse().unwrap());
        for text in ["2027-02-29", "2027-2-01", "tomorrow", "2027-13-01", ""] {
            assert_eq!(text.parse::<Date>(), Err(DateError(text.to_owned())));
        }
    }
}
