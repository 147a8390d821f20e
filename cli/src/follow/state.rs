//! What is known of a release: folded from its view and its events, each event once.

use std::collections::BTreeMap;

use console::measure_text_width;

use shipway_domain::event::{Event, EventKind};
use shipway_domain::ids::{AccountId, ReleaseId};
use shipway_domain::spec::ReleaseKind;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_proto::{ConversionError, v1};

use crate::follow::job::Job;

/// Columns of the names of jobs.
const NARROWEST_NAME: usize = 25;
const WIDEST_NAME: usize = 60;

/// A release as far as it has been seen.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Its id.
    pub(crate) release: ReleaseId,
    /// The app.
    pub(crate) app: String,
    /// The environment.
    pub(crate) env: String,
    /// Why it exists.
    pub(crate) kind: ReleaseKind,
    /// What it is made from.
    pub(crate) title: String,
    /// Who submitted it.
    pub(crate) submitter: String,
    /// Trace id, 32 hexadecimal digits; empty without one.
    pub(crate) trace: String,
    /// When it was taken in.
    pub(crate) submitted: Timestamp,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
    /// How it stands, once it rests or has ended.
    pub(crate) verdict: Option<Verdict>,
    /// Its jobs by index.
    pub(crate) jobs: BTreeMap<u32, Job>,
    /// Number of the newest event folded in.
    pub(crate) last_seq: u64,
    /// Names of accounts, where known.
    pub(crate) accounts: BTreeMap<AccountId, String>,
}

impl State {
    /// The state that a first view tells; no event is folded in yet.
    pub(crate) fn new(view: v1::ReleaseView) -> Result<Self, ConversionError> {
        let kind = match view.kind {
            Some(kind) => kind.try_into()?,
            None => ReleaseKind::Deploy,
        };
        let mut state = Self {
            release: ReleaseId::from_number(view.id),
            app: view.app.clone(),
            env: view.env.clone(),
            kind,
            title: view.title.clone(),
            submitter: view.submitter.clone(),
            trace: view
                .trace_parent
                .split('-')
                .nth(1)
                .unwrap_or_default()
                .to_owned(),
            submitted: Timestamp::from_millis(view.submitted_ms),
            ended: None,
            verdict: None,
            jobs: BTreeMap::new(),
            last_seq: 0,
            accounts: BTreeMap::new(),
        };
        state.see(view)?;
        Ok(state)
    }

    /// Takes in where release and jobs stand now.
    pub(crate) fn see(&mut self, view: v1::ReleaseView) -> Result<(), ConversionError> {
        self.ended = view.ended_ms.map(Timestamp::from_millis);
        self.verdict = match view.verdict {
            Some(number) => v1::Verdict::try_from(number)
                .ok()
                .map(Verdict::try_from)
                .transpose()?,
            None => None,
        };
        for job in view.jobs {
            match self.jobs.get_mut(&job.index) {
                Some(known) => known.see(job)?,
                None => {
                    self.jobs.insert(job.index, Job::new(job)?);
                }
            }
        }
        Ok(())
    }

    /// Takes in an event; `false` when it was known already.
    pub(crate) fn fold(&mut self, event: &Event) -> bool {
        if event.seq <= self.last_seq {
            return false;
        }
        self.last_seq = event.seq;
        if let EventKind::Ended { verdict } = event.kind {
            self.verdict = Some(verdict);
            self.ended = Some(event.at);
        }
        if let Some(job) = event.job.and_then(|index| self.jobs.get_mut(&index)) {
            job.fold(event);
        }
        true
    }

    /// Whether the verdict, when there is one, is an end.
    pub(crate) fn is_final(&self) -> bool {
        self.verdict.is_some_and(Verdict::is_final)
    }

    /// What a job is called: `build`, or its target.
    pub(crate) fn label(&self, job: &Job) -> String {
        match &job.target {
            Some(target) => {
                let name = self.accounts.get(&target.account).map(String::as_str);
                let place = crate::text::words::target(target, name);
                match (job.kind.as_str(), job.when.as_str()) {
                    ("rollout", _) => place,
                    (kind, "") => format!("{kind} {place}"),
                    (kind, when) => format!("{kind} {when} {place}"),
                }
            }
            None => job.kind.clone(),
        }
    }

    /// Where the words behind the names of jobs begin.
    pub(crate) fn name_column(&self) -> usize {
        let widths = self
            .jobs
            .values()
            .map(|job| measure_text_width(&self.label(job)));
        // A mark before the name, blanks behind it.
        (widths.max().unwrap_or(0) + 5).clamp(NARROWEST_NAME, WIDEST_NAME)
    }

    /// The jobs that change a target: one for each.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &Job> {
        self.of_targets().filter(|job| !job.is_task())
    }

    /// The same, and the tasks before and after them, in the order in which they run.
    pub(crate) fn of_targets(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| job.target.is_some())
    }

    /// How many waves the rollouts have.
    pub(crate) fn waves(&self) -> usize {
        let waves: std::collections::BTreeSet<_> =
            self.targets().filter_map(|job| job.wave).collect();
        waves.len()
    }

    /// How long it has taken so far, or took.
    pub(crate) fn took(&self, now: Timestamp) -> std::time::Duration {
        self.ended.unwrap_or(now).since(self.submitted)
    }
}
