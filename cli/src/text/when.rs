//! Points in time as people type them: so long ago, a day, or a moment.

use std::str::FromStr;
use std::time::Duration;

use shipway_domain::time::Timestamp;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl When {
    /// The time that is meant, `now` being now.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(span) => now.minus(span),
            Self::At(at) => at,
        }
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = ago(text).or_else(|| day(text).or_else(|| instant(text)).and_then(millis));
        moment.ok_or(
            "must be so long ago (30m, 12h, 7d), a day in UTC (2026-01-31), or a time \
             (2026-01-31T12:00:00Z)",
        )
    }
}

fn ago(text: &str) -> Option<When> {
    let count = text.strip_suffix(['s', 'm', 'h', 'd'])?;
    let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = count.parse().ok().filter(|_| digits)?;
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => 86_400,
    };
    count
        .checked_mul(unit)
        .map(Duration::from_secs)
        .map(When::Ago)
}

fn day(text: &str) -> Option<OffsetDateTime> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(day.midnight().assume_utc())
}

fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn millis(time: OffsetDateTime) -> Option<When> {
    let millis = time.unix_timestamp_nanos() / 1_000_000;
    let millis = u64::try_from(millis).ok()?;
    Some(When::At(Timestamp::from_millis(millis)))
}

#[cfg(test)]
mod tests {
    use shipway_domain::time::Timestamp;

    use super::When;

    fn at(text: &str) -> Option<u64> {
        let now = Timestamp::from_millis(1_000_000_000);
        text.parse().ok().map(|when: When| when.at(now).millis())
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        assert_eq!(at("90s"), Some(999_910_000));
        assert_eq!(at("30m"), Some(998_200_000));
        assert_eq!(at("2h"), Some(992_800_000));
        assert_eq!(at("7d"), Some(395_200_000));
        assert_eq!(at("1970-01-02"), Some(86_400_000));
        assert_eq!(at("1970-01-02T00:00:01Z"), Some(86_401_000));
        assert_eq!(at("1970-01-02T02:00:00+02:00"), Some(86_400_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "7",
            "d",
            "-7d",
            "7 d",
            "7é",
            "yesterday",
            "2026-13-01",
            "1969-12-31",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
