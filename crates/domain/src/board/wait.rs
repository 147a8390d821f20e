//! Why a job waits: for every job that does not run there is a reason to show.

use super::{Board, Class};
use crate::ids::{JobId, ReleaseId};
use crate::job::{Job, JobState};

/// A reason to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Which kind of reason.
    pub code: WaitCode,
    /// In plain words.
    pub text: String,
    /// The release that is waited for, if it is one.
    pub release: Option<ReleaseId>,
}

/// Kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitCode {
    /// Jobs that it needs have not ended.
    Needs,
    /// Another job holds the slot of its target.
    Slot,
    /// Another job is before it in line for its target.
    Behind,
    /// No connected agent has the account and the plugin.
    NoAgent,
    /// All agents that could are full or draining.
    Busy,
    /// It was lost and is tried again in a while.
    Retry,
    /// It rests with a verdict that is no end.
    Resting,
}

impl WaitCode {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Needs,
        Self::Slot,
        Self::Behind,
        Self::NoAgent,
        Self::Busy,
        Self::Retry,
        Self::Resting,
    ];

    /// The kind of reason with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// The word for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Needs => "needs",
            Self::Slot => "slot",
            Self::Behind => "behind",
            Self::NoAgent => "no-agent",
            Self::Busy => "busy",
            Self::Retry => "retry",
            Self::Resting => "resting",
        }
    }
}

impl Board {
    /// Why the job waits; `None` when it runs, has ended, or is about to be granted.
    #[must_use]
    pub fn wait_of(&self, id: JobId) -> Option<Wait> {
        let job = self.jobs.get(&id)?;
        let JobState::Queued {
            not_before,
            resting,
        } = &job.state
        else {
            return None;
        };
        let wait = |code, text: String, release| {
            Some(Wait {
                code,
                text,
                release,
            })
        };
        if let Some(report) = resting {
            let text = format!("rests as {}: {}", report.verdict, report.summary);
            return wait(WaitCode::Resting, text, None);
        }
        if !self.needs_met(job) {
            return wait(WaitCode::Needs, self.needs_text(job), None);
        }
        if let Some(found) = self.wait_for_target(job) {
            return Some(found);
        }
        if *not_before > self.now {
            let secs = not_before.since(self.now).as_secs() + 1;
            let text = format!(
                "was lost {} times, tried again in {secs} s",
                job.fruitless.max(1)
            );
            return wait(WaitCode::Retry, text, None);
        }
        let class = self.class_of(job)?;
        if self.free.contains_key(&class) {
            return None;
        }
        Some(self.wait_for_agent(&class))
    }

    fn needs_text(&self, job: &Job) -> String {
        let open: Vec<&'static str> = job
            .needs
            .iter()
            .filter_map(|index| {
                self.jobs.get(&JobId {
                    release: job.id.release,
                    index: *index,
                })
            })
            .filter(|needed| !matches!(needed.state, JobState::Ended(_)))
            .map(|needed| match needed.kind.when() {
                Some(when) if needed.kind.target() == job.kind.target() => when.as_str(),
                _ => needed.kind.as_str(),
            })
            .collect();
        match open.as_slice() {
            ["build"] => "needs the image".to_owned(),
            ["before"] => "needs the task before the rollout".to_owned(),
            ["rollout"] if job.kind.when().is_some() => "needs the rollout".to_owned(),
            [_] => "needs a rollout of the wave before".to_owned(),
            open => format!("needs {} rollouts of the wave before", open.len()),
        }
    }

    fn wait_for_target(&self, job: &Job) -> Option<Wait> {
        let target = job.kind.target()?;
        let holder = self.targets.get(target).and_then(|record| record.slot);
        match holder {
            Some(holder) if holder == job.id => None,
            Some(holder) => Some(Wait {
                code: WaitCode::Slot,
                text: format!("slot held by {}{}", holder.release, self.by(holder.release)),
                release: Some(holder.release),
            }),
            None => {
                let first = self.lines.get(target)?.first()?.job();
                (first != job.id).then(|| Wait {
                    code: WaitCode::Behind,
                    text: format!("in line behind {}{}", first.release, self.by(first.release)),
                    release: Some(first.release),
                })
            }
        }
    }

    fn by(&self, release: ReleaseId) -> String {
        self.releases
            .get(&release)
            .map_or_else(String::new, |release| format!(" ({})", release.submitter))
    }

    fn wait_for_agent(&self, class: &Class) -> Wait {
        let able = || {
            self.agents
                .values()
                .filter(|seat| seat.offers(&class.account, class.plugin))
        };
        let here = able().filter(|seat| seat.connected).count();
        let wanted = format!("account {} and plugin {}", class.account, class.plugin);
        if here > 0 {
            let text = format!("all {here} agents with {wanted} are busy or draining");
            return Wait {
                code: WaitCode::Busy,
                text,
                release: None,
            };
        }
        let seen = able()
            .max_by_key(|seat| seat.since)
            .map_or_else(String::new, |seat| {
                let ago = self.now.since(seat.since).as_secs();
                format!("; last seen: {}, {ago} s ago", seat.description.id)
            });
        Wait {
            code: WaitCode::NoAgent,
            text: format!("no agent with {wanted} is connected{seen}"),
            release: None,
        }
    }
}
