//! A manifest that was read, and what can be asked of it.

use shipway_domain::document::{Document, Pointer, Spans};
use shipway_domain::ids::Digest;
use shipway_domain::spec::{ReleaseSpec, Revision, Source};

use crate::error::ManifestError;
use crate::file::{BuilderName, ManifestFile};
use crate::files::Files;
use crate::mistake::{Level, Mistake, Mistakes};
use crate::text_file::TextFile;
use crate::{check, path, resolve, schema, toml_tree};

/// A manifest whose keys and kinds are right. What its texts mean is found out when an environment
/// is resolved.
#[derive(Debug)]
pub struct Manifest {
    pub(crate) source: TextFile,
    pub(crate) document: Document,
    pub(crate) file: ManifestFile,
}

/// What is known of a release outside of its files.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// Where the image comes from. A commit's folder is set by [`Manifest::resolve`].
    pub source: &'f Source,
    /// The git tags of the commit, for `{version}`.
    pub git_tags: &'f [String],
}

/// One environment, ready to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The submission; a deploy. Its `task_definition` is the digest of the text below.
    pub spec: ReleaseSpec,
    /// The task definition as JSON on one line, with variables filled in.
    pub task_definition: String,
    /// What works, but hardly as meant.
    pub warnings: Vec<Mistake>,
}

impl Manifest {
    /// Reads a manifest. `path` is shown in mistakes as it is given; files that the manifest names
    /// are looked for beside it.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or has keys or kinds that do not fit; all of them at once.
    pub fn read(path: &str, files: &dyn Files) -> Result<Self, ManifestError> {
        let text = files
            .read(path)
            .map_err(|source| ManifestError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        Self::parse(path, text).map_err(ManifestError::Mistakes)
    }

    fn parse(path: &str, text: String) -> Result<Self, Mistakes> {
        let mut source = TextFile {
            path: path.to_owned(),
            text,
            spans: Spans::default(),
        };
        let document = match toml_tree::parse(&source.text) {
            Ok((document, spans)) => {
                source.spans = spans;
                document
            }
            Err(bad) => return Err(Mistakes(vec![source.mistake_at(bad.span, bad.message, [])])),
        };
        let found = check::check(&document, &source, &schema::value());
        if !found.is_empty() {
            return Err(Mistakes(found));
        }
        // The schema was made from the type, so this fails only where the two tell it apart.
        let file = serde_json::from_str(&document.to_string()).map_err(|error| {
            Mistakes(vec![source.mistake(
                &Pointer::root(),
                error.to_string(),
                [],
            )])
        })?;
        Ok(Self {
            source,
            document,
            file,
        })
    }

    /// The name of the app, as it is written.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.file.app
    }

    /// The names of the environments, in the order of the file.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        let all = self.document.get("env").map_or(&[][..], Document::members);
        all.iter().map(|(name, _)| name.as_str())
    }

    /// The folder that is sent to the builder, seen from where the manifest's path starts.
    #[must_use]
    pub fn context_folder(&self) -> String {
        self.beside(self.file.build.context.as_deref().unwrap_or("."))
    }

    /// The Dockerfile, relative to the context; `None` when no Dockerfile is built.
    #[must_use]
    pub fn dockerfile(&self) -> Option<&str> {
        let build = &self.file.build;
        let dockerfile = build.dockerfile.as_deref().unwrap_or("Dockerfile");
        (build.builder == BuilderName::Docker).then_some(dockerfile)
    }

    /// Turns one environment into a submission.
    ///
    /// # Errors
    /// All mistakes of the manifest and the task definition that concern this environment.
    pub fn resolve(
        &self,
        env: &str,
        facts: &Facts<'_>,
        files: &dyn Files,
    ) -> Result<Resolved, ManifestError> {
        resolve::release(self, env, facts, files).map_err(ManifestError::Mistakes)
    }

    /// Checks all environments as far as files tell, and answers the warnings.
    ///
    /// # Errors
    /// All mistakes of all environments.
    pub fn validate(&self, files: &dyn Files) -> Result<Vec<Mistake>, ManifestError> {
        // Any clean work tree will do: what a real one lacks is told when it is deployed.
        let source = Source::Context {
            blob: Digest::of(b""),
            revision: Some(Revision {
                commit: "0".repeat(40),
                subject: String::new(),
                committed_at: 0,
                dirty: false,
                repository: None,
            }),
        };
        let facts = Facts {
            source: &source,
            git_tags: &[],
        };
        let mut found: Vec<Mistake> = Vec::new();
        for env in self.environments() {
            let mistakes = match resolve::release(self, env, &facts, files) {
                Ok(resolved) => resolved.warnings,
                Err(Mistakes(mistakes)) => mistakes,
            };
            for mistake in mistakes {
                if !found.contains(&mistake) {
                    found.push(mistake);
                }
            }
        }
        if found.iter().any(|mistake| mistake.level == Level::Error) {
            return Err(ManifestError::Mistakes(Mistakes(found)));
        }
        Ok(found)
    }

    /// A path of the manifest, seen from where the manifest's own path starts.
    pub(crate) fn beside(&self, relative: &str) -> String {
        path::join(path::folder_of(&self.source.path), relative)
    }
}
