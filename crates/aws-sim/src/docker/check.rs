//! The health check of a container, run in it (ecs-facts 1.3).

use std::time::Duration;

use super::runner::Runner;
use crate::ecs::external::Check;

/// A check has at least so long, in real time: programs do not run faster when the clock does.
const LEAST: Duration = Duration::from_secs(2);

/// Checks until the container ends; `found` hears of each change.
pub(super) async fn run(runner: &Runner, check: &Check, id: &str, mut found: impl FnMut(bool)) {
    let clock = &runner.shared.clock;
    let lenient_until = clock.now() + check.start_period;
    let (mut failures, mut told) = (0, None);
    loop {
        clock.sleep_until(clock.now() + check.interval).await;
        let timeout = clock.now() + check.timeout;
        let timeout = async {
            tokio::join!(clock.sleep_until(timeout), tokio::time::sleep(LEAST));
        };
        let passed = tokio::select! {
            code = runner.engine.exec(id, &check.command) => code == Some(0),
            () = timeout => false,
        };
        if passed {
            failures = 0;
        } else if clock.now() >= lenient_until || told.is_some() {
            failures += 1;
        }
        let healthy = passed.then_some(true);
        let verdict = healthy.or_else(|| (failures >= check.retries).then_some(false));
        if verdict.is_some() && verdict != told {
            told = verdict;
            found(passed);
        }
    }
}
