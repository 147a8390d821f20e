//! URLs in what others say: a query or a user part may bear the right to what lies there.

/// What may stand behind a URL in a sentence, and is no part of it then.
const BEHIND: [char; 9] = [')', ']', '}', ',', '.', ';', ':', '\\', '\''];

/// The text, with each `http` and `https` URL cut down to scheme, host and path.
#[must_use]
pub fn without_queries(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, url)) = split(rest) {
        kept.push_str(before);
        let end = url
            .find(|c: char| {
                c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '`')
            })
            .unwrap_or(url.len());
        let (url, behind) = url.split_at(end);
        bare(url, &mut kept);
        rest = behind;
    }
    kept.push_str(rest);
    kept
}

/// What lies before the first URL, with its scheme, and what lies behind its scheme.
fn split(text: &str) -> Option<(&str, &str)> {
    let slashes = ["://", ":\\/\\/"].into_iter();
    let places = slashes.flat_map(|slashes| {
        let found = text.match_indices(slashes);
        found.map(|(at, slashes)| (at, at + slashes.len()))
    });
    let of_http = |(at, _): &(usize, usize)| {
        let scheme = |name: &str| {
            let from = at.checked_sub(name.len());
            let word = from.and_then(|from| text.get(from..*at));
            word.is_some_and(|word| word.eq_ignore_ascii_case(name))
        };
        scheme("http") || scheme("https")
    };
    let (_, end) = places.filter(of_http).min()?;
    Some(text.split_at(end))
}

/// Adds host and path of a URL without its scheme, and what stands behind it in its sentence.
fn bare(url: &str, kept: &mut String) {
    let cut = url.find(['?', '#']).unwrap_or(url.len());
    let (place, query) = url.split_at(cut);
    let host = place.split(['/', '\\']).next().unwrap_or_default();
    let user = host.rfind('@').map_or(0, |at| at + 1);
    kept.push_str(&place[user..]);
    kept.push_str(&query[query.trim_end_matches(BEHIND).len()..]);
}

#[cfg(test)]
mod tests {
    use super::without_queries;

    #[test]
    fn queries_and_users_of_urls_are_left_out_and_the_sentence_stays() {
        for (said, kept) in [
            (
                "error sending request for url (https://h/v2/a/blobs/uploads/1?_state=s3cret): closed",
                "error sending request for url (https://h/v2/a/blobs/uploads/1): closed",
            ),
            (
                "url http://h:5000/p?a=b, envelope: x? y#z",
                "url http://h:5000/p, envelope: x? y#z",
            ),
            (
                r#"Put "https://h/p?a=b\u0026X-Amz-Signature=c)d": EOF"#,
                r#"Put "https://h/p": EOF"#,
            ),
            (r"https:\/\/u:p@h\/p?a=s3cret", r"https:\/\/h\/p"),
            (
                "HTTPS://user:pass@h/p@sha256:1#s3cret.",
                "HTTPS://h/p@sha256:1.",
            ),
            ("https://h?q http://i/?q", "https://h http://i/"),
            ("see 'https://h/p?q=1'.", "see 'https://h/p'."),
            ("ä://b?c ://d?e", "ä://b?c ://d?e"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(without_queries(said), kept);
        }
    }
}
