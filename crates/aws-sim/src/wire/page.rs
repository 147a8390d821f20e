//! Paging of lists: a token is the position at which the next page starts, and the name of the list it is for.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One page of `items` and the token of the next, if there is more. `None` for a bad token, and for the
/// token of another list than `list`.
pub(crate) fn page<T>(
    list: &str,
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Option<(Vec<T>, Option<String>)> {
    let start: usize = match token {
        Some(token) => read(list, "from", token)?.parse().ok()?,
        None => 0,
    };
    let more = start.saturating_add(size) < items.len();
    let shown = items.into_iter().skip(start).take(size).collect();
    let next = more.then(|| write(list, "from", start + size));
    Some((shown, next))
}

/// One page of names in their order, and the token of the next. The token holds the last name shown,
/// so that what comes and goes between two pages neither hides nor repeats the rest.
pub(crate) fn page_after(
    list: &str,
    mut names: Vec<String>,
    token: Option<&str>,
    size: usize,
) -> Option<(Vec<String>, Option<String>)> {
    names.sort();
    if let Some(token) = token {
        let last = read(list, "after", token)?;
        names.retain(|name| *name > last);
    }
    let more = names.len() > size;
    names.truncate(size);
    let last = names.last().filter(|_| more);
    let next = last.map(|last| write(list, "after", last));
    Some((names, next))
}

fn write(list: &str, kind: &str, place: impl Display) -> String {
    STANDARD.encode(format!("{list}:{kind}:{place}"))
}

fn read(list: &str, kind: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let rest = text.strip_prefix(list)?.strip_prefix(':')?;
    Some(rest.strip_prefix(kind)?.strip_prefix(':')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{page, page_after};

    #[test]
    fn what_goes_between_two_pages_hides_nothing() {
        let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (first, token) = page_after("n", names("a b c d e"), None, 2).unwrap();
        assert_eq!(first, ["a", "b"]);
        let (second, token) = page_after("n", names("b c d e"), token.as_deref(), 2).unwrap();
        assert_eq!(second, ["c", "d"]);
        let (third, token) = page_after("n", names("e"), token.as_deref(), 2).unwrap();
        assert_eq!((third, token), (names("e"), None));
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let items = vec![1, 2, 3, 4, 5];
        let (first, token) = page("i", items.clone(), None, 2).unwrap();
        assert_eq!(first, [1, 2]);
        let (second, token) = page("i", items.clone(), token.as_deref(), 2).unwrap();
        assert_eq!(second, [3, 4]);
        let (third, token) = page("i", items.clone(), token.as_deref(), 2).unwrap();
        assert_eq!((third, token), (vec![5], None));
        assert_eq!(page("i", items.clone(), Some("nonsense"), 2), None);
        let (_, foreign) = page("other", items.clone(), None, 2).unwrap();
        assert_eq!(page("i", items, foreign.as_deref(), 2), None);
    }
}
