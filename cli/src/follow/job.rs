//! A job of a release as far as it has been seen.

use std::collections::VecDeque;
use std::time::Duration;

use shipway_domain::event::{Event, EventKind, NoteLevel, Progress, Step, StepResult, TaskCounts};
use shipway_domain::ids::{ReleaseId, Target};
use shipway_domain::job::Outcome;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1::JobPhase;
use shipway_proto::{ConversionError, v1};

use crate::text::words::{self, so_far, span};

/// How many lines of a job's talk and of its output are kept for the live view.
const KEPT: usize = 4;

/// A job with its steps.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Place in the release.
    pub(crate) index: u32,
    /// build, rollout, settle, task.
    pub(crate) kind: String,
    /// Of a task: before or after the rollout; else empty.
    pub(crate) when: String,
    /// What it changes.
    pub(crate) target: Option<Target>,
    /// Its wave, from 0.
    pub(crate) wave: Option<u32>,
    /// Where it stands.
    pub(crate) phase: JobPhase,
    /// The agent that has it.
    pub(crate) agent: Option<String>,
    /// The newest attempt.
    pub(crate) attempt: u32,
    /// Since when it is in its phase.
    pub(crate) since: Timestamp,
    /// Why it is not running.
    pub(crate) wait: Option<Wait>,
    /// When the newest attempt, and when the first began.
    pub(crate) granted: Option<Timestamp>,
    pub(crate) first_granted: Option<Timestamp>,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
    /// How it ended, or what it rests with.
    pub(crate) outcome: Option<Outcome>,
    /// With what it rests.
    pub(crate) rested: Option<(Verdict, String)>,
    /// Steps of the newest attempt.
    pub(crate) steps: Vec<StepSeen>,
    /// Tasks as last counted.
    pub(crate) tasks: Option<TaskCounts>,
    /// Old tasks at their most, for the width of the bar.
    pub(crate) old_peak: u32,
    /// Since when `tasks.waiting_for` says the same.
    pub(crate) waiting_since: Timestamp,
    /// What ECS and the agent said last.
    pub(crate) said: VecDeque<Said>,
    /// The last lines of output.
    pub(crate) output: VecDeque<String>,
}

/// Why a job waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Stable word.
    pub(crate) code: String,
    /// In plain words.
    pub(crate) text: String,
    /// The release waited for.
    pub(crate) release: Option<ReleaseId>,
}

/// A step and its times.
#[derive(Clone, Debug)]
pub(crate) struct StepSeen {
    pub(crate) step: Step,
    pub(crate) started: Timestamp,
    pub(crate) end: Option<(Timestamp, StepResult)>,
    pub(crate) detail: String,
}

/// A remark.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at: Timestamp,
    pub(crate) warning: bool,
    pub(crate) text: String,
}

impl Job {
    /// The job that a view tells of.
    pub(crate) fn new(view: v1::JobView) -> Result<Self, ConversionError> {
        let mut job = Self {
            index: view.index,
            kind: view.kind.clone(),
            when: view.when.clone(),
            target: view.target.clone().map(TryInto::try_into).transpose()?,
            wave: view.wave,
            phase: JobPhase::Unspecified,
            agent: None,
            attempt: 0,
            since: Timestamp::ZERO,
            wait: None,
            granted: None,
            first_granted: None,
            ended: None,
            outcome: None,
            rested: None,
            steps: Vec::new(),
            tasks: None,
            old_peak: 0,
            waiting_since: Timestamp::ZERO,
            said: VecDeque::new(),
            output: VecDeque::new(),
        };
        job.see(view)?;
        Ok(job)
    }

    /// Takes in where the job stands now.
    pub(crate) fn see(&mut self, view: v1::JobView) -> Result<(), ConversionError> {
        self.phase = view.phase();
        self.attempt = view.attempt;
        self.agent = view.agent;
        self.since = Timestamp::from_millis(view.since_ms);
        self.wait = view.wait.map(Wait::from);
        if let Some(outcome) = view.outcome {
            self.outcome = Some(outcome.try_into()?);
        }
        if self.phase == JobPhase::Ended {
            self.ended.get_or_insert(self.since);
        }
        Ok(())
    }

    /// Takes in an event about this job.
    pub(crate) fn fold(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Granted { agent, attempt } => {
                self.agent = Some(agent.as_str().to_owned());
                self.attempt = attempt.0;
                self.granted = Some(event.at);
                self.first_granted.get_or_insert(event.at);
                self.rested = None;
                self.steps.clear();
            }
            EventKind::Returned { reason } => self.say(event.at, true, reason),
            EventKind::Progress(progress) => self.progress(event.at, progress),
            EventKind::Rested { verdict, summary } => {
                self.rested = Some((*verdict, summary.clone()));
                self.close_steps(event.at, StepResult::Done);
            }
            EventKind::JobEnded(outcome) => {
                let well = outcome.succeeded();
                let result = if well {
                    StepResult::Done
                } else {
                    StepResult::Failed
                };
                self.close_steps(event.at, result);
                self.outcome = Some(outcome.clone());
                self.ended = Some(event.at);
            }
            EventKind::HookAnswered { stage, answer } => {
                self.say(event.at, false, &words::answered(stage, answer));
            }
            EventKind::Submitted { .. }
            | EventKind::Folded { .. }
            | EventKind::CancelAsked { .. }
            | EventKind::Ended { .. }
            | EventKind::Waited(_) => {}
        }
    }

    fn progress(&mut self, at: Timestamp, progress: &Progress) {
        match progress {
            Progress::StepStarted { step, .. } => self.steps.push(StepSeen {
                step: *step,
                started: at,
                end: None,
                detail: String::new(),
            }),
            Progress::StepEnded {
                step,
                result,
                detail,
                ..
            } => {
                let open = |seen: &&mut StepSeen| seen.step == *step && seen.end.is_none();
                if let Some(seen) = self.steps.iter_mut().rev().find(open) {
                    seen.end = Some((at, *result));
                    seen.detail.clone_from(detail);
                }
            }
            Progress::Tasks(counts) => {
                let before = self.tasks.as_ref().map(|tasks| tasks.waiting_for.as_str());
                if before != Some(counts.waiting_for.as_str()) {
                    self.waiting_since = at;
                }
                let healthy = |tasks: &TaskCounts| tasks.states.map_or(0, |states| states.healthy);
                if healthy(counts) > self.tasks.as_ref().map_or(0, healthy) {
                    let text = format!("{} of {} healthy", healthy(counts), counts.desired);
                    self.say(at, false, &text);
                }
                self.old_peak = self.old_peak.max(counts.old_running);
                self.tasks = Some(counts.clone());
            }
            Progress::ServiceEvent { at, message } => self.say(*at, false, message),
            Progress::Note { level, text } => self.say(at, *level == NoteLevel::Warning, text),
            Progress::Task(_) => {}
        }
    }

    /// A job that stands still has no step under way, whether its agent could say so or not.
    fn close_steps(&mut self, at: Timestamp, result: StepResult) {
        for seen in self.steps.iter_mut().filter(|seen| seen.end.is_none()) {
            seen.end = Some((at, result));
        }
    }

    fn say(&mut self, at: Timestamp, warning: bool, text: &str) {
        if self.said.len() == KEPT {
            self.said.pop_front();
        }
        self.said.push_back(Said {
            at,
            warning,
            text: text.to_owned(),
        });
    }

    /// Whether it is the task of a gate.
    pub(crate) fn is_task(&self) -> bool {
        !self.when.is_empty()
    }

    /// Takes in a line of output.
    pub(crate) fn output(&mut self, line: &str) {
        if self.output.len() == KEPT {
            self.output.pop_front();
        }
        self.output.push_back(line.to_owned());
    }

    /// When the step with this word began, if its end has not been seen.
    pub(crate) fn step(&self, step: Step) -> Option<&StepSeen> {
        self.steps.iter().rev().find(|seen| seen.step == step)
    }

    /// What a step gave; of a scan under way, what it waits for, which the agent said last.
    pub(crate) fn detail<'a>(&'a self, seen: &'a StepSeen) -> &'a str {
        if seen.step != Step::Scan || seen.end.is_some() {
            return &seen.detail;
        }
        let mut said = self.said.iter().rev();
        let last = said.find(|said| !said.warning && said.at >= seen.started);
        last.map_or("", |said| &said.text)
    }

    /// How long it ran, or has run.
    pub(crate) fn took(&self, now: Timestamp) -> Option<Duration> {
        let began = self.first_granted?;
        Some(self.ended.unwrap_or(now).since(began))
    }

    /// The steps worth telling: not those that took no time and gave nothing to tell.
    pub(crate) fn told_steps(&self, now: Timestamp) -> impl Iterator<Item = &StepSeen> {
        self.steps
            .iter()
            .filter(move |seen| seen.is_worth_a_line(now))
    }

    /// How it ended or rests; `None` while it goes on and when it was never started.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        match (&self.outcome, self.phase) {
            (Some(Outcome::Skipped { .. }), _) => None,
            (Some(outcome), JobPhase::Ended | JobPhase::Resting) => Some(outcome.verdict()),
            (Some(outcome), _) if self.ended.is_some() => Some(outcome.verdict()),
            _ => self.rested.as_ref().map(|(verdict, _)| *verdict),
        }
    }
}

impl From<v1::Wait> for Wait {
    fn from(wait: v1::Wait) -> Self {
        Self {
            code: wait.code,
            text: wait.text,
            release: wait.release.map(ReleaseId::from_number),
        }
    }
}

impl StepSeen {
    /// Whether there is anything to tell: it goes on, failed, took its time, or gave something.
    pub(crate) fn is_worth_a_line(&self, now: Timestamp) -> bool {
        let done = matches!(self.end, Some((_, StepResult::Done | StepResult::Skipped)));
        !done || !self.detail.is_empty() || self.took(now).as_secs() >= 1
    }

    /// How long it took, or has taken, in words.
    pub(crate) fn time(&self, now: Timestamp) -> String {
        match self.end {
            Some(_) => span(self.took(now)),
            None => so_far(self.took(now)),
        }
    }

    /// How long it took, or has taken.
    pub(crate) fn took(&self, now: Timestamp) -> Duration {
        self.end.map_or(now, |(at, _)| at).since(self.started)
    }
}
