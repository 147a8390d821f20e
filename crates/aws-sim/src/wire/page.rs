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

fn position(token: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix("from:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::page;

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
