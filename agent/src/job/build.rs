//! Gives the release its image: builds and pushes it, or finds it; makes sure that every target can
//! pull it before any of them is touched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{NoteLevel, Step, StepResult};
use shipway_domain::ids::Digest;
use shipway_domain::image;
use shipway_domain::job::{BuiltImage, Outcome};
use shipway_domain::spec::{BuildSettings, SecretSource, Source};
use shipway_domain::task_definition::platform_of;
use shipway_domain::verdict::Finding;
use shipway_plugin::{
    BuildError, BuildOrder, BuildProgress, Builder, ImageFacts, LogStream, RegionApi, RegistryApi,
    RepositorySeen, Secret, Took,
};
use tokio_util::sync::CancellationToken;

use super::login::RegistryLogin;
use super::source::{self, Context};
use super::{Short, Work, bad_offer, points, repository, scan};
use crate::metrics;
use crate::running::{Gone, Running};
use crate::steps::Steps;

/// Why a build ends without an image.
pub(super) enum NoImage {
    Short(Short),
    Stopped,
}

impl<E: Into<Short>> From<E> for NoImage {
    fn from(short: E) -> Self {
        Self::Short(short.into())
    }
}

/// Builds, or finds.
pub(crate) async fn run(mut work: Work, builders: &[Arc<dyn Builder>]) -> Result<Outcome, Gone> {
    let mut stop = work.running.stop();
    let gone = work.running.gone().clone();
    let token = CancellationToken::new();
    let result = {
        let build = make(&mut work, builders, token.clone());
        tokio::pin!(build);
        loop {
            tokio::select! {
                biased;
                result = &mut build => break result,
                // The builder ends by itself within a moment of the token.
                _ = stop.wait_for(Option::is_some), if !token.is_cancelled() => token.cancel(),
                () = gone.cancelled(), if !token.is_cancelled() => token.cancel(),
            }
        }
    };
    if gone.is_cancelled() {
        return Err(Gone);
    }
    let reason = stop.borrow().clone();
    match (result, reason) {
        (Ok(image), _) => {
            work.steps.end(StepResult::Done);
            Ok(Outcome::Built(image))
        }
        (Err(NoImage::Stopped), Some(reason)) => {
            work.steps.end(StepResult::Failed);
            Ok(Outcome::Stopped(reason))
        }
        (Err(NoImage::Short(Short::Failed(cause))), _) => {
            work.steps.end(StepResult::Failed);
            Ok(Outcome::Failed(*cause))
        }
        (Err(NoImage::Stopped | NoImage::Short(Short::Gone)), _) => Err(Gone),
    }
}

async fn make(
    work: &mut Work,
    builders: &[Arc<dyn Builder>],
    stop: CancellationToken,
) -> Result<BuiltImage, NoImage> {
    let settings = work.spec.image.clone();
    work.steps.begin(Step::Identity);
    let region = work.open(&settings.account, &settings.region).await?;
    work.check_identity(&*region, &settings.account).await?;
    let registry = region.registry();
    let repository = repository::prepare(work, &*registry).await?;
    check_stop(&stop)?;
    let (mut image, facts) = match (&work.spec.source.clone(), &work.spec.build.clone()) {
        (Source::Image { reference }, _) => find(work, &*registry, &repository, reference).await?,
        (_, Some(build)) => {
            let parts = Parts {
                region,
                registry: Arc::clone(&registry),
                repository,
                build: build.clone(),
            };
            let (image, facts) = build_or_reuse(work, builders, parts, stop.clone()).await?;
            (image, Some(facts))
        }
        (_, None) => return Err(bad_offer(&"a source is given without a build").into()),
    };
    // Before the tags: what does not pass bears the name of no release.
    if let Some(facts) = &facts {
        image.scan = scan::pass(work, &*registry, facts, &stop).await?;
    }
    set_tags(work, &*registry, &image).await?;
    Ok(image)
}

fn check_stop(stop: &CancellationToken) -> Result<(), NoImage> {
    if stop.is_cancelled() {
        Err(NoImage::Stopped)
    } else {
        Ok(())
    }
}

/// An image that exists already, resolved to its digest and really there.
async fn find(
    work: &mut Work,
    registry: &dyn RegistryApi,
    repository: &RepositorySeen,
    reference: &str,
) -> Result<(BuiltImage, Option<ImageFacts>), NoImage> {
    work.steps.begin(Step::CheckImage);
    let (name, place) = image::split_reference(reference);
    if name != repository.uri && !repository.uri.ends_with(&format!("/{name}")) {
        return Ok((find_elsewhere(work, name, place)?, None));
    }
    let place = place.unwrap_or("latest");
    let found = registry
        .image(&work.spec.image.repository, place, true)
        .await?;
    let facts = proven(found, &repository.uri, place)?;
    Ok((built(repository, &facts, "found", true), Some(facts)))
}

/// An image of another registry is taken by its digest only, and cannot be looked at.
fn find_elsewhere(work: &Work, name: &str, place: Option<&str>) -> Result<BuiltImage, NoImage> {
    if work.spec.scan.is_some() {
        let repository = work.spec.image.repository.as_str();
        return Err(shipway_domain::scan::not_here(name, repository).into());
    }
    let digest = place
        .and_then(|place| Digest::new(place).ok())
        .ok_or_else(|| Finding {
            code: "image-not-by-digest".to_owned(),
            cause: format!(
                "{name} is not in the repository of the manifest, and is given without digest"
            ),
            evidence: Vec::new(),
            remedy: "name it as …@sha256:…, so that what was tested is what serves".to_owned(),
        })?;
    let text =
        format!("{name} is another registry: whether the targets can pull it was not checked");
    work.steps.note(NoteLevel::Warning, text);
    Ok(BuiltImage {
        name: name.to_owned(),
        digest: digest.clone(),
        accepted: vec![digest],
        builder: "found".to_owned(),
        tags: Vec::new(),
        bytes_pushed: 0,
        reused: true,
        scan: None,
    })
}

struct Parts {
    region: Arc<dyn RegionApi>,
    registry: Arc<dyn RegistryApi>,
    repository: RepositorySeen,
    build: BuildSettings,
}

async fn build_or_reuse(
    work: &mut Work,
    builders: &[Arc<dyn Builder>],
    parts: Parts,
    stop: CancellationToken,
) -> Result<(BuiltImage, ImageFacts), NoImage> {
    work.steps.begin(Step::Source);
    let context = tokio::select! {
        biased;
        fetched = source::fetch(&work.spec, &work.client) => fetched,
        () = stop.cancelled() => return Err(NoImage::Stopped),
    };
    let context = context.map_err(|error| Finding {
        code: "no-source".to_owned(),
        cause: "the source could not be fetched".to_owned(),
        evidence: vec![format!("{error:#}")],
        remedy: "see whether the agent reaches the repository and the coordinator".to_owned(),
    })?;
    let Some(context) = context else {
        return Err(bad_offer(&"no source").into());
    };
    work.steps.detail(format!("{} KiB", context.size / 1024));
    let platforms = platforms(work, &parts.build).await?;
    let tag = image::content_tag(&context.digest, &parts.build, &platforms);
    let name = work.spec.image.repository.clone();
    if let Some(facts) = parts.registry.image(&name, &tag, true).await?
        && facts.complete
    {
        work.steps.begin(Step::CheckImage);
        work.steps.detail(format!(
            "{} is there already; nothing was built",
            facts.digest
        ));
        let image = built(&parts.repository, &facts, parts.build.builder_name(), true);
        return Ok((image, facts));
    }
    check_stop(&stop)?;
    let made = build(work, builders, &parts, &context, &tag, platforms, stop).await?;
    work.steps.begin(Step::CheckImage);
    let found = parts
        .registry
        .image(&name, made.digest.as_str(), true)
        .await?;
    let facts = proven(found, &parts.repository.uri, made.digest.as_str())?;
    work.note(Checkpoint::Pushed {
        digest: facts.digest.to_string(),
    })
    .await?;
    let mut image = built(&parts.repository, &facts, parts.build.builder_name(), false);
    image.bytes_pushed = made.bytes_pushed;
    image.accepted.extend(made.manifests);
    image.accepted.sort();
    image.accepted.dedup();
    Ok((image, facts))
}

async fn build(
    work: &mut Work,
    builders: &[Arc<dyn Builder>],
    parts: &Parts,
    context: &Context,
    tag: &str,
    platforms: Vec<String>,
    stop: CancellationToken,
) -> Result<shipway_plugin::Built, NoImage> {
    let wanted = parts.build.builder_name();
    let Some(builder) = builders.iter().find(|builder| builder.name() == wanted) else {
        return Err(bad_offer(&format!("this agent has no builder {wanted}")).into());
    };
    work.steps.begin(Step::Build);
    let order = BuildOrder {
        context: context.tar.clone(),
        settings: parts.build.clone(),
        platforms,
        image: parts.repository.uri.clone(),
        tags: vec![tag.to_owned()],
        labels: image::labels(&work.spec),
        source_date_epoch: committed_at(&work.spec.source),
        secrets: secrets(&parts.build, &*parts.region).await?,
        login: Arc::new(RegistryLogin(Arc::clone(&parts.registry))),
        trace_parent: work.steps.trace_parent(),
    };
    let progress = Arc::new(Teller {
        running: Arc::clone(&work.running),
        steps: work.steps.clone(),
        stages: AtomicU32::new(0),
        cached: AtomicU32::new(0),
    });
    let told = Arc::clone(&progress);
    work.running.clearance().await?;
    points::before_act("build");
    let made = builder.build(order, progress, stop).await;
    points::after_act("build");
    let [stages, cached] =
        [&told.stages, &told.cached].map(|n| u64::from(n.load(Ordering::Relaxed)));
    metrics::stages(&work.metrics, wanted, stages, cached);
    let made = made.map_err(|error| broken(error, wanted))?;
    work.steps.begin(Step::Push);
    work.steps.detail(format!(
        "{} ({} KiB)",
        made.digest,
        made.bytes_pushed / 1024
    ));
    Ok(made)
}

const fn committed_at(source: &Source) -> u64 {
    match source {
        Source::Context {
            revision: Some(revision),
            ..
        }
        | Source::Commit { revision, .. } => revision.committed_at,
        Source::Context { revision: None, .. } | Source::Image { .. } => 0,
    }
}

fn broken(error: BuildError, builder: &str) -> NoImage {
    let text = error.to_string();
    let (code, remedy) = match &error {
        BuildError::Stopped => return NoImage::Stopped,
        BuildError::Unavailable { .. } => (
            "builder-unavailable",
            "see that the engine runs on the agent's machine",
        ),
        BuildError::Failed { .. } => ("build-failed", "shipway logs shows what the step printed"),
        BuildError::Invalid(_) => ("build-impossible", "correct [build] in shipway.toml"),
        BuildError::Push { .. } => ("push-refused", "see what the registry said"),
        BuildError::Interrupted(_) => ("build-interrupted", "deploy again"),
    };
    Finding {
        code: code.to_owned(),
        cause: format!("the {builder} build gave no image"),
        evidence: vec![shortened(text)],
        remedy: remedy.to_owned(),
    }
    .into()
}

/// The end of a long text: that is where builders say what went wrong; the log has it all.
fn shortened(text: String) -> String {
    const LONGEST: usize = 4096;
    match text.char_indices().rev().nth(LONGEST) {
        Some((at, _)) => format!("...{}", &text[at..]),
        None => text,
    }
}

/// The manifest's platforms, else the one of the task definition.
async fn platforms(work: &Work, build: &BuildSettings) -> Result<Vec<String>, Short> {
    if !build.platforms.is_empty() {
        return Ok(build.platforms.clone());
    }
    let definition = work.task_definition().await?;
    Ok(vec![platform_of(&definition).to_owned()])
}

/// Secrets by name, resolved on the agent alone.
#[expect(
    clippy::disallowed_methods,
    reason = "the manifest names a variable of the agent"
)]
async fn secrets(
    build: &BuildSettings,
    region: &dyn RegionApi,
) -> Result<Vec<(String, Secret)>, Short> {
    let mut secrets = Vec::new();
    for secret in &build.secrets {
        let missing = |place: String| Finding {
            code: "secret-missing".to_owned(),
            cause: format!("build secret {} cannot be resolved on the agent", secret.id),
            evidence: vec![place],
            remedy: "give it to the agent, or correct [build.secrets] in shipway.toml".to_owned(),
        };
        let value = match &secret.from {
            SecretSource::Env(name) if is_own(name) => {
                return Err(missing(format!("variable {name} is the agent's own")).into());
            }
            SecretSource::Env(name) => Secret::new(
                std::env::var(name).map_err(|_| missing(format!("variable {name} is not set")))?,
            ),
            SecretSource::File(path) => Secret::new(
                std::fs::read(path).map_err(|error| missing(format!("{path}: {error}")))?,
            ),
            from @ (SecretSource::SecretsManager(_) | SecretSource::Ssm(_)) => {
                region.secret(from).await?
            }
        };
        secrets.push((secret.id.clone(), value));
    }
    Ok(secrets)
}

/// Variables with the keys and settings of the agent itself: no build may read them.
fn is_own(variable: &str) -> bool {
    ["AWS_", "SHIPWAY_", "OTEL_"]
        .iter()
        .any(|prefix| variable.to_ascii_uppercase().starts_with(prefix))
}

fn proven(found: Option<ImageFacts>, name: &str, place: &str) -> Result<ImageFacts, Finding> {
    let absent = |cause: String| Finding {
        code: "image-missing".to_owned(),
        cause,
        evidence: vec![format!("{name}, {place}")],
        remedy: "see whether a lifecycle rule expired it; build it again".to_owned(),
    };
    match found {
        Some(facts) if facts.complete => Ok(facts),
        Some(_) => Err(absent(
            "the image is in the repository, but not all of its layers".to_owned(),
        )),
        None => Err(absent("the image is not in the repository".to_owned())),
    }
}

fn built(
    repository: &RepositorySeen,
    facts: &ImageFacts,
    builder: &str,
    reused: bool,
) -> BuiltImage {
    let mut accepted = vec![facts.digest.clone()];
    accepted.extend(facts.manifests.iter().map(|(_, digest)| digest.clone()));
    BuiltImage {
        name: repository.uri.clone(),
        digest: facts.digest.clone(),
        accepted,
        builder: builder.to_owned(),
        tags: Vec::new(),
        bytes_pushed: 0,
        reused,
        scan: None,
    }
}

/// Tags that stay where they are put; the moving ones are set once the image is live.
async fn set_tags(
    work: &mut Work,
    registry: &dyn RegistryApi,
    image: &BuiltImage,
) -> Result<(), Short> {
    let settings = work.spec.image.clone();
    let firm: Vec<String> = settings
        .tags
        .iter()
        .filter(|tag| !tag.moving)
        .map(|tag| tag.tag.clone())
        .collect();
    if firm.is_empty() || matches!(work.spec.source, Source::Image { .. }) {
        return Ok(());
    }
    work.steps.begin(Step::Tags);
    work.running.clearance().await?;
    for tag in &firm {
        points::before_act("put-tag");
        let put = registry
            .put_tag(&settings.repository, &image.digest, tag)
            .await;
        points::after_act("put-tag");
        put?;
    }
    work.steps.detail(firm.join(", "));
    Ok(())
}

/// Hands output of the build on as it comes.
struct Teller {
    running: Arc<Running>,
    steps: Steps,
    stages: AtomicU32,
    cached: AtomicU32,
}

impl BuildProgress for Teller {
    fn pushing(&self) {
        self.running.log("pushing");
        let [stages, cached] = [&self.stages, &self.cached].map(|n| n.load(Ordering::Relaxed));
        if stages > 0 {
            let detail = format!("{cached} of {stages} steps were there already");
            self.steps.detail(detail);
        }
        self.steps.begin(Step::Push);
    }

    fn line(&self, _stream: LogStream, line: &str) {
        self.running.log(line);
    }

    fn stage(&self, name: &str, cached: bool, done: bool) {
        if done {
            self.stages.fetch_add(1, Ordering::Relaxed);
            self.cached.fetch_add(u32::from(cached), Ordering::Relaxed);
            let how = if cached { "cached" } else { "done" };
            self.running.log(&format!("[{how}] {name}"));
        }
    }

    fn took(&self, stage: &Took) {
        self.steps.took(stage);
    }
}
