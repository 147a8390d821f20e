//! Build and push with the classic image store: BuildKit builds, the engine pushes (build-facts 1.2).

use std::collections::HashMap;

use http::Method;
use shipway_domain::ids::Digest;
use shipway_plugin::{BuildError, Built, LogStream, Login};

use crate::auth_header;
use crate::engine::{Engine, Route};
use crate::job::{Job, fresh_id};
use crate::proof;
use crate::push;
use crate::push_output::PushOutput;
use crate::request::Export;
use crate::turns::Turns;

/// Local repository in which an image waits for its push, under a tag of its own, so that the end
/// of another build with the same result does not take it away.
const WAITING: &str = "shipway-build";

/// Builds the job's image and pushes all its tags.
pub(crate) async fn build(job: &Job<'_>, turns: &Turns) -> Result<Built, BuildError> {
    let id = fresh_id()?;
    let mut names = LocalNames {
        engine: job.engine,
        names: vec![format!("{WAITING}:{id}")],
    };
    let result = build_and_push(job, &id, &mut names, turns).await;
    names.remove().await;
    result
}

async fn build_and_push(
    job: &Job<'_>,
    id: &str,
    names: &mut LocalNames<'_>,
    turns: &Turns,
) -> Result<Built, BuildError> {
    let waiting = format!("{WAITING}:{id}");
    let export = Export {
        exporter: "moby",
        attrs: HashMap::from([("name".to_owned(), waiting.clone())]),
    };
    let solved = job.solve(id, export).await.map_err(|e| job.error(e))?;

    job.progress.pushing();
    let turn = job.until_stopped(turns.take(&job.order.image)).await?;
    let pushed = push_tags(job, &waiting, names).await;
    // Before the turn is over, or the next build's tags would be taken away.
    names.remove_all_but(&waiting).await;
    drop(turn);
    let (digest, bytes_pushed) = pushed?;
    Ok(Built {
        digest,
        manifests: Vec::new(),
        stages: solved.stages,
        cached: solved.cached,
        bytes_pushed,
    })
}

/// Pushes the tags one after another, each with a fresh login, and proves that the image is there.
async fn push_tags(
    job: &Job<'_>,
    waiting: &str,
    names: &mut LocalNames<'_>,
) -> Result<(Digest, u64), BuildError> {
    let image = &job.order.image;
    let mut proven: Option<Digest> = None;
    let mut bytes = 0;
    for tag in &job.order.tags {
        // Not broken off by a stop: we must know whether the name is there.
        let path = format!("/images/{waiting}/tag?repo={image}&tag={tag}");
        let route = Route::new("/images/{name}/tag", &path);
        let tagged = job.engine.call(Method::POST, route, None).await;
        tagged.map_err(|error| push::call_failed(image, error))?;
        names.names.push(format!("{image}:{tag}"));

        let (digest, sent, login) = job.until_stopped(push_tag(job, tag)).await??;
        bytes += sent;
        match &proven {
            None => {
                let proving = proof::prove(job.engine, image, &digest, &login);
                job.until_stopped(proving).await??;
                proven = Some(digest);
            }
            Some(first) if *first == digest => {}
            Some(first) => {
                return Err(BuildError::Interrupted(format!(
                    "{image}:{tag} was pushed as {digest}, the same image before as {first}: somebody else moved the tag in the engine"
                )));
            }
        }
    }
    let digest = proven.ok_or_else(|| BuildError::Invalid("there is no tag to push".to_owned()))?;
    Ok((digest, bytes))
}

/// Pushes one tag; when the registry refuses the login, once more with a new one.
async fn push_tag(job: &Job<'_>, tag: &str) -> Result<(Digest, u64, Login), BuildError> {
    let name = format!("{}:{tag}", job.order.image);
    let mut retried = false;
    loop {
        let login = push::login(&*job.order.login, &name).await?;
        match push_once(job, tag, &login).await {
            Ok((digest, sent)) => return Ok((digest, sent, login)),
            Err(error) if push::wants_new_login(&error) && !retried => {
                let text = format!("{error}; once more with a new login");
                job.progress.line(LogStream::Builder, &text);
                retried = true;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn push_once(job: &Job<'_>, tag: &str, login: &Login) -> Result<(Digest, u64), BuildError> {
    let image = &job.order.image;
    let name = format!("{image}:{tag}");
    let path = format!("/images/{image}/push?tag={tag}");
    let auth = auth_header::value(login);
    let mut output = PushOutput::default();
    job.engine
        .stream(
            Method::POST,
            Route::new("/images/{name}/push", &path),
            Some((auth_header::NAME, &auth)),
            |chunk| output.take(chunk, |line| job.progress.line(LogStream::Builder, line)),
        )
        .await
        .map_err(|error| push::call_failed(&name, error))?;
    output
        .result()
        .map_err(|message| push::refused(&name, message))
}

/// Names that this build gave to images in the engine; they are taken away at its end. The layers
/// stay in the build cache.
struct LocalNames<'a> {
    engine: &'a Engine,
    names: Vec<String>,
}

impl LocalNames<'_> {
    async fn remove(&mut self) {
        self.remove_all_but("").await;
    }

    async fn remove_all_but(&mut self, kept: &str) {
        let (kept, gone) = self.names.drain(..).partition(|name| name == kept);
        self.names = kept;
        for name in gone as Vec<String> {
            let path = format!("/images/{name}");
            let route = Route::new("/images/{name}", &path);
            if let Err(error) = self.engine.call(Method::DELETE, route, None).await {
                // It may never have been made. What stays is a name, no harm.
                tracing::debug!(%name, %error, "a local image name was not removed");
            }
        }
    }
}
