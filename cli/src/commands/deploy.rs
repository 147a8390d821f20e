//! `shipway deploy`: resolve, pack, send what is missing, submit, watch.

use std::path::Path;

use shipway_domain::ids::Digest;
use shipway_domain::spec::{Priority, ReleaseSpec, Revision, Source};
use shipway_manifest::{Facts, Files, Folder, Manifest, Resolved};
use shipway_proto::v1;

use crate::again::again;
use crate::error::Error;
use crate::server::Server;
use crate::session::Session;
use crate::source::checkout::Checkout;
use crate::source::{git, mistakes, pack, upload};
use crate::submitted;

/// Options of `deploy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment, as in shipway.toml
    pub env: String,
    /// What is deployed
    #[command(flatten)]
    pub what: What,
    /// Place among the waiting, 0 to 100, higher first
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub priority: Option<u8>,
    /// Start a deployment although nothing differs
    #[arg(long)]
    pub force: bool,
    /// What happens afterwards
    #[command(flatten)]
    pub after: submitted::Options,
}

/// What is deployed, unless it is the working tree.
#[derive(Debug, Default, clap::Args)]
pub struct What {
    /// Deploy this commit (full hash) instead of the working tree
    #[arg(long, value_name = "SHA", requires = "repo", conflicts_with = "image")]
    pub commit: Option<String>,
    /// The repository of --commit; manifest and task definition are read from the commit, too
    #[arg(long, value_name = "URL", requires = "commit")]
    pub repo: Option<String>,
    /// Deploy this image, by tag or digest, and build nothing
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,
}

/// What a deploy would submit, but for the content of the working tree.
pub(super) fn preview(
    env: &str,
    what: &What,
    session: &mut Session<'_>,
) -> Result<Resolved, Error> {
    let origin = origin(what, session)?;
    let manifest =
        Manifest::read(&session.manifest_name(), &origin.files).map_err(mistakes::error)?;
    let source = source(what, &origin, Digest::of(b""));
    let resolved = resolve(&manifest, env, &source, &origin)?;
    mistakes::warn(session, &resolved.warnings)?;
    Ok(resolved)
}

/// Where the files of a deploy are, and what it is made from.
struct Origin {
    files: Folder,
    checkout: Option<Checkout>,
    revision: Option<Revision>,
    git_tags: Vec<String>,
}

/// Deploys.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let from = session.spans.now();
    let origin = origin(&args.what, session)?;
    let path = session.manifest_name();
    let manifest = Manifest::read(&path, &origin.files).map_err(mistakes::error)?;
    // Before anything is packed or sent: is it right at all?
    let source = source(&args.what, &origin, Digest::of(b""));
    let resolved = resolve(&manifest, &args.env, &source, &origin)?;
    mistakes::warn(session, &resolved.warnings)?;
    session.spans.part("resolve", from);

    let server = session.server().await?;
    let definition = resolved.spec.task_definition.clone();
    let known = upload::ask(&server, &[&definition]).await?;
    let resolved = if matches!(source, Source::Context { .. }) {
        let root = origin.files.0.join(manifest.context_folder());
        let dockerfile = manifest.dockerfile().map(ToOwned::to_owned);
        let from = session.spans.now();
        let context = pack::pack(root, dockerfile, known.limit).await?;
        session.spans.part("pack", from);
        for path in &context.skipped {
            session.note(&format!("left out, for it is no file: {}", path.display()))?;
        }
        let from = session.spans.now();
        send_context(session, &server, &context).await?;
        session.spans.part("upload", from);
        // Tags of a changed work tree name its content.
        let source = self::source(&args.what, &origin, context.digest);
        resolve(&manifest, &args.env, &source, &origin)?
    } else {
        resolved
    };
    if known.missing.contains(&definition) {
        let text = resolved.task_definition.into_bytes();
        upload::bytes_of(&server, &definition, text).await?;
    }

    let mut spec = resolved.spec;
    spec.rollout.force |= args.force;
    if let Some(priority) = args.priority.and_then(Priority::new) {
        spec.priority = priority;
    }
    let title = title(&spec.source, &origin.files.0);
    let from = session.spans.now();
    let reply = submit(&server, &spec, title, &args).await?;
    session.spans.part("submit", from);
    submitted::then(session, server, reply, &args.after).await
}

fn origin(what: &What, session: &Session<'_>) -> Result<Origin, Error> {
    if let (Some(commit), Some(url)) = (&what.commit, &what.repo) {
        let checkout = Checkout::fetch(url, commit, &session.folder())?;
        return Ok(Origin {
            files: Folder(checkout.folder().to_owned()),
            revision: Some(checkout.revision.clone()),
            git_tags: git::tags_there(&checkout.repository, commit),
            checkout: Some(checkout),
        });
    }
    let folder = session.folder();
    let by_image = what.image.is_some();
    Ok(Origin {
        revision: if by_image {
            None
        } else {
            git::revision(&folder)
        },
        git_tags: if by_image {
            Vec::new()
        } else {
            git::tags_here(&folder)
        },
        files: Folder(folder),
        checkout: None,
    })
}

fn source(what: &What, origin: &Origin, blob: Digest) -> Source {
    match (&what.image, &origin.checkout) {
        (Some(reference), _) => Source::Image {
            reference: reference.clone(),
        },
        (None, Some(checkout)) => Source::Commit {
            repository: checkout.repository.clone(),
            folder: String::new(),
            revision: checkout.revision.clone(),
        },
        (None, None) => Source::Context {
            blob,
            revision: origin.revision.clone(),
        },
    }
}

fn resolve(
    manifest: &Manifest,
    env: &str,
    source: &Source,
    origin: &Origin,
) -> Result<Resolved, Error> {
    let facts = Facts {
        source,
        git_tags: &origin.git_tags,
    };
    let files: &dyn Files = &origin.files;
    manifest
        .resolve(env, &facts, files)
        .map_err(mistakes::error)
}

async fn send_context(
    session: &mut Session<'_>,
    server: &Server,
    context: &pack::Context,
) -> Result<(), Error> {
    let known = upload::ask(server, &[&context.digest]).await?;
    if known.missing.is_empty() {
        return Ok(());
    }
    let path = context.file.path();
    upload::file(session, server, &context.digest, path, context.size).await
}

/// What the release is made from, for people.
fn title(source: &Source, folder: &Path) -> String {
    let commit =
        |revision: &Revision| format!("commit {} {:?}", revision.short(), revision.subject);
    match source {
        Source::Context {
            revision: Some(revision),
            ..
        }
        | Source::Commit { revision, .. } => commit(revision),
        Source::Context { revision: None, .. } => {
            let name = folder.file_name().unwrap_or(folder.as_os_str());
            format!("folder {} (no git)", name.to_string_lossy())
        }
        Source::Image { reference } => format!("image {reference}"),
    }
}

/// Submits; the key makes it safe to ask again when no answer came.
async fn submit(
    server: &Server,
    spec: &ReleaseSpec,
    title: String,
    args: &Args,
) -> Result<v1::SubmitReply, Error> {
    let content = match &spec.source {
        Source::Context { blob, .. } => blob.as_str(),
        Source::Commit { revision, .. } => &revision.commit,
        Source::Image { reference } => reference,
    };
    let request = v1::SubmitRequest {
        spec: Some(spec.into()),
        key: args
            .after
            .key(spec.app.as_str(), spec.env.as_str(), content),
        title,
    };
    let call = || {
        let (mut client, request) = (server.client.clone(), request.clone());
        async move { client.submit(request).await }
    };
    match again(call).await {
        Ok(reply) => Ok(reply.into_inner()),
        Err(status) => Err(server.failed(&status)),
    }
}
