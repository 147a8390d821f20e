//! One copy of files from the context into a layer.

mod missing;
#[cfg(test)]
mod tests;
mod tree;

use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use shipway_domain::spec::CopyFiles;
use tar::EntryType;

use self::missing::Around;
use self::tree::{Tree, hidden_link};

/// A copy, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Path in the context; empty for all of it.
    from: PathBuf,
    /// Path in the image without the leading slash; empty for the root.
    to: PathBuf,
    /// Whether `to` was said to be a folder, by a slash at its end.
    into_folder: bool,
    /// Whether there is a base image below.
    on_base: bool,
}

/// What a copy put into the layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// Why a copy failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    /// The files cannot be copied as ordered.
    Invalid(String),
    /// Reading the context or writing the layer failed.
    Io(io::Error),
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Copy {
    /// Checks the paths; the error is a sentence for people.
    pub(crate) fn new(files: &CopyFiles, on_base: bool) -> Result<Self, String> {
        let CopyFiles { from, to } = files;
        let from_path = inside(from.trim_start_matches('/'))
            .ok_or_else(|| format!("{from:?} leads out of the context"))?;
        let to_path = to.strip_prefix('/').and_then(inside).ok_or_else(|| {
            format!(
                "{to:?} is no path in the image; it must be absolute, as in /app, and without .."
            )
        })?;
        if on_base && let Some(problem) = hidden_link(&to_path) {
            return Err(problem);
        }
        Ok(Self {
            from: from_path,
            to: to_path,
            into_folder: to.ends_with('/'),
            on_base,
        })
    }

    /// How people say it: `dist to /app`.
    pub(crate) fn describe(&self) -> String {
        let from = match self.from.display().to_string() {
            from if from.is_empty() => ".".to_owned(),
            from => from,
        };
        let slash = if self.into_folder && !self.to.as_os_str().is_empty() {
            "/"
        } else {
            ""
        };
        format!("{from} to /{}{slash}", self.to.display())
    }

    /// Copies from the context's tar into the layer's.
    pub(crate) fn run<W: Write>(
        &self,
        context: impl Read,
        layer: &mut tar::Builder<W>,
    ) -> Result<Copied, CopyError> {
        let mut around = Around::default();
        let mut layer = Tree::new(layer, self.on_base);
        let mut found = self.from.as_os_str().is_empty();
        if found {
            layer.folder(&self.to)?;
        }
        let mut archive = tar::Archive::new(context);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let Ok(rest) = path.strip_prefix(&self.from) else {
                around.note(&path, entry.header().entry_type(), &self.from);
                continue;
            };
            check_name(&path)?;
            found = true;
            let single = rest.as_os_str().is_empty();
            let to = match entry.header().entry_type() {
                EntryType::Directory => {
                    // Joined with nothing it would end in a slash.
                    let below = self.to.join(rest);
                    layer.folder(if single { &self.to } else { &below })?;
                    continue;
                }
                EntryType::Symlink if single => {
                    return Err(CopyError::Invalid(link_named(&path, &entry)));
                }
                _ if single => self.file_to(&path),
                _ => self.to.join(rest),
            };
            layer.copy(&mut entry, &to)?;
        }
        if found {
            return Ok(layer.copied());
        }
        Err(CopyError::Invalid(around.missing(&self.from)))
    }

    /// Where a single file goes.
    fn file_to(&self, path: &Path) -> PathBuf {
        match path.file_name() {
            Some(name) if self.into_folder => self.to.join(name),
            _ => self.to.clone(),
        }
    }
}

/// The path without `.`, or `None` when `..` leads out of where it starts.
fn inside(path: &str) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::ParentDir if clean.pop() => {}
            _ => return None,
        }
    }
    Some(clean)
}

/// Refuses what would not end up as a plain file where it was sent.
fn check_name(path: &Path) -> Result<(), CopyError> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let why = if !path.components().all(|c| matches!(c, Component::Normal(_))) {
        "which is not a path inside of it"
    } else if name.starts_with(b".wh.") {
        "and names that start with .wh. delete files in an image layer"
    } else {
        return Ok(());
    };
    let text = format!("the context holds {path:?}, {why}");
    Err(CopyError::Invalid(text))
}

fn link_named<R: Read>(path: &Path, entry: &tar::Entry<'_, R>) -> String {
    let leads = entry.link_name().ok().flatten().unwrap_or_default();
    format!("{path:?} is a symbolic link to {leads:?}; name what is to be copied itself")
}
