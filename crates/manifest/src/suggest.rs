//! Lines of help: what is permitted, and what was probably meant.

/// The permitted word that is closest to what was written, when one is close.
pub(crate) fn closest<'w>(
    written: &str,
    permitted: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let tidy = |text: &str| text.to_lowercase().replace('-', "_");
    let written = tidy(written);
    permitted
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, &tidy(word)), word))
        .filter(|(distance, word)| *distance <= 1.max(word.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Help for a word that is none of the permitted ones.
pub(crate) fn help(written: &str, permitted: &[&str]) -> Vec<String> {
    let mut help = Vec::new();
    if let Some(word) = closest(written, permitted.iter().copied()) {
        help.push(format!("did you mean {word:?}?"));
    }
    if !permitted.is_empty() {
        help.push(format!("permitted: {}", permitted.join(", ")));
    }
    help
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn what_was_probably_meant_is_found_and_nothing_far_off() {
        let words = ["account", "region", "cluster", "service", "task_definition"];
        assert_eq!(closest("clutser", words), Some("cluster"));
        assert_eq!(closest("task-definition", words), Some("task_definition"));
        assert_eq!(closest("Region", words), Some("region"));
        assert_eq!(closest("memory", words), None);
    }
}
