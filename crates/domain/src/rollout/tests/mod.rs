//! The planner takes the right step, whatever was noted and seen before.

mod balance;
mod clean;
mod debts;
mod drift;
mod early;
mod ends;
mod fixtures;
mod follow;
mod hooks;
mod kill;
mod path;
mod stays;
mod stop;
mod takeover;
mod trouble;
mod watch;
mod world;

use fixtures::wanted;
use world::World;

use super::{Next, Rollout, Wanted};
use crate::checkpoint::Checkpoint;
use crate::hook::HookAnswer;
use crate::job::{Outcome, RolloutReport, StopReason};
use crate::verdict::{Finding, Verdict};

/// A rollout that is walked through a world.
struct Walk {
    wanted: Wanted,
    world: World,
    rollout: Rollout,
    noted: Vec<Checkpoint>,
    stop: Option<StopReason>,
    answers: Vec<HookAnswer>,
    /// Names of actions and notes, in order.
    log: Vec<String>,
}

impl Walk {
    /// With the usual wish, in the usual world.
    fn usual() -> Self {
        Self::of(wanted(), World::new())
    }

    fn of(wanted: Wanted, world: World) -> Self {
        let rollout = Rollout::new(wanted.clone(), Vec::new(), None);
        Self {
            wanted,
            world,
            rollout,
            noted: Vec::new(),
            stop: None,
            answers: Vec::new(),
            log: Vec::new(),
        }
    }

    /// A new attempt, with what the earlier ones noted.
    fn again(&mut self) {
        self.wanted.attempt = self.wanted.attempt.next();
        self.rollout = Rollout::new(self.wanted.clone(), self.noted.clone(), self.stop.clone());
        for answer in self.answers.clone() {
            self.rollout.answer(answer);
        }
    }

    /// Somebody answers a hook: this attempt hears of it, and each one after it.
    fn answer(&mut self, answer: HookAnswer) {
        self.answers.push(answer.clone());
        self.rollout.answer(answer);
    }

    /// A new attempt that finds these notes.
    fn inherit(mut self, notes: Vec<Checkpoint>) -> Self {
        self.noted = notes;
        self.again();
        self
    }

    fn stop(&mut self, reason: StopReason) {
        self.stop = Some(reason.clone());
        self.rollout.stop(reason);
    }

    /// One step; the outcome when it was the last.
    fn step(&mut self) -> Option<Outcome> {
        match self.rollout.next(self.world.now) {
            Next::Do(action) => {
                let name = word(&action);
                self.log.push(name.clone());
                let saw = self.world.perform(&name, &action);
                self.rollout.saw(self.world.now, &action, saw);
            }
            Next::Note(note) => {
                self.log.push(word(&note));
                self.noted.push(note.clone());
                self.rollout.noted(note);
            }
            Next::Wait { until, reason } => {
                assert!(until > self.world.now, "waits for the past: {reason}");
                self.world.pass_to(until);
            }
            Next::End(outcome) => return Some(*outcome),
        }
        None
    }

    /// Walks until an action or note of this name was done.
    fn until(&mut self, name: &str) {
        for _ in 0..3000 {
            if self.log.last().is_some_and(|last| last == name) {
                return;
            }
            if let Some(outcome) = self.step() {
                panic!("ended before {name}: {outcome:?}");
            }
        }
        panic!("never came to {name}: {:?}", self.log);
    }

    /// Walks to the end.
    fn end(&mut self) -> Outcome {
        for _ in 0..3000 {
            if let Some(outcome) = self.step() {
                return outcome;
            }
        }
        panic!("comes to no end: {:?}", self.log.last_chunk::<20>());
    }

    fn report(&mut self) -> RolloutReport {
        match self.end() {
            Outcome::RolledOut(report) => report,
            other => panic!("no report but {other:?}"),
        }
    }

    fn verdict(&mut self) -> Verdict {
        self.report().verdict
    }

    fn failed(&mut self) -> Finding {
        match self.end() {
            Outcome::Failed(finding) => finding,
            other => panic!("no failure but {other:?}"),
        }
    }

    fn did(&self, name: &str) -> usize {
        self.log.iter().filter(|known| *known == name).count()
    }

    /// Whether anything was changed in AWS.
    fn wrote(&self) -> bool {
        let changes = [
            "Register",
            "SetScaling",
            "Update",
            "StopDeployment",
            "PutTags",
            "Deregister",
        ];
        changes.iter().any(|name| self.did(name) > 0)
    }
}

/// The name of an action or a note.
fn word(thing: &impl std::fmt::Debug) -> String {
    let text = format!("{thing:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}
