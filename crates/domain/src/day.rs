//! Calendar days in UTC, for what holds until a day.

use std::fmt;

use crate::time::{Timestamp, rfc3339};

const SECONDS: u64 = 86_400;

/// A day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

impl Day {
    /// How a day is written, for help.
    pub const RULE: &str = "a day is written YYYY-MM-DD, as in \"2027-01-31\", from 1970 on";

    /// From whole days since 1970-01-01.
    #[must_use]
    pub const fn from_number(days: u32) -> Self {
        Self(days)
    }

    /// Whole days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The day of a moment.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        let days = moment.millis() / 1000 / SECONDS;
        Self(u32::try_from(days).unwrap_or(u32::MAX))
    }

    /// Reads `2027-01-31`; `None` for any other form and for days that no calendar has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let (year, month, day): (u32, u32, u32) =
            (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
        {
            return None;
        }
        // Days of years that begin in March (Howard Hinnant's days_from_civil).
        let (year, from_march) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let leaps = year / 4 - year / 100 + year / 400;
        let days = 365 * year + leaps + (153 * from_march + 2) / 5 + day - 1;
        let found = Self(days.checked_sub(719_468)?);
        // What is written otherwise, or is the 30th of February, reads back differently.
        (found.to_string() == text).then_some(found)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = rfc3339(u64::from(self.0) * SECONDS);
        let (day, _) = moment.split_once('T').unwrap_or((&moment, ""));
        f.write_str(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2027-01-31", 20_849),
            ("2100-02-28", 47_540),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(Day::parse(text), Some(Day::from_number(number)), "{text}");
            assert_eq!(Day::from_number(number).to_string(), text);
        }
        for number in 0..80_000 {
            let day = Day::from_number(number);
            assert_eq!(Day::parse(&day.to_string()), Some(day));
        }
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in [
            "",
            "2027",
            "2027-1-31",
            "2027-02-29",
            "2100-02-29",
            "2027-04-31",
            "2027-13-01",
            "2027-00-10",
            "2027-01-00",
            "1969-12-31",
            "+2027-01-31",
            "2027-01-31 ",
            "2027-01-31T00:00:00Z",
            "31.01.2027",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_lies_in_the_day_of_utc() {
        let noon = |seconds: u64| Day::of(Timestamp::from_millis(seconds * 1000)).to_string();
        assert_eq!(noon(1_795_424_129), "2026-11-23");
        assert_eq!(noon(86_399), "1970-01-01");
        assert_eq!(noon(86_400), "1970-01-02");
    }
}
