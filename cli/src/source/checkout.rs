//! A commit of another repository, fetched into a temporary folder to read its manifest.

use std::path::Path;

use shipway_domain::spec::Revision;
use tempfile::TempDir;

use crate::error::Error;
use crate::source::git;

/// A fetched commit.
pub(crate) struct Checkout {
    /// Gone when this value is.
    folder: TempDir,
    /// What agents fetch from.
    pub(crate) repository: String,
    /// The commit.
    pub(crate) revision: Revision,
}

impl Checkout {
    /// Fetches `commit` (the full hash) of the repository at `url`; a path is taken from `base`.
    pub(crate) fn fetch(url: &str, commit: &str, base: &Path) -> Result<Self, Error> {
        let is_hash =
            matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hash {
            return Err(Error::usage(format!("{commit:?} is no full commit hash"))
                .hint("git rev-parse HEAD prints it: 40 hexadecimal digits"));
        }
        if git::without_password(url) != url || url.starts_with('-') {
            return Err(
                Error::usage("the URL of the repository must not hold a user or password")
                    .hint("the agents have their own access to repositories"),
            );
        }
        let repository = match base.join(url) {
            path if path.is_dir() => std::fs::canonicalize(&path)
                .unwrap_or(path)
                .display()
                .to_string(),
            _ => url.to_owned(),
        };
        let folder = tempfile::tempdir()
            .map_err(|cause| Error::local("could not make a temporary folder", cause))?;
        let git = |args: &[&str]| git::output(folder.path(), args);
        git(&["init", "-q"])?;
        git(&["fetch", "-q", "--depth", "1", &repository, commit]).map_err(|error| {
            error.hint(format!(
                "is {commit} pushed to {repository}, and may you read it?"
            ))
        })?;
        git(&[
            "-c",
            "advice.detachedHead=false",
            "checkout",
            "-q",
            "FETCH_HEAD",
        ])?;
        let revision = git::revision(folder.path()).ok_or_else(|| {
            Error::local("the fetched commit cannot be read", "git log said nothing")
        })?;
        Ok(Self {
            revision: Revision {
                dirty: false,
                repository: Some(repository.clone()),
                ..revision
            },
            repository,
            folder,
        })
    }

    /// Where its files lie for now.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_fetched_by_its_full_hash() {
        let origin = tempfile::tempdir().expect("a folder");
        let git = |args: &[&str]| git::output(origin.path(), args).expect("git works");
        git(&["init", "-q"]);
        std::fs::write(origin.path().join("shipway.toml"), "one").expect("written");
        git(&["add", "."]);
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
        git(&[&who[..], &["commit", "-q", "-m", "First"]].concat());
        let hash = git(&["rev-parse", "HEAD"]).trim().to_owned();
        std::fs::write(origin.path().join("shipway.toml"), "two").expect("written");

        let checkout = Checkout::fetch(".", &hash, origin.path()).expect("fetched");
        assert_eq!(checkout.revision.commit, hash);
        assert!(!checkout.revision.dirty);
        let text = std::fs::read_to_string(checkout.folder().join("shipway.toml"));
        assert_eq!(text.expect("read"), "one");
    }

    #[test]
    fn a_short_hash_is_refused_with_what_would_be_right() {
        let error = Checkout::fetch(".", "4f1c2d9", Path::new("/"))
            .err()
            .expect("refused");
        assert_eq!(error.kind, crate::Kind::Usage);
        assert!(error.hints[0].contains("rev-parse"));
    }
}
