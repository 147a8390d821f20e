//! What a wrong manifest means for a command: shown as it is, with exit code 2.

use serde_json::{Value, json};
use shipway_manifest::{Level, ManifestError, Mistake};

use crate::error::Error;
use crate::session::Session;
use crate::text::words::count;

/// The error of a command whose manifest cannot be used.
pub(crate) fn error(error: ManifestError) -> Error {
    match error {
        ManifestError::Mistakes(mistakes) => {
            // Warnings are shown with them and need not be put right.
            let errors = mistakes.0.iter().filter(|m| m.level == Level::Error);
            let number = count(errors.count(), "mistake");
            Error::usage(format!("{number} to put right")).details(mistakes.to_string())
        }
        ManifestError::Unreadable { path, source } => {
            Error::usage(format!("cannot read the manifest {path}"))
                .because(source)
                .hint("--file names another one, -C another folder")
                .hint("shipway init writes a first one")
        }
    }
}

/// Shows warnings on stderr.
pub(crate) fn warn(session: &mut Session<'_>, warnings: &[Mistake]) -> Result<(), Error> {
    for warning in warnings {
        session.note(&format!("{warning}\n"))?;
    }
    Ok(())
}

/// Mistakes as JSON.
pub(crate) fn objects(mistakes: &[Mistake]) -> Value {
    let object = |mistake: &Mistake| {
        json!({
            "file": mistake.file,
            "line": mistake.span.line,
            "column": mistake.span.column,
            "about": mistake.label,
            "message": mistake.message,
            "help": mistake.help,
        })
    };
    mistakes.iter().map(object).collect()
}
