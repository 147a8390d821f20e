//! How times, sizes and names are written for people.

use std::time::Duration;

use shipway_domain::hook::HookAnswer;
use shipway_domain::ids::{Digest, Target};
use shipway_domain::time::Timestamp;
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

const CLOCK: &[FormatItem<'_>] = format_description!("[hour]:[minute]:[second]");
const DAY: &[FormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]Z");
const RFC3339: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A length of time in at most two units: `0.3 s`, `24 s`, `1 m 40 s`, `2 h 5 m`, `3 d 4 h`.
pub(crate) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let two = |big: u64, unit: &str, small: u64, of: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {of}"),
    };
    match seconds {
        0 if length.subsec_millis() < 100 => "0 s".to_owned(),
        0 => format!("0.{} s", length.subsec_millis() / 100),
        1..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "m", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds / 60 % 60, "m"),
        _ => two(seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

/// A length of time that still grows: as [`span`], in whole seconds.
pub(crate) fn so_far(length: Duration) -> String {
    span(Duration::from_secs(length.as_secs()))
}

/// A length of time that is not known well, up to the next 5 s, 10 s or minute.
pub(crate) fn roughly(length: Duration) -> String {
    let seconds = length.as_secs();
    let step = match seconds {
        0..60 => 5,
        60..600 => 10,
        _ => 60,
    };
    span(Duration::from_secs(seconds.div_ceil(step) * step))
}

/// A length of time that grows and the most it may come to: `25 s of at most 90 s`.
pub(crate) fn of_at_most(length: Duration, most: Duration) -> String {
    // Both in one unit as long as that is easy to read.
    let write = |length: Duration| match length.as_secs() {
        seconds @ 0..180 => format!("{seconds} s"),
        _ => so_far(length),
    };
    if length > most {
        return format!("{}; it was to take at most {}", so_far(length), write(most));
    }
    format!("{} of at most {}", write(length), write(most))
}

/// A length of time in its largest unit alone, for tables.
pub(crate) fn about(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long ago `then` was when less than a day, else its day and minute in UTC.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let passed = now.since(then);
    if passed < Duration::from_secs(86_400) {
        format!("{} ago", about(passed))
    } else {
        formatted(then, DAY)
    }
}

/// Hours, minutes and seconds in UTC.
pub(crate) fn clock(at: Timestamp) -> String {
    formatted(at, CLOCK)
}

/// As in RFC 3339, UTC, with milliseconds: the form of `--json`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    formatted(at, RFC3339)
}

fn formatted(at: Timestamp, format: &[FormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.millis()) * 1_000_000)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_else(|| "?".to_owned())
}

/// A size in decimal units: `812 B`, `18 kB`, `3.4 MB`.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut tenths = size.saturating_mul(10);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if unit == 0 || whole >= 10 || tenth == 0 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}.{tenth} {}", UNITS[unit])
    }
}

/// `sha256:9a41…e2`.
pub(crate) fn short_digest(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("sha256:{}…{}", &hex[..4], &hex[hex.len() - 2..])
}

/// The text with its long ids cut: a digest as [`short_digest`] writes it, other ids of 32 and more
/// hexadecimal digits to their first 8.
pub(crate) fn short_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_hexdigit());
        let (run, after) = from.split_at(end.unwrap_or(from.len()));
        out.push_str(before);
        match run.len() {
            64 if out.ends_with("sha256:") => {
                out.push_str(&format!("{}…{}", &run[..4], &run[62..]));
            }
            32.. => out.push_str(&run[..8]),
            _ => out.push_str(run),
        }
        rest = after;
    }
    out + rest
}

/// `web:42` for the ARN of a task definition.
pub(crate) fn short_arn(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// `prod eu-west-1 main/web`, with the account's name when it is known.
pub(crate) fn target(target: &Target, account: Option<&str>) -> String {
    format!(
        "{} {} {}/{}",
        account.unwrap_or(target.account.as_str()),
        target.region,
        target.cluster,
        target.service
    )
}

/// `1 task`, `2 tasks`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// Who answered a hook, where and why.
pub(crate) fn answered(stage: &str, answer: &HookAnswer) -> String {
    let HookAnswer {
        by, hook, action, ..
    } = answer;
    let done = action.done();
    let text = format!("{by} {done} it at {stage} (hook {hook})");
    if answer.reason.is_empty() {
        text
    } else {
        format!("{text}: {}", answer.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_carry_at_most_two_units() {
        let of = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(span(Duration::from_millis(340)), "0.3 s");
        assert_eq!(of(24), "24 s");
        assert_eq!(of(100), "1 m 40 s");
        assert_eq!(of(120), "2 m");
        assert_eq!(of(7500), "2 h 5 m");
        assert_eq!(of(273_600), "3 d 4 h");
    }

    #[test]
    fn what_is_not_known_well_is_round_and_limits_are_in_the_unit_of_what_has_passed() {
        let rough = |seconds| roughly(Duration::from_secs(seconds));
        assert_eq!(rough(41), "45 s");
        assert_eq!(rough(175), "3 m");
        assert_eq!(rough(1234), "21 m");
        let of = |length, most| of_at_most(Duration::from_secs(length), Duration::from_secs(most));
        assert_eq!(of(25, 90), "25 s of at most 90 s");
        assert_eq!(of(70, 90), "70 s of at most 90 s");
        assert_eq!(of(250, 300), "4 m 10 s of at most 5 m");
        assert_eq!(of(95, 90), "1 m 35 s; it was to take at most 90 s");
    }

    #[test]
    fn times_are_written_in_utc() {
        let at = Timestamp::from_millis(1_767_225_871_042);
        assert_eq!(clock(at), "00:04:31");
        assert_eq!(rfc3339(at), "2026-01-01T00:04:31.042Z");
        let next_day = at.plus(Duration::from_secs(86_400));
        assert_eq!(ago(at, at.plus(Duration::from_secs(7200))), "2 h ago");
        assert_eq!(ago(at, next_day), "2026-01-01 00:04Z");
    }

    #[test]
    fn long_ids_are_cut_and_words_are_not() {
        let digest = format!("sha256:9a41{}e2 is added", "0".repeat(58));
        assert_eq!(short_ids(&digest), "sha256:9a41…e2 is added");
        let message = "started 1 tasks: (task 291acaf21b927c13230b93e03a60c651).";
        assert_eq!(short_ids(message), "started 1 tasks: (task 291acaf2).");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(18_000_000), "18 MB");
        assert_eq!(bytes(3_400_000), "3.4 MB");
        assert_eq!(bytes(1_000), "1 kB");
    }
}
