//! Whether a specification can be carried out at all; what a client must not send.

use std::collections::BTreeSet;

use crate::image::split_reference;
use crate::scan;
use crate::spec::{Breaker, Priority, ReleaseKind, ReleaseSpec, RolloutSettings, Source};

/// Most targets of one release.
const MAX_TARGETS: usize = 500;

impl Priority {
    /// The highest.
    pub const HIGHEST: Self = match Self::new(100) {
        Some(priority) => priority,
        None => unreachable!(),
    };
}

impl ReleaseSpec {
    /// Checks what types alone do not say.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if self.kind == ReleaseKind::Settle {
            return Err("releases of kind settle are made by the coordinator alone".to_owned());
        }
        if self.targets.is_empty() {
            return Err(format!(
                "environment {} has no target; it needs at least one",
                self.env
            ));
        }
        if self.targets.len() > MAX_TARGETS {
            return Err(format!(
                "environment {} has {} targets; at most {MAX_TARGETS} are possible",
                self.env,
                self.targets.len()
            ));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self
            .targets
            .iter()
            .find(|target| !seen.insert(&target.target))
        {
            return Err(format!(
                "target {} stands twice; a release changes each target once",
                twice.target
            ));
        }
        if self.containers.is_empty() {
            return Err("no container gets the image; name at least one".to_owned());
        }
        match (&self.source, &self.build) {
            (Source::Image { .. }, Some(_)) => {
                Err("an image is given, so nothing can be built: leave build away".to_owned())
            }
            (Source::Context { .. } | Source::Commit { .. }, None) => {
                Err("a source is given without a build: say how it is built".to_owned())
            }
            _ => {
                self.check_rollout()?;
                self.gates.check()?;
                self.check_scan()
            }
        }
    }

    fn check_scan(&self) -> Result<(), String> {
        let Some(gate) = &self.scan else {
            return Ok(());
        };
        if let Source::Image { reference } = &self.source {
            let (name, _) = split_reference(reference);
            let repository = self.image.repository.as_str();
            if !ends_with(name, repository) && !ends_with(repository, name) {
                let finding = scan::not_here(name, repository);
                return Err(format!("{}; {}", finding.cause, finding.remedy));
            }
        }
        gate.check()
    }

    fn check_rollout(&self) -> Result<(), String> {
        let rollout = &self.rollout;
        if rollout.minimum_healthy_percent > 100 {
            return Err(format!(
                "minimum_healthy_percent is {}; 0 to 100 are possible",
                rollout.minimum_healthy_percent
            ));
        }
        if !(100..=400).contains(&rollout.maximum_percent) {
            return Err(format!(
                "maximum_percent is {}; 100 to 400 are possible",
                rollout.maximum_percent
            ));
        }
        if rollout.minimum_healthy_percent == 100 && rollout.maximum_percent == 100 {
            return Err(
                "at 100/100 percent no task may be stopped and none started, so nothing \
                        could ever be deployed; lower minimum_healthy_percent or raise \
                        maximum_percent"
                    .to_owned(),
            );
        }
        if let Breaker::Off { reason } = &rollout.breaker
            && reason.trim().is_empty()
        {
            return Err(
                "the circuit breaker is switched off without a reason; write one down, \
                        or leave the breaker on"
                    .to_owned(),
            );
        }
        if rollout.stop_early_after > RolloutSettings::LATEST_STOP {
            return Err(format!(
                "stop_early_after is {}; 0 (never) to {} are possible",
                rollout.stop_early_after,
                RolloutSettings::LATEST_STOP
            ));
        }
        let most = RolloutSettings::MOST_REVISIONS;
        if let Some(keep) = rollout.keep_revisions
            && !(1..=most).contains(&keep)
        {
            return Err(format!(
                "keep_revisions is {keep}; 1 to {most} are possible, or none is deregistered"
            ));
        }
        if rollout.timeout.is_zero() {
            return Err("the timeout is zero; give the rollout some time, such as 20m".to_owned());
        }
        Ok(())
    }
}

/// Whether a path of names is, or ends with, another.
fn ends_with(path: &str, end: &str) -> bool {
    let before = path.strip_suffix(end);
    before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::spec;
    use crate::ids::Digest;
    use crate::spec::{BuildSettings, Builder, DockerBuild, LayersBuild};

    /// What is wrong with the usual specification once it is bent.
    fn wrong(bend: impl FnOnce(&mut ReleaseSpec)) -> Option<String> {
        let mut spec = spec("web", &[&["s"]]);
        bend(&mut spec);
        spec.check().err()
    }

    fn with_targets(count: usize) -> Option<String> {
        let names: Vec<String> = (0..count).map(|number| format!("s{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        wrong(|bent| bent.targets = spec("web", &[&names]).targets)
    }

    fn build(builder: Builder) -> Option<BuildSettings> {
        Some(BuildSettings {
            builder,
            platforms: Vec::new(),
            secrets: Vec::new(),
        })
    }

    #[track_caller]
    fn told(problem: Option<String>, words: &str) {
        let problem = problem.unwrap_or_default();
        assert!(problem.contains(words), "wanted {words:?}: {problem:?}");
    }

    #[test]
    fn what_is_possible_is_possible_up_to_its_bounds() {
        assert_eq!(with_targets(MAX_TARGETS), None);
        type Bend = fn(&mut RolloutSettings);
        let table: [Bend; 6] = [
            |rollout| rollout.minimum_healthy_percent = 0,
            |rollout| rollout.maximum_percent = 400,
            |rollout| (rollout.minimum_healthy_percent, rollout.maximum_percent) = (99, 100),
            |rollout| rollout.stop_early_after = RolloutSettings::LATEST_STOP,
            |rollout| rollout.keep_revisions = Some(1),
            |rollout| rollout.keep_revisions = Some(RolloutSettings::MOST_REVISIONS),
        ];
        for bend in table {
            assert_eq!(wrong(|spec| bend(&mut spec.rollout)), None);
        }
    }

    #[test]
    fn what_is_beyond_its_bounds_is_told_with_them() {
        told(with_targets(0), "has no target");
        told(with_targets(MAX_TARGETS + 2), "at most 500 are possible");
        type Bend = fn(&mut RolloutSettings);
        let table: [(Bend, &str); 6] = [
            (|rollout| rollout.minimum_healthy_percent = 102, "0 to 100"),
            (|rollout| rollout.maximum_percent = 401, "100 to 400"),
            (
                |rollout| rollout.maximum_percent = 100,
                "at 100/100 percent",
            ),
            (|rollout| rollout.stop_early_after = 202, "to 200"),
            (|rollout| rollout.keep_revisions = Some(0), "1 to 50"),
            (|rollout| rollout.keep_revisions = Some(51), "1 to 50"),
        ];
        for (bend, words) in table {
            told(wrong(|spec| bend(&mut spec.rollout)), words);
        }
    }

    #[test]
    fn a_source_is_built_and_an_image_is_not() {
        let docker = || build(Builder::Docker(DockerBuild::default()));
        let context = || Source::Context {
            blob: Digest::of(b"tar"),
            revision: None,
        };
        told(wrong(|spec| spec.build = docker()), "nothing can be built");
        told(wrong(|spec| spec.source = context()), "without a build");
        let both = wrong(|spec| (spec.source, spec.build) = (context(), docker()));
        assert_eq!(both, None);
    }

    #[test]
    fn builders_are_named_as_agents_announce_them() {
        let layers = build(Builder::Layers(LayersBuild::default()));
        let docker = build(Builder::Docker(DockerBuild::default()));
        let names = [docker, layers].map(|build| build.map(|build| build.builder_name()));
        assert_eq!(names, [Some("docker"), Some("layers")]);
    }
}
