//! Where an environment can go back to: the last releases that were proven live there.

use std::collections::HashMap;

use crate::ids::{AppName, EnvName, ReleaseId};
use crate::release::Release;
use crate::spec::ReleaseKind;
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// The last releases of each environment that ended live, in the order of their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    places: HashMap<(AppName, EnvName), Vec<(Timestamp, ReleaseId)>>,
}

impl Lives {
    /// Those of an environment, in the order of their ends.
    #[must_use]
    pub fn of(&self, app: &AppName, env: &EnvName) -> Vec<ReleaseId> {
        let place = (app.clone(), env.clone());
        let lives = self.places.get(&place).into_iter().flatten();
        lives.map(|(_, release)| *release).collect()
    }

    /// Those of all environments.
    pub fn all(&self) -> impl Iterator<Item = ReleaseId> {
        self.places.values().flatten().map(|(_, release)| *release)
    }

    /// Remembers a release if it ended live, in any order and as often as one likes; of each
    /// environment the last `most`. A release that only pays a debt is no place to go back to.
    pub fn note(&mut self, most: usize, release: &Release) {
        let Some(ended) = release.ended_at else {
            return;
        };
        if release.verdict != Some(Verdict::Live) || release.kind == ReleaseKind::Settle {
            return;
        }
        let place = (release.app.clone(), release.env.clone());
        let lives = self.places.entry(place).or_default();
        let life = (ended, release.id);
        if let Err(at) = lives.binary_search(&life) {
            lives.insert(at, life);
        }
        let beyond = lives.len().saturating_sub(most);
        lives.drain(..beyond);
    }
}
