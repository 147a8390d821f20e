//! A task definition file that was read.

use std::io;

use shipway_domain::document::{Document, Span, Spans, SyntaxError};

use crate::files::Files;
use crate::mistake::Mistake;
use crate::text_file::TextFile;

/// A task definition file and what it holds.
pub(crate) struct DefinitionFile {
    pub(crate) file: TextFile,
    pub(crate) document: Document,
}

/// Why there is none.
pub(crate) enum NoDefinition {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// It is no JSON.
    NoJson(Box<Mistake>),
}

impl DefinitionFile {
    pub(crate) fn read(path: &str, files: &dyn Files) -> Result<Self, NoDefinition> {
        let text = files.read(path).map_err(NoDefinition::Unreadable)?;
        let parsed = Document::parse_with_spans(&text);
        let mut file = TextFile {
            path: path.to_owned(),
            text,
            spans: Spans::default(),
        };
        match parsed {
            Ok((document, spans)) => {
                file.spans = spans;
                Ok(Self { file, document })
            }
            Err(SyntaxError {
                line,
                column,
                message,
            }) => {
                let span = Span {
                    line,
                    column,
                    width: 1,
                };
                let help = "the file is JSON as register-task-definition --cli-input-json takes it";
                let mistake = file.mistake_at(span, message, [help.to_owned()]);
                Err(NoDefinition::NoJson(Box::new(mistake)))
            }
        }
    }
}
