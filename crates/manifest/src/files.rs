//! Where files come from: a folder, or a commit of a git repository.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Gives the text of files by path, with `/` between names.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// `NotFound` when there is none, `InvalidData` when it is no UTF-8, and whatever reading meets.
    fn read(&self, path: &str) -> io::Result<String>;
}

/// The files of a folder; absolute paths are taken as they are.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> io::Result<String> {
        fs::read_to_string(self.0.join(path))
    }
}
