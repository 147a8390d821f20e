//! What an ended release means for the four DORA figures: the rules are `shipway_domain::dora`, their past is the store's.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::dora::{self, Change, Ended};
use shipway_domain::history::Query;
use shipway_domain::ids::{AppName, EnvName};
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

/// Environments that are known from the start at most.
const PLACES: usize = 500;

/// Begins to count at 0 for all environments that have a past: what begins at 1 has not grown, for Prometheus.
pub(super) async fn begin(metrics: &Metrics, store: &Arc<dyn Store>) {
    let list = |store: &dyn Store| {
        let mut places = Vec::new();
        while places.len() < PLACES {
            match store.place_after(places.last())? {
                Some(place) => places.push(place),
                None => break,
            }
        }
        Ok::<_, StoreError>(places)
    };
    let places = if store.waits() {
        let store = Arc::clone(store);
        let looked = tokio::task::spawn_blocking(move || list(&*store)).await;
        looked.unwrap_or_else(|_| Ok(Vec::new()))
    } else {
        list(&**store)
    };
    match places {
        Ok(places) => places
            .iter()
            .for_each(|(app, env)| known(metrics, app, env)),
        Err(error) => {
            super::store_error(metrics, "read");
            let error = shipway_runtime::chain(&error);
            tracing::warn!(error, "environments could not be listed for their metrics");
        }
    }
}

/// Counts changes of this environment from 0 on, unless they are counted already.
pub(super) fn known(metrics: &Metrics, app: &AppName, env: &EnvName) {
    for change in [Change::Live, Change::Failed, Change::Undone] {
        let labels = [
            ("app", app.as_str()),
            ("env", env.as_str()),
            ("result", change.as_str()),
        ];
        metrics.add(&names::CHANGES, 0, &labels);
    }
}

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
    let kind = release.kind.as_str();
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
            .and_then(|(undone, jobs)| Ended::of(&undone, &jobs)),
        None => None,
    };
    let change = ended.change(undone.as_ref());
    let lead_time = match change {
        Some(Change::Live) => store
            .spec(release.id)?
            .and_then(|spec| dora::lead_time(&spec.source, ended.ended)),
        _ => None,
    };
    let restored = if ended.verdict == Verdict::Live {
        ended.restored(undone.as_ref(), before(release, store)?)
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

#[cfg(test)]
mod tests {
    use shipway_domain::change::Change as Kept;
    use shipway_domain::checkpoint::Checkpoint;
    use shipway_domain::ids::{Attempt, Digest, IdempotencyKey, JobId, ReleaseId};
    use shipway_domain::job::{Job, JobKind, JobState, Outcome, RolloutReport};
    use shipway_domain::spec::Priority;
    use shipway_domain::time::Timestamp;
    use shipway_store::MemoryStore;

    use shipway_runtime::telemetry::TelemetryConfig;

    use super::*;

    /// A deploy that changed its service and ended at this second.
    fn deploy(number: u64, verdict: Verdict, at: u64) -> (Arc<Release>, Vec<Kept>) {
        let id = ReleaseId::from_number(number);
        let ended = Timestamp::from_millis(at * 1000);
        let release = Arc::new(Release {
            id,
            app: "shop".parse().unwrap(),
            env: "prod".parse().unwrap(),
            kind: ReleaseKind::Deploy,
            priority: Priority::default(),
            key: IdempotencyKey::new(format!("key-{number}")).unwrap(),
            content: Digest::of(b"{}"),
            submitter: "me".to_owned(),
            trace_parent: String::new(),
            title: String::new(),
            began_at: ended,
            submitted_at: ended,
            jobs: 1,
            last_seq: 1,
            verdict: Some(verdict),
            ended_at: Some(ended),
        });
        let update = Checkpoint::Updated {
            primary: "ecs-svc/2".to_owned(),
        };
        let report = RolloutReport::unseen(verdict, String::new(), Vec::new());
        let job = Job {
            id: JobId {
                release: id,
                index: 0,
            },
            kind: JobKind::Rollout {
                target: "111122223333/eu-west-1/main/web".parse().unwrap(),
                wave: 0,
            },
            needs: Vec::new(),
            state: JobState::Ended(Outcome::RolledOut(report)),
            attempt: Attempt(1),
            fruitless: 0,
            checkpoints: vec![update],
            started_at: ended,
            since: ended,
            stop: None,
            hooks: Vec::new(),
        };
        let kept = vec![
            Kept::Release(Arc::clone(&release)),
            Kept::Job(Arc::new(job)),
        ];
        (release, kept)
    }

    #[tokio::test]
    async fn time_to_restore_is_read_from_the_history_whatever_was_started_again_meanwhile() {
        let memory = MemoryStore::new();
        for (number, verdict, at) in [
            (1, Verdict::Live, 100),
            (2, Verdict::RolledBack, 200),
            (3, Verdict::Cancelled, 250),
            (4, Verdict::Failed, 300),
        ] {
            memory.commit(&deploy(number, verdict, at).1).unwrap();
        }
        let (live, kept) = deploy(5, Verdict::Live, 1_000);
        memory.commit(&kept).unwrap();
        // What a process finds that began after all of it.
        let store: Arc<dyn Store> = Arc::new(memory.reopen());
        let metrics = Metrics::start(&"test".into(), &TelemetryConfig::default(), true);
        begin(&metrics, &store).await;
        let place = [("app", "shop"), ("env", "prod")];
        let changes = |result| {
            let labels = [place[0], place[1], ("result", result)];
            metrics.snapshot().number(&names::CHANGES, &labels)
        };
        assert_eq!(changes("live"), Some(0.0), "from the start");
        ended(&metrics, &live, &store).await;
        assert_eq!((changes("live"), changes("failed")), (Some(1.0), Some(0.0)));
        let seen = metrics.snapshot();
        let restored = seen.histogram(&names::RESTORE_TIME, &place);
        assert_eq!(restored.map(|it| (it.count(), it.sum)), Some((1, 800.0)));
        let (failed, _) = deploy(4, Verdict::Failed, 300);
        ended(&metrics, &failed, &store).await;
        assert_eq!(changes("failed"), Some(1.0));
    }
}
