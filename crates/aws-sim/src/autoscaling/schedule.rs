//! When a scheduled action runs: `at(...)`, `rate(...)` and `cron(...)`, in UTC.

use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use time::PrimitiveDateTime;
use time::macros::format_description;

use crate::clock::SimTime;

/// A schedule.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    /// Once.
    At(SimTime),
    /// Again and again after so long.
    Rate(Duration),
    /// By the calendar.
    Cron(Box<Cron>),
}

impl Schedule {
    /// Reads a schedule expression; `Err` says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let inner = |kind: &str| text.strip_prefix(kind)?.strip_suffix(')');
        if let Some(moment) = inner("at(") {
            let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
            let moment = PrimitiveDateTime::parse(moment, format)
                .map_err(|_| format!("{moment} is not of the form yyyy-mm-ddThh:mm:ss"))?;
            let seconds = moment.assume_utc().unix_timestamp();
            let seconds = u64::try_from(seconds).map_err(|_| format!("{moment} is too early"))?;
            return Ok(Self::At(SimTime::default() + Duration::from_secs(seconds)));
        }
        if let Some(rate) = inner("rate(") {
            return Self::rate(rate).ok_or_else(|| {
                format!("{rate} is not a positive number of minutes, hours or days")
            });
        }
        if let Some(fields) = inner("cron(") {
            return Self::cron(fields);
        }
        Err("it is none of at(...), rate(...) and cron(...)".to_owned())
    }

    fn rate(text: &str) -> Option<Self> {
        let (count, unit) = text.trim().split_once(' ')?;
        let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
        let unit = match unit.trim() {
            "minute" | "minutes" => 60,
            "hour" | "hours" => 3600,
            "day" | "days" => 86_400,
            _ => return None,
        };
        Some(Self::Rate(Duration::from_secs(count.checked_mul(unit)?)))
    }

    /// Minutes, hours, day of month, month, day of week (1 is Sunday), and perhaps the year. Both days
    /// must fit; `?` says that the other one decides.
    fn cron(fields: &str) -> Result<Self, String> {
        if fields.split_whitespace().count() < 5 || fields.len() > 200 || fields.contains('@') {
            return Err(format!("{fields} is not five or six fields"));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Optional)
            .dom_and_dow(true)
            .alternative_weekdays(true)
            .build();
        let cron = parser.parse(&format!("0 {}", fields.replace('?', "*")));
        let cron = cron.map_err(|error| error.to_string())?;
        Ok(Self::Cron(Box::new(cron)))
    }

    /// The first time after `after`. A rate counts from `anchor`.
    pub(super) fn next(&self, after: SimTime, anchor: SimTime) -> Option<SimTime> {
        match self {
            Self::At(moment) => (*moment > after).then_some(*moment),
            Self::Rate(span) => {
                let passed = after.since(anchor).as_micros() / span.as_micros().max(1);
                let times = u32::try_from(passed).ok()?.checked_add(1)?;
                Some(anchor + span.checked_mul(times)?)
            }
            Self::Cron(cron) => {
                let micros = i64::try_from(after.micros()).ok()?;
                let from: DateTime<Utc> = DateTime::from_timestamp_micros(micros)?;
                let next = cron.find_next_occurrence(&from, false).ok()?;
                let micros = u64::try_from(next.timestamp_micros()).ok()?;
                Some(SimTime::from_micros(micros)).filter(|next| *next > after)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25T21:00:00Z, a Wednesday.
    const NOW: u64 = 1_795_640_400;

    fn next(schedule: &str) -> Option<String> {
        let now = SimTime::default() + Duration::from_secs(NOW);
        let next = Schedule::read(schedule).unwrap().next(now, now);
        next.map(SimTime::iso8601)
    }

    #[test]
    fn the_three_kinds_of_expressions_give_their_next_time() {
        for (schedule, expected) in [
            ("at(2026-11-26T07:30:00)", Some("2026-11-26T07:30:00Z")),
            ("at(2026-11-25T21:00:00)", None),
            ("rate(1 minute)", Some("2026-11-25T21:01:00Z")),
            ("rate(2 days)", Some("2026-11-27T21:00:00Z")),
            ("cron(0 8 * * ? *)", Some("2026-11-26T08:00:00Z")),
            ("cron(15 10 ? * 6L 2027)", Some("2027-01-29T10:15:00Z")),
            ("cron(0 9 ? * MON-FRI *)", Some("2026-11-26T09:00:00Z")),
            ("cron(0 9 ? * 1 *)", Some("2026-11-29T09:00:00Z")),
            ("cron(0/15 * * * ? *)", Some("2026-11-25T21:15:00Z")),
            ("cron(0 0 1 * ? *)", Some("2026-12-01T00:00:00Z")),
            ("cron(0 0 1 1 ? 2020)", None),
        ] {
            assert_eq!(next(schedule).as_deref(), expected, "{schedule}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for schedule in [
            "",
            "at(tomorrow)",
            "at(2026-13-01T00:00:00)",
            "rate(0 minutes)",
            "rate(5 weeks)",
            "rate(99999999999999999999 days)",
            "cron(* * *)",
            "cron(@daily)",
            "cron(61 * * * ? *)",
            "0 8 * * *",
        ] {
            assert!(Schedule::read(schedule).is_err(), "{schedule}");
        }
    }
}
