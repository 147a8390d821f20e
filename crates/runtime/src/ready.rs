//! The ready file: written, whole or not at all, once everything answers.

use std::io::Write as _;
use std::path::Path;

/// Writes `json` to `path` so that a reader never sees half of it.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(path: &Path, json: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(json.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
