//! Paging of lists: a token is the position at which the next page starts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One page of `items` and the token of the next, if there is more. `None` for a bad token.
pub(crate) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Option<(Vec<T>, Option<String>)> {
    let start = token.map_or(Some(0), position)?;
    let more = start.saturating_add(size) < items.len();
    let shown = items.into_iter().skip(start).take(size).collect();
    let next = more.then(|| STANDARD.encode(format!("from:{}", start + size)));
    Some((shown, next))
}

/// One page of names in their order, and the token of the next. The token holds the last name shown,
/// so that what comes and goes between two pages neither hides nor repeats the rest.
pub(crate) fn page_after(
    mut names: Vec<String>,
    token: Option<&str>,
    size: usize,
) -> Option<(Vec<String>, Option<String>)> {
    names.sort();
    if let Some(token) = token {
        let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let last = text.strip_prefix("after:")?;
        names.retain(|name| name.as_str() > last);
    }
    let more = names.len() > size;
    names.truncate(size);
    let last = names.last().filter(|_| more);
    let next = last.map(|last| STANDARD.encode(format!("after:{last}")));
    Some((names, next))
}

fn position(token: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix("from:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{page, page_after};

    #[test]
    fn what_goes_between_two_pages_hides_nothing() {
        let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (first, token) = page_after(names("a b c d e"), None, 2).unwrap();
        assert_eq!(first, ["a", "b"]);
        let (second, token) = page_after(names("b c d e"), token.as_deref(), 2).unwrap();
        assert_eq!(second, ["c", "d"]);
        let (third, token) = page_after(names("e"), token.as_deref(), 2).unwrap();
        assert_eq!((third, token), (names("e"), None));
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let items = vec![1, 2, 3, 4, 5];
        let (first, token) = page(items.clone(), None, 2).unwrap();
        assert_eq!(first, [1, 2]);
        let (second, token) = page(items.clone(), token.as_deref(), 2).unwrap();
        assert_eq!(second, [3, 4]);
        let (third, token) = page(items.clone(), token.as_deref(), 2).unwrap();
        assert_eq!((third, token), (vec![5], None));
        assert_eq!(page(items, Some("nonsense"), 2), None);
    }
}
