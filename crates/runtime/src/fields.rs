//! Names of fields and spans, as constants; OpenTelemetry's own where it has them.

/// Id of a release.
pub const RELEASE_ID: &str = "shipway.release.id";
/// Id of a job.
pub const JOB_ID: &str = "shipway.job.id";
/// Attempt of a job.
pub const JOB_ATTEMPT: &str = "shipway.job.attempt";
/// Step of a job.
pub const JOB_STEP: &str = "shipway.job.step";
/// Id of an agent.
pub const AGENT_ID: &str = "shipway.agent.id";
/// Account number.
pub const ACCOUNT: &str = "cloud.account.id";
/// Region.
pub const REGION: &str = "cloud.region";
