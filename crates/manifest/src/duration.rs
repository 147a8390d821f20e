//! Durations as people write them: `90s`, `5m`, `1h`.

use std::time::Duration;

/// The rule, for help.
pub(crate) const RULE: &str =
    "a duration is a whole number and s, m or h, as in \"90s\", \"5m\", \"1h\"";

/// Reads a duration.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        _ => return None,
    };
    let count = &text[..text.len() - 1];
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    let count: u64 = count.parse().ok().filter(|_| digits)?;
    Some(Duration::from_secs(count.checked_mul(seconds)?))
}

/// Writes a duration of whole seconds in the largest unit that fits.
pub(crate) fn text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        1.. if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        1.. if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, text};

    #[test]
    fn durations_are_written_as_they_are_read() {
        for written in ["0s", "90s", "5m", "24h"] {
            assert_eq!(parse(written).map(text).as_deref(), Some(written));
        }
    }

    #[test]
    fn durations_are_read_as_written() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("1h", 3600)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "5",
            "5 m",
            "-5m",
            "+5m",
            "1.5h",
            "5d",
            "5é",
            "99999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
