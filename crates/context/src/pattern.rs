//! One pattern of an ignore file, by the rules of Moby's pattern matcher.
//!
//! Anchored at the root; `*`, `?` and `[...]` as in Go's `filepath.Match`; `**` for any number of
//! folders. Moby's own corner cases are kept:
//! a leading `**` before plain text is a bare suffix (`**foo` takes `barfoo`), a trailing one after
//! plain text a bare prefix (`foo**` takes `foobar/x`), and a negated class takes a slash too.

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// Whether it takes back what an earlier pattern excluded (`!`).
    pub(crate) exception: bool,
    matcher: Matcher,
    /// Folder below which all matches lie: the whole components before the first wildcard.
    anchor: String,
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact(String),
    Prefix(String),
    Suffix(String),
    States(Vec<State>),
}

/// A step of the automaton; the state after the last one accepts.
#[derive(Clone, Debug)]
enum State {
    Char(char),
    /// `?`: any one but a slash.
    One,
    /// `*`: any run without a slash.
    Run,
    /// `**` at the end: anything.
    Rest,
    /// `**` elsewhere: the next state may be skipped...
    MaybeFolders,
    /// ...which takes anything up to and with a slash.
    Folders,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Compiles a cleaned, slash-separated pattern without its `!`.
    pub(crate) fn new(text: &str, exception: bool) -> Result<Self, &'static str> {
        let states = compile(text)?;
        let wild = text.find(['*', '?', '[', '\\']);
        let anchor = match wild {
            Some(at) => text[..at].rfind('/').map_or("", |slash| &text[..slash]),
            None => text,
        };
        let plain = |part: &str| !part.contains(['*', '?', '[', ']', '\\']);
        let matcher = if plain(text) {
            Matcher::Exact(text.to_owned())
        } else if let Some(suffix) = text.strip_prefix("**").filter(|rest| plain(rest)) {
            Matcher::Suffix(suffix.to_owned())
        } else if let Some(prefix) = text.strip_suffix("**").filter(|rest| plain(rest)) {
            Matcher::Prefix(prefix.to_owned())
        } else {
            Matcher::States(states)
        };
        Ok(Self {
            exception,
            matcher,
            anchor: anchor.to_owned(),
        })
    }

    /// A pattern for exactly this path and what lies below it.
    pub(crate) fn exactly(path: &str, exception: bool) -> Self {
        Self {
            exception,
            matcher: Matcher::Exact(path.to_owned()),
            anchor: path.to_owned(),
        }
    }

    /// Whether it matches `path` itself; what lies below is the caller's affair.
    pub(crate) fn matches(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Exact(text) => path == text,
            Matcher::Prefix(prefix) => path.starts_with(prefix.as_str()),
            // `**/foo` is a suffix with a slash, and takes `foo` at the root too.
            Matcher::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path)
            }
            Matcher::States(states) => run(states, path),
        }
    }

    /// Whether it could match something below the folder `path`.
    pub(crate) fn may_match_below(&self, path: &str) -> bool {
        is_within(&self.anchor, path) || is_within(path, &self.anchor)
    }
}

/// Whether `path` is `folder` or lies in it.
fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn compile(text: &str) -> Result<Vec<State>, &'static str> {
    let mut states = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                let _slash = chars.next_if_eq(&'/');
                if chars.peek().is_some() {
                    states.extend([State::MaybeFolders, State::Folders]);
                } else {
                    states.push(State::Rest);
                }
            }
            '*' => states.push(State::Run),
            '?' => states.push(State::One),
            '[' => states.push(class(&mut chars)?),
            '\\' => states.push(State::Char(
                chars
                    .next()
                    .ok_or("a \\ must be followed by the character it escapes")?,
            )),
            c => states.push(State::Char(c)),
        }
    }
    Ok(states)
}

const CLASS: &str = "a [ must be closed, as in [abc], [a-z] or [^0-9]; write \\[ for the character";

/// The rest of a class, after its `[`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<State, &'static str> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Ok(State::Class { negated, ranges });
        }
        let low = class_char(chars)?;
        let high = match chars.next_if_eq(&'-') {
            Some(_) => class_char(chars)?,
            None => low,
        };
        ranges.push((low, high));
    }
}

fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, &'static str> {
    match chars.next() {
        None | Some('-' | ']') => Err(CLASS),
        Some('\\') => chars.next().ok_or(CLASS),
        Some(c) => Ok(c),
    }
}

/// Runs all ways through the automaton side by side: linear in path times pattern.
fn run(states: &[State], path: &str) -> bool {
    let mut now = vec![false; states.len() + 1];
    let mut next = now.clone();
    enter(states, &mut now, 0);
    for c in path.chars() {
        next.fill(false);
        for (at, state) in states.iter().enumerate().filter(|(at, _)| now[*at]) {
            let (stays, goes) = match state {
                State::Char(want) => (false, *want == c),
                State::One => (false, c != '/'),
                State::Run => (c != '/', false),
                State::Rest => (true, false),
                State::MaybeFolders => (false, false),
                State::Folders => (true, c == '/'),
                State::Class { negated, ranges } => (
                    false,
                    ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
                ),
            };
            if stays {
                enter(states, &mut next, at);
            }
            if goes {
                enter(states, &mut next, at + 1);
            }
        }
        std::mem::swap(&mut now, &mut next);
    }
    now[states.len()]
}

/// Marks a state and those that can be reached from it without a character.
fn enter(states: &[State], marks: &mut [bool], at: usize) {
    if std::mem::replace(&mut marks[at], true) {
        return;
    }
    match states.get(at) {
        Some(State::Run | State::Rest) => enter(states, marks, at + 1),
        Some(State::MaybeFolders) => {
            enter(states, marks, at + 1);
            enter(states, marks, at + 2);
        }
        _ => {}
    }
}
