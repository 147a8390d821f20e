//! Text for people: styled lines, tables, and how things are written.

pub(crate) mod cleaning;
pub(crate) mod diagnosis;
pub(crate) mod finding;
pub(crate) mod line;
pub(crate) mod preview;
pub(crate) mod reason;
pub(crate) mod table;
pub(crate) mod verdict;
pub(crate) mod waterfall;
pub(crate) mod when;
pub(crate) mod words;

/// That README.md shows this screen as it is.
#[cfg(test)]
pub(crate) fn shown_in_the_readme(screen: &str) {
    let readme = include_str!("../../../README.md");
    let screen = screen.trim_end();
    assert!(readme.contains(screen), "README.md does not show\n{screen}");
}
