//! The life of one ECS task, by the times that AWS reports.

use crate::observe::TaskSeen;
use crate::time::Timestamp;

/// The life of a task as far as it is known. Times are by the clock of ECS, but for those of three [`Mark`]s that
/// AWS does not report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskLife {
    /// Its ARN.
    pub task: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// Whether it is of the revision that the job brings.
    pub new: bool,
    /// What happened to it, in the order of [`Mark::ALL`]; at most once each.
    pub marks: Vec<(Mark, Timestamp)>,
    /// Why it stopped, as a code of ECS; empty while it has not.
    pub stop_code: String,
    /// Why it stopped, in ECS's words; empty while it has not.
    pub reason: String,
    /// The container that ended with an exit code other than 0, and the code.
    pub exit: Option<(String, i32)>,
}

/// What happens to a task (ecs-facts 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// It was made.
    Created,
    /// It began to pull its images.
    PullStarted,
    /// It had them.
    PullStopped,
    /// It came to RUNNING.
    Started,
    /// It was first seen to count as healthy, in the coordinator's time: AWS does not say when it does.
    Healthy,
    /// It was told to stop, or ended by itself.
    Stopping,
    /// Its connections were first seen to drain, in the coordinator's time. They do so since [`Mark::Stopping`].
    Draining,
    /// It was first seen without connections that drain, in the coordinator's time: AWS does not say since when.
    Drained,
    /// Its containers ended.
    Ended,
    /// It stopped.
    Stopped,
}

impl Mark {
    /// All of them, in the order in which they happen.
    pub const ALL: [Self; 10] = [
        Self::Created,
        Self::PullStarted,
        Self::PullStopped,
        Self::Started,
        Self::Healthy,
        Self::Stopping,
        Self::Draining,
        Self::Drained,
        Self::Ended,
        Self::Stopped,
    ];

    /// The word for it on the wire and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::PullStarted => "pull-started",
            Self::PullStopped => "pull-stopped",
            Self::Started => "started",
            Self::Healthy => "healthy",
            Self::Stopping => "stopping",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Ended => "ended",
            Self::Stopped => "stopped",
        }
    }

    /// The mark with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.as_str() == word)
    }

    /// Whether its time is that of a look at the task, and not AWS's own.
    #[must_use]
    pub const fn is_observed(self) -> bool {
        matches!(self, Self::Healthy | Self::Draining | Self::Drained)
    }
}

impl TaskLife {
    /// Of a task that was looked at. What was observed of it before stays.
    pub(crate) fn look(&mut self, seen: &TaskSeen) {
        self.task.clone_from(&seen.arn);
        self.task_definition.clone_from(&seen.task_definition);
        for (mark, at) in [
            (Mark::Created, seen.created_at),
            (Mark::PullStarted, seen.pull_started_at),
            (Mark::PullStopped, seen.pull_stopped_at),
            (Mark::Started, seen.started_at),
            (Mark::Stopping, seen.stopping_at),
            (Mark::Ended, seen.execution_stopped_at),
            (Mark::Stopped, seen.stopped_at),
        ] {
            if let Some(at) = at {
                self.mark(mark, at);
            }
        }
        if self.at(Mark::Stopping).is_some() {
            let words = |text: &Option<String>| text.clone().unwrap_or_default();
            self.stop_code = words(&seen.stop_code);
            self.reason = words(&seen.stopped_reason);
            let mut exits = seen.containers.iter();
            self.exit = exits.find_map(|container| {
                let code = container.exit_code.filter(|code| *code != 0)?;
                Some((container.name.clone(), code))
            });
        }
    }

    /// When this happened; `None` while it has not, or when nobody says.
    #[must_use]
    pub fn at(&self, mark: Mark) -> Option<Timestamp> {
        let found = self.marks.iter().find(|(known, _)| *known == mark);
        found.map(|(_, at)| *at)
    }

    /// Sets when something happened. What was observed is observed once.
    pub fn mark(&mut self, mark: Mark, at: Timestamp) {
        match self.marks.binary_search_by_key(&mark, |(known, _)| *known) {
            Ok(_) if mark.is_observed() => {}
            Ok(place) => self.marks[place].1 = at,
            Err(place) => self.marks.insert(place, (mark, at)),
        }
    }

    /// Whether it is worth telling before the end of its job, when this was told of it before.
    #[must_use]
    pub fn is_news(&self, told: Option<&Self>) -> bool {
        let Some(told) = told else { return true };
        let matters = matches!(
            self.last(),
            Some(Mark::Healthy | Mark::Stopping | Mark::Draining | Mark::Stopped)
        );
        matters && self.last() != told.last()
    }

    /// The same with what was observed by a clock that is so many milliseconds behind the coordinator's.
    #[must_use]
    pub fn observed_behind(mut self, behind: i64) -> Self {
        for (mark, at) in &mut self.marks {
            if mark.is_observed() {
                *at = Timestamp::from_millis(at.millis().saturating_add_signed(behind));
            }
        }
        self
    }

    /// The last that is known to have happened to it.
    #[must_use]
    pub fn last(&self) -> Option<Mark> {
        self.marks.last().map(|(mark, _)| *mark)
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, TaskLife};
    use crate::observe::{ContainerSeen, TaskSeen};
    use crate::time::Timestamp;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn every_mark_is_read_by_its_word_and_no_other_word_is_one() {
        let words: std::collections::BTreeSet<&str> = Mark::ALL.map(Mark::as_str).into();
        assert_eq!(words.len(), Mark::ALL.len(), "each its own");
        for mark in Mark::ALL {
            assert_eq!(Mark::parse(mark.as_str()), Some(mark));
        }
        assert_eq!(Mark::parse("running"), None);
        assert!(Mark::ALL.is_sorted(), "in their order");
    }

    #[test]
    fn what_aws_says_goes_before_what_it_said_and_what_was_observed_stays() {
        let mut life = TaskLife::default();
        let mut seen = TaskSeen {
            arn: "arn:aws:ecs:eu-west-1:222222222222:task/main/8c1f".to_owned(),
            created_at: Some(at(1)),
            started_at: Some(at(9)),
            stopped_reason: Some("not told before it stops".to_owned()),
            ..TaskSeen::default()
        };
        life.look(&seen);
        life.mark(Mark::Healthy, at(20));
        life.mark(Mark::Healthy, at(30));
        assert_eq!(life.reason, "");
        seen.pull_started_at = Some(at(3));
        seen.stopping_at = Some(at(40));
        seen.containers = vec![ContainerSeen {
            name: "web".to_owned(),
            exit_code: Some(1),
            ..ContainerSeen::default()
        }];
        life.look(&seen);
        let marks = [
            (Mark::Created, at(1)),
            (Mark::PullStarted, at(3)),
            (Mark::Started, at(9)),
            (Mark::Healthy, at(20)),
            (Mark::Stopping, at(40)),
        ];
        assert_eq!(life.marks, marks);
        assert_eq!(life.last(), Some(Mark::Stopping));
        assert_eq!(life.exit, Some(("web".to_owned(), 1)));
        assert_eq!(life.reason, "not told before it stops");
    }
}
