//! What agents say of what they did: one line for each span, kept beside the output of their jobs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use shipway_domain::agent::Held;
use shipway_domain::ids::{Attempt, JobId};
use shipway_domain::trace::Span;
use shipway_proto::v1;
use shipway_store::{Logs, StoreError};

/// Spans of one message at most; of more the rest is not kept.
const AT_ONCE: usize = 1024;
/// Largest span, in bytes; a larger one is not kept.
const LARGEST: usize = 32 * 1024;

/// Keeps spans of an attempt.
pub(crate) async fn append(
    logs: &Logs,
    held: Held,
    spans: Vec<v1::TraceSpan>,
) -> Result<(), StoreError> {
    let mut lines = String::new();
    for span in spans.iter().take(AT_ONCE) {
        if span.encoded_len() <= LARGEST {
            STANDARD.encode_string(span.encode_to_vec(), &mut lines);
            lines.push('\n');
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    logs.append(held.job, held.attempt, lines.into()).await
}

/// The spans of an attempt. What cannot be read, as of a newer agent, is passed over.
pub(super) async fn read(
    logs: &Logs,
    job: JobId,
    attempt: Attempt,
) -> Result<Vec<Span>, StoreError> {
    let most = usize::try_from(super::LARGEST_SPANS).unwrap_or(usize::MAX);
    let kept = logs.read(job, attempt, 0, most).await?;
    let lines = kept.split(|byte| *byte == b'\n');
    let spans = lines.filter_map(|line| {
        let bytes = STANDARD.decode(line).ok()?;
        let span = v1::TraceSpan::decode(bytes.as_slice()).ok()?;
        Span::try_from(span).ok().filter(Span::is_of_agent)
    });
    Ok(spans.collect())
}
