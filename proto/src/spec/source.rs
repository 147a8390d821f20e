//! Where an image comes from.

use shipway_domain::ids::Digest;
use shipway_domain::spec::{Revision, Source};

use crate::error::ConversionError;
use crate::fields::{alternative, name, optional, required};
use crate::v1;
use crate::v1::source::{Commit, Context, Image, Source as Kind};

impl From<&Source> for v1::Source {
    fn from(source: &Source) -> Self {
        let source = match source {
            Source::Context { blob, revision } => Kind::Context(Context {
                blob: blob.as_str().to_owned(),
                revision: revision.as_ref().map(Into::into),
            }),
            Source::Commit {
                repository,
                folder,
                revision,
            } => Kind::Commit(Commit {
                repository: repository.clone(),
                folder: folder.clone(),
                revision: Some(revision.into()),
            }),
            Source::Image { reference } => Kind::Image(Image {
                reference: reference.clone(),
            }),
        };
        Self {
            source: Some(source),
        }
    }
}

impl TryFrom<v1::Source> for Source {
    type Error = ConversionError;

    fn try_from(message: v1::Source) -> Result<Self, ConversionError> {
        match alternative(message.source)? {
            Kind::Context(context) => read_context(context).map_err(|e| e.under("context")),
            Kind::Commit(commit) => read_commit(commit).map_err(|e| e.under("commit")),
            Kind::Image(Image { reference }) => Ok(Self::Image { reference }),
        }
    }
}

fn read_context(context: Context) -> Result<Source, ConversionError> {
    Ok(Source::Context {
        blob: name("blob", context.blob, Digest::new)?,
        revision: optional("revision", context.revision)?,
    })
}

fn read_commit(commit: Commit) -> Result<Source, ConversionError> {
    Ok(Source::Commit {
        repository: commit.repository,
        folder: commit.folder,
        revision: required("revision", commit.revision)?,
    })
}

impl From<&Revision> for v1::Revision {
    fn from(revision: &Revision) -> Self {
        Self {
            commit: revision.commit.clone(),
            subject: revision.subject.clone(),
            committed_at: revision.committed_at,
            dirty: revision.dirty,
            repository: revision.repository.clone(),
        }
    }
}

impl From<v1::Revision> for Revision {
    fn from(message: v1::Revision) -> Self {
        Self {
            commit: message.commit,
            subject: message.subject,
            committed_at: message.committed_at,
            dirty: message.dirty,
            repository: message.repository,
        }
    }
}
