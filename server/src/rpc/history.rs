//! Lists of releases: open ones from the board, ended ones from the store.

use std::sync::Arc;

use shipway_domain::history::Query;
use shipway_domain::ids::{AppName, EnvName, ReleaseId};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use shipway_store::Store;
use tonic::{Code, Status};

use super::errors;
use super::watch::{blocking, release};
use crate::coordinator::Coordinator;

/// Releases of one answer when no number is given, and at most.
const LIST: (usize, usize) = (20, 1000);

/// The releases that are wanted, newest first.
pub(super) async fn list(
    coordinator: &Coordinator,
    store: &Arc<dyn Store>,
    request: v1::ListReleasesRequest,
) -> Result<v1::ListReleasesReply, Status> {
    let limit = match request.limit as usize {
        0 => LIST.0,
        limit => limit.min(LIST.1),
    };
    let before = request.before.map(ReleaseId::from_number);
    let query = Arc::new(query(request)?);
    // The board first: what ends in between is found in the store then.
    let wanted = Arc::clone(&query);
    let open = coordinator
        .read(move |board| board.find_open(&wanted, before, limit))
        .await
        .map_err(errors::call)?;
    let ended = blocking(store, move |store| store.find(&query, before, limit)).await?;
    let page = open.join(ended, limit);
    let mut releases = Vec::with_capacity(page.releases.len());
    for found in page.releases {
        // One whose records were damaged must not hide the others, nor one that was pruned just now;
        // the log says which are damaged.
        match release(coordinator, store, found).await {
            Ok(view) => releases.push(view),
            Err(status) if matches!(status.code(), Code::Internal | Code::NotFound) => {}
            Err(status) => return Err(status),
        }
    }
    Ok(v1::ListReleasesReply {
        releases,
        next: page.next.map(ReleaseId::number),
    })
}

fn query(request: v1::ListReleasesRequest) -> Result<Query, Status> {
    let verdict = request.verdict.map(|number| {
        let verdict = v1::Verdict::try_from(number).map_err(bad)?;
        Verdict::try_from(verdict).map_err(Status::from)
    });
    Ok(Query {
        verdict: verdict.transpose()?,
        app: some(request.app, AppName::new)?,
        env: some(request.env, EnvName::new)?,
        target: some(request.target, |text| text.parse())?,
        since: request.since_ms.map(Timestamp::from_millis),
        until: request.until_ms.map(Timestamp::from_millis),
        submitter: Some(request.submitter).filter(|name| !name.is_empty()),
    })
}

fn bad(problem: impl ToString) -> Status {
    Failure::new(Class::BadInput, problem.to_string()).into()
}

fn some<T, E: ToString>(
    text: String,
    parse: impl FnOnce(String) -> Result<T, E>,
) -> Result<Option<T>, Status> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some).map_err(bad)
    }
}
