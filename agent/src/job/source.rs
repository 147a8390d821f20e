//! The source of a build as a context tar: fetched from the coordinator, or packed from a commit.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use shipway_context::{IgnoreFile, PackOptions, pack};
use shipway_domain::ids::Digest;
use shipway_domain::spec::{Builder, ReleaseSpec, Revision, Source};
use tempfile::TempDir;
use tokio::process::Command;

use crate::client::Client;

/// Largest context that an agent packs, in bytes.
const MAX_BYTES: u64 = 2 << 30;

/// A context tar in a folder of its own, which goes with it.
pub(super) struct Context {
    pub(super) tar: PathBuf,
    pub(super) digest: Digest,
    pub(super) size: u64,
    _folder: TempDir,
}

/// Gets the context of a release; `None` when its source is an image.
pub(super) async fn fetch(spec: &ReleaseSpec, client: &Client) -> anyhow::Result<Option<Context>> {
    let folder = tempfile::Builder::new()
        .prefix("shipway-build-")
        .tempdir()
        .context("no folder for the build could be made")?;
    let tar = folder.path().join("context.tar");
    let (digest, size) = match &spec.source {
        Source::Image { .. } => return Ok(None),
        Source::Context { blob, .. } => {
            let size = client
                .blob_into(blob, &tar)
                .await
                .context("the context could not be fetched")?;
            (blob.clone(), size)
        }
        Source::Commit {
            repository,
            folder: inside,
            revision,
        } => {
            let tree = folder.path().join("tree");
            check_out(repository, revision, &tree).await?;
            let root = tree.join(inside);
            anyhow::ensure!(
                root.starts_with(&tree),
                "folder {inside:?} leaves the repository"
            );
            pack_tree(root, tar.clone(), dockerfile(spec)).await?
        }
    };
    Ok(Some(Context {
        tar,
        digest,
        size,
        _folder: folder,
    }))
}

fn dockerfile(spec: &ReleaseSpec) -> Option<String> {
    match spec.build.as_ref().map(|build| &build.builder) {
        Some(Builder::Docker(docker)) if !docker.dockerfile.is_empty() => {
            Some(docker.dockerfile.clone())
        }
        _ => None,
    }
}

async fn pack_tree(
    root: PathBuf,
    tar: PathBuf,
    dockerfile: Option<String>,
) -> anyhow::Result<(Digest, u64)> {
    let packed = tokio::task::spawn_blocking(move || {
        let out = std::io::BufWriter::new(std::fs::File::create(&tar)?);
        let options = PackOptions {
            ignore: IgnoreFile::Auto,
            dockerfile,
            max_bytes: MAX_BYTES,
        };
        anyhow::Ok(pack(&root, &options, out)?)
    });
    let packed = packed.await.context("packing was cut off")??;
    Ok((Digest::from_sha256(packed.digest), packed.bytes))
}

/// Fetches one commit, without history.
async fn check_out(repository: &str, revision: &Revision, into: &Path) -> anyhow::Result<()> {
    // What git would take for an option or a command is no repository.
    anyhow::ensure!(
        !repository.starts_with('-') && !repository.starts_with("ext::"),
        "{repository:?} is no URL of a repository"
    );
    let commit = &revision.commit;
    anyhow::ensure!(
        commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{commit:?} is no full commit hash"
    );
    std::fs::create_dir_all(into)?;
    git(into, &["init", "--quiet"]).await?;
    git(
        into,
        &[
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--",
            repository,
            commit,
        ],
    )
    .await?;
    git(into, &["checkout", "--quiet", "--detach", "FETCH_HEAD"]).await
}

async fn git(folder: &Path, args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(args)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("git could not be run; is it installed on the agent?")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::bail!(
        "git {} failed: {}",
        args.first().unwrap_or(&""),
        said.trim()
    )
}
