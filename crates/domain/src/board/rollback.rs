//! The way back: which release a rollback undoes, and which one it brings back.

use super::{Board, Refusal};
use crate::ids::{AppName, EnvName, ReleaseId};
use crate::spec::ReleaseKind;

impl Board {
    /// What a rollback of an environment undoes and brings back.
    ///
    /// Undone is the newest deploy that has not ended, else the release that was last proven live: on all of
    /// its targets, or on some of them, as when a task behind its rollout failed. Brought back is `to`, else the newest release that was live before the undone one.
    ///
    /// # Errors
    /// [`Refusal::NothingToRollBackTo`] when no such release was ever live.
    pub fn plan_rollback(
        &self,
        app: &AppName,
        env: &EnvName,
        to: Option<ReleaseId>,
    ) -> Result<(ReleaseId, ReleaseId), Refusal> {
        let place = (app.clone(), env.clone());
        let none = |reason: String| Refusal::NothingToRollBackTo { reason };
        let lives = &*self.lives.of(app, env);
        let running = self
            .open
            .get(&place)
            .into_iter()
            .flatten()
            .rev()
            .find(|id| {
                self.releases
                    .get(id)
                    .is_some_and(|release| release.kind == ReleaseKind::Deploy)
            });
        let last = self.serves_in(app, env).max(lives.last().copied());
        let undoes = running.copied().or(last).ok_or_else(|| {
            none(format!(
                "nothing of {app} was ever live in {env}, so there is no way back"
            ))
        })?;
        let back = match to {
            Some(to) if lives.contains(&to) => Some(to),
            Some(to) => {
                return Err(none(format!(
                    "release {to} is not among the last {} that were live in {env}; these are, \
                     newest first: {}",
                    self.policy.lives,
                    newest(lives)
                )));
            }
            None => self.live_before(lives, undoes),
        };
        let back = back.ok_or_else(|| {
            none(format!(
                "no release of {app} was live in {env} before {undoes}"
            ))
        })?;
        Ok((undoes, back))
    }

    /// The newest deploy that serves on a target of the environment, however its release ended.
    fn serves_in(&self, app: &AppName, env: &EnvName) -> Option<ReleaseId> {
        let proven = self.targets.values().filter_map(|t| t.proven.as_ref());
        let here = proven.filter(|p| p.deploy && p.app == *app && p.env == *env);
        here.map(|proven| proven.release).max()
    }

    /// The newest live release that is not the undone one. Behind a rollback lies what it brought
    /// back, so a second rollback in a row goes one further back, not forth again.
    fn live_before(&self, lives: &[ReleaseId], undoes: ReleaseId) -> Option<ReleaseId> {
        match lives.iter().rposition(|id| *id == undoes) {
            Some(at) => lives[..at].last().copied(),
            None => lives.last().copied(),
        }
    }
}

fn newest(lives: &[ReleaseId]) -> String {
    if lives.is_empty() {
        return "none".to_owned();
    }
    let ids: Vec<String> = lives
        .iter()
        .rev()
        .take(10)
        .map(ToString::to_string)
        .collect();
    ids.join(", ")
}
