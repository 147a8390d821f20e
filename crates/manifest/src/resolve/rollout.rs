//! How services are changed: bounds, breaker, times.

use std::time::Duration;

use shipway_domain::bounds::{Percentages, Strategy};
use shipway_domain::document::Pointer;
use shipway_domain::spec::{Autoscaling, Breaker, RolloutSettings};

use super::Resolver;
use crate::duration;
use crate::file::{AutoscalingName, BreakerFile, StrategyName};

const TIMEOUT: Duration = Duration::from_secs(20 * 60);
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// Largest `healthCheckGracePeriodSeconds` (ecs-facts 1.3).
const LONGEST_GRACE: Duration = Duration::from_secs(i32::MAX as u64);

impl Resolver<'_> {
    pub(super) fn rollout(&mut self) -> Option<RolloutSettings> {
        let at = self.at();
        let environment = self.environment;
        let bounds = self.bounds();
        let breaker = self.breaker(&at.name("circuit_breaker"));
        let grace = environment.health_check_grace_period.as_deref();
        let grace = self.duration(
            "health_check_grace_period",
            grace,
            Duration::ZERO,
            LONGEST_GRACE,
        );
        let timeout = environment.timeout.as_deref();
        let timeout = self.duration("timeout", timeout, SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
        let stop_early_after = self.stop_early_after();
        let bounds = bounds?;
        Some(RolloutSettings {
            minimum_healthy_percent: bounds.minimum_healthy,
            maximum_percent: bounds.maximum,
            health_check_grace_period: grace?,
            breaker: breaker?,
            autoscaling: match environment.autoscaling {
                AutoscalingName::Keep => Autoscaling::Keep,
                AutoscalingName::Suspend => Autoscaling::Suspend,
            },
            timeout: timeout?.unwrap_or(TIMEOUT),
            force: environment.force,
            stop_early_after: stop_early_after?,
            keep_revisions: environment.keep_revisions,
        })
    }

    fn bounds(&mut self) -> Option<Percentages> {
        let environment = self.environment;
        let explicit = [
            (
                "minimum_healthy_percent",
                environment.minimum_healthy_percent,
            ),
            ("maximum_percent", environment.maximum_percent),
        ];
        let named = explicit.iter().find(|(_, value)| value.is_some());
        let Some((name, _)) = named else {
            return Some(strategy(environment.strategy).percentages());
        };
        let at = self.at().name(*name);
        if environment.strategy.is_some() {
            let message = format!("{name} and strategy exclude each other");
            self.error(
                &at,
                message,
                [format!("keep one of them; {}", strategies())],
            );
            return None;
        }
        let default = Strategy::Balanced.percentages();
        let [(_, minimum_healthy), (_, maximum)] = explicit;
        let bounds = Percentages {
            minimum_healthy: minimum_healthy.unwrap_or(default.minimum_healthy),
            maximum: maximum.unwrap_or(default.maximum),
        };
        match bounds.smallest_that_moves() {
            None => {
                let message = "with 100 and 100 percent no task could stop and none could start";
                let help =
                    "lower minimum_healthy_percent below 100, or raise maximum_percent above 100";
                self.error(&at, message, [help]);
                None
            }
            Some(1) => Some(bounds),
            Some(smallest) => {
                let Percentages {
                    minimum_healthy,
                    maximum,
                } = bounds;
                let message = format!(
                    "with {minimum_healthy} and {maximum} percent a service of fewer than {smallest} tasks never moves"
                );
                let help =
                    "ECS rounds the lower bound up and the upper bound down, and waits for ever";
                self.warning(&at, message, help);
                Some(bounds)
            }
        }
    }

    fn stop_early_after(&mut self) -> Option<u32> {
        let latest = RolloutSettings::LATEST_STOP;
        match self.environment.stop_early_after {
            None => Some(RolloutSettings::STOP_EARLY_AFTER),
            Some(after) if after <= latest => Some(after),
            Some(after) => {
                let at = self.at().name("stop_early_after");
                let message = format!("stop_early_after cannot be {after}");
                self.error(
                    &at,
                    message,
                    [format!("permitted: 1 to {latest}, and 0 for never")],
                );
                None
            }
        }
    }

    fn breaker(&mut self, at: &Pointer) -> Option<Breaker> {
        const RIGHT: &str =
            "circuit_breaker = { enabled = false, reason = \"why it has to be off\" }";
        match &self.environment.circuit_breaker {
            None | Some(BreakerFile::Switch(true)) => Some(Breaker::On),
            Some(BreakerFile::Explained(table)) if table.enabled => Some(Breaker::On),
            Some(BreakerFile::Explained(table)) => {
                let reason = table.reason.as_deref().unwrap_or_default().trim();
                if reason.is_empty() {
                    self.error(
                        at,
                        "the circuit breaker is off without a reason",
                        [format!("write {RIGHT}")],
                    );
                    return None;
                }
                Some(Breaker::Off {
                    reason: reason.to_owned(),
                })
            }
            Some(BreakerFile::Switch(false)) => {
                self.error(
                    at,
                    "the circuit breaker is off without a reason",
                    [format!("write {RIGHT}")],
                );
                None
            }
        }
    }

    /// A duration of the environment: outer `None` for a mistake, inner for a key that is not there.
    fn duration(
        &mut self,
        name: &str,
        text: Option<&str>,
        shortest: Duration,
        longest: Duration,
    ) -> Option<Option<Duration>> {
        self.duration_at(&self.at(), name, text, shortest, longest)
    }

    /// The same for a key of any table.
    pub(super) fn duration_at(
        &mut self,
        table: &Pointer,
        name: &str,
        text: Option<&str>,
        shortest: Duration,
        longest: Duration,
    ) -> Option<Option<Duration>> {
        let Some(text) = text else {
            return Some(None);
        };
        let at = table.name(name);
        match duration::parse(text) {
            Some(duration) if (shortest..=longest).contains(&duration) => Some(Some(duration)),
            Some(_) => {
                let help = format!(
                    "permitted: {} to {}",
                    duration::text(shortest),
                    duration::text(longest)
                );
                self.error(&at, format!("{name} cannot be {text:?}"), [help]);
                None
            }
            None => {
                self.error(&at, format!("{text:?} is no duration"), [duration::RULE]);
                None
            }
        }
    }
}

fn strategy(name: Option<StrategyName>) -> Strategy {
    match name {
        Some(StrategyName::Conservative) => Strategy::Conservative,
        None | Some(StrategyName::Balanced) => Strategy::Balanced,
        Some(StrategyName::Aggressive) => Strategy::Aggressive,
    }
}

/// What the strategies mean, as one line.
fn strategies() -> String {
    let all = Strategy::ALL.map(|strategy| {
        let Percentages {
            minimum_healthy,
            maximum,
        } = strategy.percentages();
        format!("{} is {minimum_healthy}/{maximum}", strategy.name())
    });
    all.join(", ")
}
