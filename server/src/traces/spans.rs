//! What agents say of what they did: one line for each span, kept beside the output of their jobs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
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

/// What attempts said of what they did, as it is kept.
pub(super) type Said = Vec<(JobId, Attempt, Bytes)>;

/// How much is read for one telling. It is looked at after each attempt, which is read whole or not at all, so there may
/// be what one attempt says beyond it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) spans: usize,
    pub(super) bytes: usize,
}

/// What is read of a release at once: it has up to 1,501 jobs.
pub(super) const BUDGET: Budget = Budget {
    spans: super::TOLD,
    bytes: 16 << 20,
};

/// What the first of these attempts said, until that is enough.
pub(super) async fn read(
    logs: &Logs,
    attempts: &[(JobId, Attempt)],
    budget: Budget,
) -> Result<Said, StoreError> {
    let (mut spans, mut bytes) = (0, 0);
    let mut said = Vec::new();
    for (job, attempt) in attempts.iter().copied() {
        if spans >= budget.spans || bytes >= budget.bytes {
            break;
        }
        let kept = of_attempt(logs, job, attempt).await?;
        spans += lines(&kept).count();
        bytes += kept.len();
        said.push((job, attempt, kept));
    }
    Ok(said)
}

/// How many spans these attempts told of. One after another is looked at, and none is kept.
pub(super) async fn count(logs: &Logs, attempts: &[(JobId, Attempt)]) -> Result<usize, StoreError> {
    let mut spans = 0;
    for (job, attempt) in attempts.iter().copied() {
        spans += lines(&of_attempt(logs, job, attempt).await?).count();
    }
    Ok(spans)
}

/// What was said as spans. What cannot be read, as of a newer agent, is passed over.
pub(super) fn decode(said: Said) -> Vec<(JobId, Attempt, Vec<Span>)> {
    let spans = |kept: Bytes| lines(&kept).filter_map(span).collect();
    let said = said.into_iter();
    said.map(|(job, attempt, kept)| (job, attempt, spans(kept)))
        .collect()
}

async fn of_attempt(logs: &Logs, job: JobId, attempt: Attempt) -> Result<Bytes, StoreError> {
    let most = usize::try_from(super::LARGEST_SPANS).unwrap_or(usize::MAX);
    logs.read(job, attempt, 0, most).await
}

/// Lines that are spans: the one that says that a file is full begins with what is no digit of theirs.
fn lines(kept: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = kept.split(|byte| *byte == b'\n');
    lines.filter(|line| line.first().is_some_and(|first| *first != b'['))
}

fn span(line: &[u8]) -> Option<Span> {
    let bytes = STANDARD.decode(line).ok()?;
    let span = v1::TraceSpan::decode(bytes.as_slice()).ok()?;
    Span::try_from(span).ok().filter(Span::is_of_agent)
}

#[cfg(test)]
mod tests {
    use shipway_domain::ids::ReleaseId;
    use shipway_store::DataDir;

    use super::*;

    fn job(index: u32) -> JobId {
        let release = ReleaseId::from_number(1);
        JobId { release, index }
    }

    #[tokio::test]
    async fn what_is_read_has_a_bound_and_the_rest_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let logs = Logs::open(&data, 1 << 20).unwrap().spans(4096);
        let told = |count: u8| {
            let span = |number| v1::TraceSpan {
                id: vec![number; 8],
                what: "call".to_owned(),
                name: "ecs:RunTask".to_owned(),
                ..v1::TraceSpan::default()
            };
            (1..=count).map(span).collect::<Vec<_>>()
        };
        let mut attempts = Vec::new();
        for index in 0..5 {
            let (job, attempt) = (job(index), Attempt(1));
            append(&logs, Held { job, attempt }, told(10))
                .await
                .unwrap();
            attempts.push((job, attempt));
        }
        let of = async |spans, bytes| {
            let said = read(&logs, &attempts, Budget { spans, bytes })
                .await
                .unwrap();
            let rest = count(&logs, &attempts[said.len()..]).await.unwrap();
            let told = decode(said).into_iter();
            let told: Vec<usize> = told.map(|(.., spans)| spans.len()).collect();
            (told, rest)
        };
        assert_eq!(of(99, 1 << 20).await, (vec![10; 5], 0));
        assert_eq!(of(20, 1 << 20).await, (vec![10; 2], 30));
        assert_eq!(of(11, 1 << 20).await, (vec![10; 2], 30));
        assert_eq!(of(99, 1).await, (vec![10], 40));
        // What says that a file is full is none.
        let full = (job(7), Attempt(1));
        let held = Held {
            job: full.0,
            attempt: full.1,
        };
        append(&logs, held, told(200)).await.unwrap();
        let kept = of_attempt(&logs, full.0, full.1).await.unwrap();
        assert!(kept.ends_with(b"not kept]\n"));
        let said = vec![(full.0, full.1, kept)];
        let spans = decode(said).remove(0).2.len();
        assert_eq!(count(&logs, &[full]).await.unwrap(), spans);
    }
}
