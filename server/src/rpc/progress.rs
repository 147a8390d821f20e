//! What an agent tells of a job's progress: bounded, and never a reason to end its stream.

use shipway_domain::event::{NoteLevel, Progress, Told};
use shipway_domain::size;
use shipway_domain::time::Timestamp;
use shipway_proto::v1;

/// The entries of one message. One that cannot be read, as of a newer agent, is told as such; of more than
/// [`size::PROGRESS`] the rest is counted only.
pub(super) fn read(mut entries: Vec<v1::Progress>, times: &[u64]) -> Vec<Told> {
    let beyond = entries.len().saturating_sub(size::PROGRESS);
    entries.truncate(size::PROGRESS);
    let mut unreadable = None;
    let mut items = Vec::with_capacity(entries.len() + 2);
    for (place, entry) in entries.into_iter().enumerate() {
        let at = times.get(place).copied().filter(|at| *at > 0);
        match Progress::try_from(entry) {
            Ok(what) => items.push(Told {
                at: at.map(Timestamp::from_millis),
                what,
            }),
            Err(error) => {
                let first = unreadable.get_or_insert_with(|| (0, error.to_string()));
                first.0 += 1;
            }
        }
    }
    if let Some((count, first)) = unreadable {
        items.push(
            warning(format!(
                "{count} entries of progress could not be read, the first because: {first}"
            ))
            .into(),
        );
    }
    if beyond > 0 {
        items.push(
            warning(format!(
                "{beyond} entries of progress are not kept: at most {} are possible in one message",
                size::PROGRESS
            ))
            .into(),
        );
    }
    items
}

const fn warning(text: String) -> Progress {
    Progress::Note {
        level: NoteLevel::Warning,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> v1::Progress {
        (&warning(text.to_owned())).into()
    }

    /// Notes are all that these tests send.
    fn texts(items: &[Told]) -> Vec<&str> {
        let mut texts = Vec::new();
        for item in items {
            match &item.what {
                Progress::Note { text, .. } => texts.push(text.as_str()),
                other => panic!("{other:?}"),
            }
        }
        texts
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_told_and_hides_no_other() {
        let unknown = v1::Progress::default();
        let items = read(
            vec![note("a"), unknown.clone(), unknown, note("b")],
            &[5, 6],
        );
        let times: Vec<_> = items.iter().map(|told| told.at).collect();
        assert_eq!(
            times,
            [Some(Timestamp::from_millis(5)), None, None],
            "each its own"
        );
        let texts = texts(&items);
        assert_eq!(texts[..2], ["a", "b"]);
        assert!(
            texts[2].starts_with("2 entries of progress could not be read"),
            "{texts:?}"
        );
    }

    #[test]
    fn of_a_message_with_too_many_entries_the_rest_is_counted() {
        let items = read(vec![note("x"); size::PROGRESS + 7], &[]);
        assert_eq!(items.len(), size::PROGRESS + 1);
        let last = texts(&items).pop().unwrap_or_default();
        assert!(last.starts_with("7 entries of progress are not kept"));
    }
}
