//! Filter patterns: words that a line must, may or must not have.

/// A pattern of words. Patterns for JSON, for fields and by regular expressions are not read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    /// All must be there.
    all: Vec<String>,
    /// One must be there, if there are any (`?word`).
    any: Vec<String>,
    /// None may be there (`-word`).
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; `None` for one of another kind.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut pattern = Self::default();
        if rest.starts_with(['{', '[', '%']) {
            return None;
        }
        while !rest.is_empty() {
            let (words, after) = match rest.as_bytes()[0] {
                b'?' => (&mut pattern.any, &rest[1..]),
                b'-' => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (word, left) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_once(' ').unwrap_or((after, "")),
            };
            if word.is_empty() {
                return None;
            }
            words.push(word.to_owned());
            rest = left.trim_start();
        }
        Some(pattern)
    }

    /// Whether a line matches. Letters count in their case.
    pub(super) fn matches(&self, line: &str) -> bool {
        let has = |word: &String| line.contains(word.as_str());
        self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.none.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn words_are_required_optional_or_unwanted() {
        let line = "ERROR cannot open the database: timeout";
        for (pattern, expected) in [
            ("", true),
            ("ERROR", true),
            ("error", false),
            ("ERROR timeout", true),
            ("\"open the\" -retry", true),
            ("ERROR -\"the database\"", false),
            ("?WARN ?ERROR", true),
            ("?WARN ?INFO", false),
        ] {
            let read = Pattern::read(pattern).unwrap();
            assert_eq!(read.matches(line), expected, "{pattern}");
        }
        for other in ["{ $.level = 1 }", "[a, b]", "%ERR.*%", "\"open", "?", "a -"] {
            assert_eq!(Pattern::read(other), None, "{other}");
        }
    }
}
