//! Any sequence of commits, reopenings and torn writes leaves what a plain model says.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::ids::Attempt;
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::target::TargetRecord;
use shipway_domain::verdict::Verdict;
use shipway_store::{DataDir, SledStore, Store as _};
use support::*;
use tempfile::TempDir;

/// Bytes that a disk writes as one.
const SECTOR: usize = 512;

/// What the store should hold.
#[derive(Clone, Debug, Default)]
struct Model {
    releases: BTreeMap<u64, (Release, Vec<Job>, Vec<Event>)>,
    targets: BTreeMap<String, TargetRecord>,
}

/// What is committed at once.
#[derive(Clone, Debug)]
enum What {
    /// So many new releases.
    Submitted(u64),
    /// Something happens to the release at this place: events, and its job has an attempt more.
    Happened { place: usize, events: u64 },
    /// The release at this place ends.
    Ended { place: usize, live: bool },
    /// The slot of a service is taken by a job of the release at this place.
    Slot { service: u8, place: usize },
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<What>),
    /// Closes the store and opens it again.
    Reopen,
    /// The power fails while this is committed, when this share of the sectors is written, in
    /// thousandths. Then it is committed again.
    Torn(Vec<What>, usize),
}

impl Model {
    fn at(&self, place: usize) -> Option<u64> {
        let count = self.releases.len().max(1);
        self.releases.keys().nth(place % count).copied()
    }

    /// The changes that make it so, from this model on.
    fn changes(&mut self, all: &[What]) -> Vec<Change> {
        let mut changes = Vec::new();
        for what in all {
            changes.extend(self.changes_of(what));
        }
        changes
    }

    fn changes_of(&mut self, what: &What) -> Vec<Change> {
        let mut changes = Vec::new();
        match what {
            What::Submitted(count) => {
                for _ in 0..*count {
                    let number = self
                        .releases
                        .last_key_value()
                        .map_or(0, |(last, _)| last + 1);
                    let jobs = vec![job(number, 0), job(number, 1)];
                    let parts = (release(number), jobs, vec![event(1)]);
                    self.releases.insert(number, parts);
                    changes.extend(submission(number));
                }
            }
            What::Happened { place, events } => {
                if let Some(number) = self.at(*place)
                    && let Some((release, jobs, known)) = self.releases.get_mut(&number)
                {
                    for _ in 0..*events {
                        release.last_seq += 1;
                        known.push(event(release.last_seq));
                        changes.push(happened(number, release.last_seq));
                    }
                    jobs[1].attempt = Attempt(jobs[1].attempt.0 + 1);
                    changes.push(Change::Job(jobs[1].clone().into()));
                    changes.push(Change::Release(release.clone().into()));
                }
            }
            What::Ended { place, live } => {
                if let Some(number) = self.at(*place)
                    && let Some((release, ..)) = self.releases.get_mut(&number)
                {
                    let verdict = if *live {
                        Verdict::Live
                    } else {
                        Verdict::Failed
                    };
                    let last_seq = release.last_seq;
                    *release = Release {
                        last_seq,
                        ..ended(number, 5_000 + number, verdict)
                    };
                    changes.push(Change::Release(release.clone().into()));
                }
            }
            What::Slot { service, place } => {
                let service = format!("web-{service}");
                let record = slot(&service, self.at(*place).map(|number| job_id(number, 1)));
                self.targets.insert(service, record.clone());
                changes.push(Change::Target(record));
            }
        }
        changes
    }
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        (1..4_u64).prop_map(What::Submitted),
        (any::<usize>(), 1..30_u64).prop_map(|(place, events)| What::Happened { place, events }),
        (any::<usize>(), any::<bool>()).prop_map(|(place, live)| What::Ended { place, live }),
        (0..4_u8, any::<usize>()).prop_map(|(service, place)| What::Slot { service, place }),
    ]
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let all = || proptest::collection::vec(what(), 1..4);
        prop_oneof![
            6 => all().prop_map(Step::Commit),
            1 => Just(Step::Reopen),
            2 => (all(), 0..=1000_usize).prop_map(|(all, share)| Step::Torn(all, share)),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        if let Step::Commit(all) | Step::Torn(all, _) = step {
            state.changes(all);
        }
        state
    }
}

/// The store in sled, and what it should hold.
struct Real {
    folder: TempDir,
    store: Option<SledStore>,
    model: Model,
}

impl Real {
    fn open(&mut self) {
        let dir = DataDir::open(self.folder.path()).expect("free");
        self.store = Some(SledStore::open(&dir).expect("it opens"));
    }

    fn store(&self) -> &SledStore {
        self.store.as_ref().expect("open between steps")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("records/db")
    }

    /// Commits; the power fails when that share of what it writes is on the disk.
    fn tear(&mut self, changes: &[Change], share: usize) {
        let before = fs::read(self.file()).expect("a file");
        self.store().commit(changes).expect("kept");
        let after = fs::read(self.file()).expect("a file");
        self.store = None;
        let mut torn = before;
        torn.resize(torn.len().max(after.len()), 0);
        let sectors: Vec<usize> = (0..after.len())
            .step_by(SECTOR)
            .filter(|at| {
                let end = (at + SECTOR).min(after.len());
                torn[*at..end] != after[*at..end]
            })
            .collect();
        for at in &sectors[..sectors.len() * share / 1000] {
            let end = (at + SECTOR).min(after.len());
            torn[*at..end].copy_from_slice(&after[*at..end]);
        }
        fs::write(self.file(), torn).expect("writable");
    }

    /// Everything that was acknowledged is there as it was last.
    fn holds(&self, model: &Model, exactly: bool) {
        let loaded = self.store().load().expect("it loads");
        assert_eq!(loaded.quarantined, []);
        for (number, (release, jobs, events)) in &model.releases {
            let found = self.store().release(id(*number)).expect("readable");
            let found = found.expect("it was acknowledged");
            if exactly {
                assert_eq!(found, (release.clone(), jobs.clone()));
            } else {
                assert!(found.0.last_seq >= release.last_seq, "{found:?}");
            }
            let mut seen = self
                .store()
                .events(id(*number), 0, 10_000)
                .expect("readable");
            if !exactly {
                seen.truncate(events.len());
            }
            assert_eq!(&seen, events);
        }
        if exactly {
            let next = model
                .releases
                .last_key_value()
                .map_or(0, |(last, _)| last + 1);
            assert_eq!(loaded.next_release, next);
            let open = loaded.changes.iter().filter_map(|change| match change {
                Change::Release(release) => Some(release.as_ref().clone()),
                _ => None,
            });
            let known = model.releases.values().map(|parts| &parts.0);
            let wanted = known.filter(|release| release.ended_at.is_none()).cloned();
            assert_eq!(open.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
            let targets = loaded.changes.iter().filter_map(|change| match change {
                Change::Target(target) => Some(target.clone()),
                _ => None,
            });
            let wanted: Vec<_> = model.targets.values().cloned().collect();
            assert_eq!(targets.collect::<Vec<_>>(), wanted);
        }
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(_: &Model) -> Self {
        let mut real = Self {
            folder: TempDir::new().expect("a folder"),
            store: None,
            model: Model::default(),
        };
        real.open();
        real
    }

    fn apply(mut real: Self, _: &Model, step: Step) -> Self {
        match step {
            Step::Commit(all) => {
                let changes = real.model.changes(&all);
                real.store().commit(&changes).expect("kept");
            }
            Step::Reopen => {
                real.store = None;
                real.open();
            }
            Step::Torn(all, share) => {
                let before = real.model.clone();
                let changes = real.model.changes(&all);
                real.tear(&changes, share);
                real.open();
                real.holds(&before, false);
                // Keeping a change twice is keeping it once.
                real.store().commit(&changes).expect("kept");
            }
        }
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        real.holds(model, true);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_commits_reopenings_and_torn_writes_leaves_what_the_model_says(sequential 1..25 => Real);
}
