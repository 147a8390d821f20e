//! Names of attributes: those of OpenTelemetry's semantic conventions where they have one, and ours.

/// Id of a release.
pub const RELEASE: &str = "shipway.release.id";
/// Kind of a release: `deploy`, `rollback`, `settle`.
pub const RELEASE_KIND: &str = "shipway.release.kind";
/// The app.
pub const APP: &str = "shipway.app";
/// Who submitted the release.
pub const SUBMITTER: &str = "shipway.submitter";
/// What the release is made from.
pub const TITLE: &str = "shipway.release.title";
/// Verdict of a release or a job.
pub const VERDICT: &str = "shipway.verdict";
/// Id of a job.
pub const JOB: &str = "shipway.job.id";
/// Kind of a job: `build`, `rollout`, `task`, `settle`.
pub const JOB_KIND: &str = "shipway.job.kind";
/// What is true in AWS at the end of a job.
pub const SUMMARY: &str = "shipway.summary";
/// Number of an attempt.
pub const ATTEMPT: &str = "shipway.job.attempt";
/// Id of an agent.
pub const AGENT: &str = "shipway.agent.id";
/// Step of a job.
pub const STEP: &str = "shipway.job.step";
/// What a step gave.
pub const DETAIL: &str = "shipway.step.detail";
/// Whether a step had nothing to do.
pub const SKIPPED: &str = "shipway.step.skipped";
/// Why a job waits, as a word: `slot`, `behind`, `no-agent`, `busy`, `retry`.
pub const QUEUE_REASON: &str = "shipway.queue.reason";
/// Why a job waits, in plain words.
pub const QUEUE_TEXT: &str = "shipway.queue.text";
/// The release that is waited for.
pub const QUEUE_RELEASE: &str = "shipway.queue.release.id";
/// The wave of a target.
pub const WAVE: &str = "shipway.wave";
/// Name of an ECS service; a target is this with account, region and cluster.
pub const ECS_SERVICE: &str = "shipway.ecs.service";
/// Name of an ECS cluster.
pub const ECS_CLUSTER: &str = "shipway.ecs.cluster";
/// `new` for tasks of the revision that a rollout brings, else `old`.
pub const TASK_SIDE: &str = "shipway.task.revision";
/// Code with which ECS says why a task stopped.
pub const STOP_CODE: &str = "shipway.task.stop_code";
/// ECS's words about the end of a task.
pub const STOP_REASON: &str = "shipway.task.stopped_reason";
/// Container that ended a task.
pub const EXIT_CONTAINER: &str = "shipway.task.exit.container";
/// Whether the end of a part of a task's life is that of a look at it, and not AWS's own time.
pub const OBSERVED: &str = "shipway.observed";
/// Whether times of AWS were fitted into ours, because its clock shows another time.
pub const FITTED: &str = "shipway.clock.fitted";
/// ARN of the service deployment of a rollout.
pub const DEPLOYMENT: &str = "shipway.ecs.service_deployment.arn";
/// ARN of the task definition that a rollout brings.
pub const TASK_DEFINITION: &str = "shipway.ecs.task_definition.arn";
/// Who made an image: `docker`, `layers`, `found`.
pub const BUILDER: &str = "shipway.build.builder";
/// Whether an image of the same content was found.
pub const REUSED: &str = "shipway.build.reused";
/// Bytes sent to the registry.
pub const BYTES_PUSHED: &str = "shipway.build.bytes_pushed";
/// Code of a finding.
pub const FINDING: &str = "shipway.finding.code";
/// The cause of a finding.
pub const CAUSE: &str = "shipway.finding.cause";
/// What shows a finding, line by line.
pub const EVIDENCE: &str = "shipway.finding.evidence";
/// The next step for a person.
pub const REMEDY: &str = "shipway.finding.remedy";
/// How often AWS answered a call that it was called too often.
pub const THROTTLED: &str = "shipway.aws.throttled";
/// Words of a moment.
pub const MESSAGE: &str = "message";

/// Class of an error (OpenTelemetry).
pub const ERROR: &str = "error.type";
/// Name of an environment (OpenTelemetry).
pub const ENV: &str = "deployment.environment.name";
/// Id of a deployment: the release's (OpenTelemetry).
pub const DEPLOYMENT_ID: &str = "deployment.id";
/// Name of what is deployed: the app's (OpenTelemetry).
pub const DEPLOYMENT_NAME: &str = "deployment.name";
/// `succeeded` or `failed` (OpenTelemetry).
pub const DEPLOYMENT_STATUS: &str = "deployment.status";
/// Commit (OpenTelemetry).
pub const COMMIT: &str = "vcs.ref.head.revision";
/// Repository (OpenTelemetry).
pub const REPOSITORY: &str = "vcs.repository.url.full";
/// `aws` (OpenTelemetry).
pub const CLOUD: &str = "cloud.provider";
/// Account number (OpenTelemetry).
pub const ACCOUNT: &str = "cloud.account.id";
/// Region (OpenTelemetry).
pub const REGION: &str = "cloud.region";
/// ARN of an ECS task (OpenTelemetry).
pub const TASK: &str = "aws.ecs.task.arn";
/// Family of a task definition (OpenTelemetry).
pub const FAMILY: &str = "aws.ecs.task.family";
/// Revision of a task definition (OpenTelemetry).
pub const REVISION: &str = "aws.ecs.task.revision";
/// Digest of an image's manifest (OpenTelemetry).
pub const DIGEST: &str = "oci.manifest.digest";
/// Name of an image (OpenTelemetry).
pub const IMAGE: &str = "container.image.name";
/// Exit code (OpenTelemetry).
pub const EXIT: &str = "process.exit.code";
