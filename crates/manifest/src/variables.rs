//! `${NAME}` in the texts of a task definition.

use std::collections::BTreeMap;

use shipway_domain::document::{Document, Pointer};

/// Something that could not be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The text that holds it.
    pub(crate) at: Pointer,
    /// Why.
    pub(crate) why: Why,
}

/// Why something could not be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is no variable of this name.
    Unknown(String),
    /// `${` has no `}`.
    Unclosed,
}

/// What came of a replacement.
#[derive(Debug, Default)]
pub(crate) struct Replaced {
    /// What could not be replaced.
    pub(crate) unresolved: Vec<Unresolved>,
    /// The names that were found.
    pub(crate) used: Vec<String>,
}

/// Whether a text may name a variable: letters, digits and `_`, the first no digit.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Replaces `${NAME}` in all texts of a document, and `$${` by `${`. Names of members stay as they are.
pub(crate) fn replace(document: &mut Document, variables: &BTreeMap<String, String>) -> Replaced {
    let mut replaced = Replaced::default();
    walk(document, &Pointer::root(), variables, &mut replaced);
    replaced
}

fn walk(
    value: &mut Document,
    at: &Pointer,
    variables: &BTreeMap<String, String>,
    replaced: &mut Replaced,
) {
    match value {
        Document::String(text) if text.contains("${") => {
            *text = fill(text, at, variables, replaced);
        }
        Document::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                walk(item, &at.index(place), variables, replaced);
            }
        }
        Document::Object(members) => {
            for (name, value) in members {
                walk(value, &at.name(name.as_str()), variables, replaced);
            }
        }
        _ => {}
    }
}

fn fill(
    text: &str,
    at: &Pointer,
    variables: &BTreeMap<String, String>,
    replaced: &mut Replaced,
) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut unresolved = |why| {
        replaced.unresolved.push(Unresolved {
            at: at.clone(),
            why,
        })
    };
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            rest = &from[2..];
            continue;
        }
        filled.push_str(before);
        let Some((name, after)) = from[2..].split_once('}') else {
            unresolved(Why::Unclosed);
            return text.to_owned();
        };
        match variables.get(name) {
            Some(value) => filled.push_str(value),
            None => unresolved(Why::Unknown(name.to_owned())),
        }
        replaced.used.push(name.to_owned());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shipway_domain::document::{Document, Pointer};

    use super::{Unresolved, Why, replace};

    fn replaced(text: &str) -> (String, Vec<Unresolved>) {
        let variables = [("env", "prod"), ("TTL", "60")];
        let variables: BTreeMap<String, String> = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let mut document = Document::Array(vec![Document::from(text)]);
        let unresolved = replace(&mut document, &variables).unresolved;
        (document.items()[0].as_str().unwrap().to_owned(), unresolved)
    }

    #[test]
    fn variables_are_filled_in() {
        assert_eq!(replaced("/${env}/${TTL}s").0, "/prod/60s");
        assert_eq!(replaced("$5 $ {env} $env").0, "$5 $ {env} $env");
    }

    #[test]
    fn a_doubled_dollar_keeps_what_follows() {
        assert_eq!(replaced("echo $${HOME} ${env}").0, "echo ${HOME} prod");
    }

    #[test]
    fn what_is_not_known_is_told_with_its_place() {
        let at = Pointer::root().index(0);
        let unknown = Why::Unknown("TTLS".to_owned());
        assert_eq!(
            replaced("${TTLS}").1,
            [Unresolved {
                at: at.clone(),
                why: unknown
            }]
        );
        assert_eq!(
            replaced("a ${env").1,
            [Unresolved {
                at,
                why: Why::Unclosed
            }]
        );
    }
}
