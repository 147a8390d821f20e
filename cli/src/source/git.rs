//! Facts about a git work tree, by running `git`.

use std::path::Path;
use std::process::{Command, Stdio};

use shipway_domain::spec::Revision;

use crate::error::{Error, Kind};

/// Set by git for the hooks that it runs: they would have our git look at the hook's repository,
/// whatever folder it is told.
const OF_THE_CALLER: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
];

/// The commit that `folder` stands on; `None` without git, outside of a work tree, and before the
/// first commit.
pub(crate) fn revision(folder: &Path) -> Option<Revision> {
    let log = output(
        folder,
        &["log", "-1", "--no-show-signature", "--format=%H%n%ct%n%s"],
    )
    .ok()?;
    let mut lines = log.lines();
    let commit = lines.next()?.to_owned();
    let committed_at = lines.next()?.parse().ok()?;
    let subject = lines.next().unwrap_or_default().to_owned();
    let changes = output(folder, &["status", "--porcelain"]).ok()?;
    let repository = output(folder, &["remote", "get-url", "origin"]).ok();
    Some(Revision {
        commit,
        subject,
        committed_at,
        dirty: !changes.is_empty(),
        repository: repository.map(|url| without_password(url.trim())),
    })
}

/// The tags of the commit that `folder` stands on.
pub(crate) fn tags_here(folder: &Path) -> Vec<String> {
    let tags = output(folder, &["tag", "--points-at", "HEAD"]).unwrap_or_default();
    tags.lines().map(ToOwned::to_owned).collect()
}

/// The tags of a commit in a repository elsewhere.
pub(crate) fn tags_there(repository: &str, commit: &str) -> Vec<String> {
    let all = output(Path::new("."), &["ls-remote", "--tags", repository]).unwrap_or_default();
    let names = all.lines().filter_map(|line| {
        let name = line
            .strip_prefix(commit)?
            .trim_start()
            .strip_prefix("refs/tags/")?;
        // An annotated tag names its commit on a second line.
        Some(name.strip_suffix("^{}").unwrap_or(name).to_owned())
    });
    names.collect()
}

/// The URL without the user and password that some put into it: it is shown and stored.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        // ssh needs its user; a password there is not used by anyone.
        Some(at) if !rest[..at].contains(':') && scheme.contains("ssh") => url.to_owned(),
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// Runs git in `folder` and gives what it printed.
pub(crate) fn output(folder: &Path, args: &[&str]) -> Result<String, Error> {
    let what = args.first().copied().unwrap_or_default();
    let mut git = Command::new("git");
    for name in OF_THE_CALLER {
        git.env_remove(name);
    }
    let output = git
        .arg("-C")
        .arg(folder)
        .args(args)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| Error::local("could not run git", cause))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said
        .trim()
        .lines()
        .next_back()
        .unwrap_or("it said nothing")
        .to_owned();
    Err(Error::new(
        Kind::Local,
        format!("git {what} failed: {said}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let git = |args: &[&str]| output(folder.path(), args).expect("git works");
        git(&["init", "-q"]);
        git(&[
            "remote",
            "add",
            "origin",
            "https://ci:secret@example.com/web.git",
        ]);
        std::fs::write(folder.path().join("a"), "a").expect("written");
        git(&["add", "a"]);
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
        git(&[&who[..], &["commit", "-q", "-m", "Faster cart\n\nmore"]].concat());
        folder
    }

    #[test]
    fn a_work_tree_tells_its_commit() {
        let folder = repository();
        let seen = revision(folder.path()).expect("a revision");
        assert_eq!(seen.subject, "Faster cart");
        assert_eq!(seen.commit.len(), 40);
        assert!(seen.committed_at > 0 && !seen.dirty);
        assert_eq!(
            seen.repository.as_deref(),
            Some("https://example.com/web.git")
        );
    }

    #[test]
    fn a_new_file_makes_it_dirty() {
        let folder = repository();
        std::fs::write(folder.path().join("b"), "b").expect("written");
        assert!(revision(folder.path()).expect("a revision").dirty);
    }

    #[test]
    fn a_folder_without_git_has_no_revision() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(revision(folder.path()), None);
    }

    #[test]
    fn passwords_do_not_travel() {
        for (url, kept) in [
            ("https://u:p@h.example/x", "https://h.example/x"),
            ("https://token@h.example/x", "https://h.example/x"),
            ("ssh://git@h.example/x", "ssh://git@h.example/x"),
            ("git@h.example:x.git", "git@h.example:x.git"),
            ("/srv/git/x@y", "/srv/git/x@y"),
        ] {
            assert_eq!(without_password(url), kept);
        }
    }
}
