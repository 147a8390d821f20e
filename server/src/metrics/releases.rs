//! What an ended release means for the four DORA figures: the rules are `shipway_domain::dora`, their past is the store's.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::dora::{self, Change, Ended};
use shipway_domain::history::Query;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseKind;
use shipway_domain::verdict::Verdict;
use shipway_runtime::Metrics;
use shipway_runtime::metrics::names;
use shipway_store::{Store, StoreError};

/// Releases of the environment that are looked through at most for when its trouble began.
const MOST: usize = 500;
/// Releases that are asked for in one go.
const AT_ONCE: usize = 50;

/// What was found about a release that ended.
struct Found {
    change: Option<Change>,
    lead_time: Option<Duration>,
    restored: Option<Duration>,
}

/// Counts a release that ended.
pub(super) async fn ended(metrics: &Metrics, release: &Arc<Release>, store: &Arc<dyn Store>) {
    let (app, env) = (release.app.as_str(), release.env.as_str());
    let verdict = release.verdict.map_or("none", Verdict::as_str);
    let kind = match release.kind {
        ReleaseKind::Deploy => "deploy",
        ReleaseKind::Rollback { .. } => "rollback",
        ReleaseKind::Settle => "settle",
    };
    let place = [("app", app), ("env", env)];
    let labels = [place[0], place[1], ("kind", kind), ("verdict", verdict)];
    metrics.add(&names::RELEASES_ENDED, 1, &labels);
    let found = if store.waits() {
        let (release, store) = (Arc::clone(release), Arc::clone(store));
        let looked = tokio::task::spawn_blocking(move || find(&release, &*store));
        // It is cut off only when the process ends.
        let Ok(found) = looked.await else { return };
        found
    } else {
        find(release, &**store)
    };
    match found {
        Ok(Some(found)) => {
            if let Some(change) = found.change {
                let labels = [place[0], place[1], ("result", change.as_str())];
                metrics.add(&names::CHANGES, 1, &labels);
            }
            if let Some(took) = found.lead_time {
                metrics.record_time(&names::LEAD_TIME, took, &place);
            }
            if let Some(took) = found.restored {
                metrics.record_time(&names::RESTORE_TIME, took, &place);
            }
        }
        // Pruned already.
        Ok(None) => {}
        Err(error) => {
            super::store_error(metrics, "read");
            let error = shipway_runtime::chain(&error);
            tracing::warn!(error, release = %release.id, "a release could not be measured");
        }
    }
}

fn find(release: &Release, store: &dyn Store) -> Result<Option<Found>, StoreError> {
    let Some(ended) = read(release, store)? else {
        return Ok(None);
    };
    let undone = match ended.undoes() {
        Some(undoes) => store
            .release(undoes)?
            .and_then(|(undone, _)| undone.verdict),
        None => None,
    };
    let change = ended.change(undone);
    let lead_time = match change {
        Some(Change::Live) => store
            .spec(release.id)?
            .and_then(|spec| dora::lead_time(&spec.source, ended.ended)),
        _ => None,
    };
    let restored = if ended.verdict == Verdict::Live {
        ended.restored(undone, before(release, store)?)
    } else {
        None
    };
    Ok(Some(Found {
        change,
        lead_time,
        restored,
    }))
}

fn read(release: &Release, store: &dyn Store) -> Result<Option<Ended>, StoreError> {
    let jobs = store.release(release.id)?;
    Ok(jobs.and_then(|(_, jobs)| Ended::of(release, &jobs)))
}

/// The ended releases of the environment before this one, newest first, down to the last live one.
fn before(release: &Release, store: &dyn Store) -> Result<Vec<Ended>, StoreError> {
    let query = Query {
        app: Some(release.app.clone()),
        env: Some(release.env.clone()),
        ..Query::default()
    };
    let (mut found, mut before) = (Vec::new(), Some(release.id));
    while found.len() < MOST {
        let page = store.find(&query, before, AT_ONCE)?;
        for id in page.releases {
            let Some((earlier, jobs)) = store.release(id)? else {
                continue;
            };
            found.extend(Ended::of(&earlier, &jobs));
            if earlier.verdict == Some(Verdict::Live) && earlier.kind != ReleaseKind::Settle {
                return Ok(found);
            }
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    Ok(found)
}
