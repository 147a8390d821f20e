//! Labels that tell where an image comes from, by OCI's names.

use crate::spec::{ReleaseSpec, Revision, Source};

/// `org.opencontainers.image.*` labels of a release's image.
#[must_use]
pub fn labels(spec: &ReleaseSpec) -> Vec<(String, String)> {
    let label =
        |name: &str, value: &str| (format!("org.opencontainers.image.{name}"), value.to_owned());
    let mut labels = vec![label("title", spec.app.as_str())];
    let mut revision = |revision: &Revision, repository: Option<&str>| {
        let dirty = if revision.dirty { "-dirty" } else { "" };
        labels.push(label("revision", &format!("{}{dirty}", revision.commit)));
        labels.push(label("created", &rfc3339(revision.committed_at)));
        if let Some(repository) = repository {
            labels.push(label("source", repository));
        }
    };
    match &spec.source {
        Source::Context {
            revision: Some(known),
            ..
        } => {
            revision(known, known.repository.as_deref());
        }
        Source::Commit {
            repository,
            revision: known,
            ..
        } => {
            revision(known, Some(repository));
        }
        Source::Context { revision: None, .. } | Source::Image { .. } => {}
    }
    labels
}

/// Seconds since the epoch as a UTC time (`2026-11-23T08:55:29Z`).
fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years (Howard Hinnant's civil_from_days).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_424_129, "2026-11-23T08:55:29Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
