//! Ignore files: which paths of a tree are left out.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::ContextError;
use crate::pattern::Pattern;

/// Which ignore file is honoured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IgnoreFile {
    /// `<dockerfile>.dockerignore` when it exists, else `.dockerignore`, else nothing is ignored.
    #[default]
    Auto,
    /// None.
    None,
}

/// The rules of an ignore file: the last pattern that matches decides.
#[derive(Clone, Debug)]
pub struct IgnoreRules {
    patterns: Vec<Pattern>,
}

impl IgnoreRules {
    /// Rules that leave out `.git` only, at any depth.
    ///
    /// Docker would send it. Here it would give every commit, fetch and `git status` a new digest
    /// of the same tree, and history may hold secrets that were deleted long ago. A line `!.git`
    /// brings it back.
    #[must_use]
    pub fn without_git() -> Self {
        let git = Pattern::new("**/.git", false);
        Self {
            patterns: git.into_iter().collect(),
        }
    }

    /// Adds the lines of an ignore file; `file` is its name in errors.
    ///
    /// # Errors
    /// [`ContextError::Pattern`] with file and line.
    pub fn add(&mut self, text: &str, file: &Path) -> Result<(), ContextError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let pattern = parse_line(line).map_err(|reason| ContextError::Pattern {
                file: file.to_owned(),
                line: index + 1,
                text: line.to_owned(),
                reason,
            })?;
            self.patterns.extend(pattern);
        }
        Ok(())
    }

    /// Sends this path in any case.
    pub(crate) fn keep(&mut self, path: &str) {
        self.patterns.push(Pattern::exactly(path, true));
    }

    /// Whether the path (relative, with slashes) is left out.
    #[must_use]
    pub fn excludes(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        let above = folders.fold(Judged::default(), |above, folder| {
            self.judge(folder, &above)
        });
        self.judge(path, &above).excluded
    }

    /// Judges a path, given how the folder it lies in was judged.
    ///
    /// The last pattern that matches the path or a folder above it decides. As in Moby, an
    /// exception that names a folder counts for what is below only if the folder itself was
    /// excluded up to there: `**/*.md` and `!docs` leave `docs/a.md` out.
    pub(crate) fn judge(&self, path: &str, above: &Judged) -> Judged {
        let mut excluded = false;
        let matched = self
            .patterns
            .iter()
            .enumerate()
            .map(|(index, pattern)| {
                let inherited = above.matched.get(index).copied().unwrap_or(false);
                let matched = inherited || (pattern.exception == excluded && pattern.matches(path));
                if matched {
                    excluded = !pattern.exception;
                }
                matched
            })
            .collect();
        Judged { excluded, matched }
    }

    /// Whether something below an excluded folder may be sent all the same.
    pub(crate) fn may_keep_below(&self, folder: &str) -> bool {
        self.patterns
            .iter()
            .any(|p| p.exception && p.may_match_below(folder))
    }
}

/// What the rules say of one path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// Whether it is left out.
    pub(crate) excluded: bool,
    /// Which patterns matched it or a folder above; empty above the root's entries.
    matched: Vec<bool>,
}

fn parse_line(line: &str) -> Result<Option<Pattern>, &'static str> {
    // A comment starts in the first column, before blanks are cut.
    if line.starts_with('#') {
        return Ok(None);
    }
    let line = line.trim();
    let (exception, body) = match line.strip_prefix('!') {
        Some(body) => (true, body.trim()),
        None => (false, line),
    };
    let path = clean(body);
    match path.as_str() {
        "" if exception => Err("a ! must be followed by a pattern"),
        "" => Ok(None),
        path => Pattern::new(path, exception).map(Some),
    }
}

/// Takes out `.`, `..`, doubled, leading and trailing slashes, as Go's `filepath.Clean` does.
pub(crate) fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Reads the rules for a tree, and the name of the ignore file they came from.
pub(crate) fn load(
    root: &Path,
    which: IgnoreFile,
    dockerfile: Option<&str>,
) -> Result<(IgnoreRules, Option<String>), ContextError> {
    let mut rules = IgnoreRules::without_git();
    let candidates = match which {
        IgnoreFile::None => Vec::new(),
        IgnoreFile::Auto => dockerfile
            .map(|name| format!("{name}.dockerignore"))
            .into_iter()
            .chain([".dockerignore".to_owned()])
            .collect(),
    };
    for name in candidates {
        let path: PathBuf = root.join(&name);
        match fs::read(&path) {
            Ok(bytes) => {
                rules.add(&String::from_utf8_lossy(&bytes), &path)?;
                return Ok((rules, Some(name)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ContextError::Read { path, source }),
        }
    }
    Ok((rules, None))
}
