//! The one wildcard of AWS names and policies: `*` stands for any run of characters.

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether one of `names` has `pattern` in it or, if that has a `*`, matches it whole.
pub(crate) fn any_part<'a>(pattern: &str, names: impl IntoIterator<Item = &'a str>) -> bool {
    !pattern.is_empty()
        && names.into_iter().any(|name| {
            if pattern.contains('*') {
                matches(pattern, name)
            } else {
                name.contains(pattern)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("ecs:*", "ecs:UpdateService", true),
            ("ecs:Describe*", "ecs:UpdateService", false),
            ("v*.*", "v1.2", true),
            ("v*.*", "v12", false),
            ("*-latest", "prod-latest", true),
            ("a*a", "a", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
