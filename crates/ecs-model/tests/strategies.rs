//! What holds for every strategy, whatever happens to a service.

mod common;

use std::collections::BTreeMap;

use common::draws::{Input, apply, configs, harmless, inputs, plans, shifting};
use common::{at, seconds};
use ecs_model::{
    Config, Health, Outcome, Percents, Plan, Scripted, Service, ServiceDeployment, Stall, Standing,
    Status, Task, TaskStatus, Time,
};
use proptest::prelude::*;

/// The edges of ecs-facts 3.2.
const EDGES: [(Status, &[Status]); 5] = {
    use Status::{
        InProgress, Pending, RollbackFailed, RollbackInProgress, RollbackRequested,
        RollbackSuccessful, StopRequested, Stopped, Successful,
    };
    [
        (
            Pending,
            &[InProgress, StopRequested, RollbackRequested, Stopped],
        ),
        (
            InProgress,
            &[
                Successful,
                StopRequested,
                RollbackRequested,
                RollbackInProgress,
                Stopped,
            ],
        ),
        (StopRequested, &[Stopped]),
        (
            RollbackRequested,
            &[RollbackInProgress, Successful, Stopped],
        ),
        (RollbackInProgress, &[RollbackSuccessful, RollbackFailed]),
    ]
};

/// Several edges can be taken at one moment.
fn leads(from: Status, to: Status) -> bool {
    let next = EDGES.iter().find(|(status, _)| *status == from);
    from == to || next.is_some_and(|(_, next)| next.iter().any(|next| leads(*next, to)))
}

/// Percent of the production traffic that the target has; none where traffic does not move.
fn share(deployment: &ServiceDeployment) -> Option<f64> {
    let lifecycle = deployment.lifecycle.as_ref()?;
    Some(lifecycle.weights()?.0)
}

fn count(service: &Service, wanted: impl Fn(&Task) -> bool) -> u32 {
    let count = service.tasks().iter().filter(|task| wanted(task)).count();
    u32::try_from(count).expect("few tasks")
}

/// Tasks that take up a place.
fn occupying(service: &Service) -> u32 {
    count(service, |task| {
        task.is_wanted() || task.status() < TaskStatus::Deprovisioning
    })
}

/// Tasks of a deployment that can take traffic.
fn serving(service: &Service, id: &str) -> u32 {
    count(service, |task| {
        task.deployment() == Some(id) && task.is_wanted() && task.health() == Health::Healthy
    })
}

/// A service, and what was seen of it.
struct Watched {
    service: Service,
    outside: Scripted,
    now: Time,
    seen: BTreeMap<String, ServiceDeployment>,
    updates: usize,
    /// How the tasks of each update go in the end.
    last: BTreeMap<String, Outcome>,
    /// No task of it ends by itself or is stopped by hand.
    calm: bool,
    /// The smallest desired count there was.
    least: u32,
}

impl Watched {
    fn steady(config: Config, desired: u32, plan: Plan, calm: bool) -> Self {
        let mut outside = Scripted::new(plan);
        let service = common::steady(config, desired, &mut outside);
        Self {
            service,
            outside,
            now: at(0),
            seen: BTreeMap::new(),
            updates: 0,
            last: BTreeMap::new(),
            calm,
            least: desired,
        }
    }

    /// Moment by moment until this one.
    fn until(&mut self, until: Time) {
        while let Some(next) = self.service.next_wakeup().filter(|next| *next < until) {
            self.look(next);
        }
        self.now = until;
    }

    fn input(&mut self, number: usize, wait: u64, input: &Input) {
        self.until(self.now + seconds(wait));
        if let Input::Update(script) = input {
            self.updates += 1;
            let last = script.last().cloned().unwrap_or_default();
            self.last.insert(format!("ecs-svc/{number}"), last);
        }
        if let Input::Desired(desired) = input {
            self.least = self.least.min(*desired);
        }
        apply(
            &mut self.service,
            number,
            input,
            self.now,
            &mut self.outside,
        );
        self.look(self.now);
    }

    /// Until it ends, stalls, or has gone on for a long time.
    fn settle(&mut self) -> Standing {
        let horizon = self.now + seconds(3 * 24 * 3600);
        for moment in 0..20_000 {
            let endless = moment > 1_000 && self.has_reason_to_go_on();
            if self.service.standing() != Standing::Moving || endless {
                break;
            }
            match self.service.next_wakeup().filter(|next| *next < horizon) {
                Some(next) => self.look(next),
                None => break,
            }
        }
        self.service.standing()
    }

    fn look(&mut self, moment: Time) {
        let before: Vec<String> = self
            .service
            .tasks()
            .iter()
            .map(|task| task.id().to_owned())
            .collect();
        self.service.advance(moment, &mut self.outside);
        let started = count(&self.service, |task| {
            !before.iter().any(|id| id == task.id())
        }) > 0;
        self.check_places(started);
        self.check_objects();
        self.check_traffic();
    }

    /// Both revisions may be complete where traffic moves, and no more.
    fn check_places(&self, started: bool) {
        let most = match self.service.current().and_then(share) {
            Some(_) => self.service.bounds().upper.max(2 * self.service.desired()),
            None => self.service.bounds().upper,
        };
        let there = occupying(&self.service);
        assert!(
            !started || there <= most,
            "started a task, now there are {there} of at most {most}"
        );
    }

    /// One object for each update, rollback included; states along their edges; an end stays.
    fn check_objects(&mut self) {
        let all = self.service.service_deployments();
        assert_eq!(all.len(), self.updates + 1, "one object for each update");
        for known in all {
            if let Some(before) = self.seen.get(&known.id) {
                assert!(
                    leads(before.status, known.status),
                    "{:?} to {:?}",
                    before.status,
                    known.status
                );
                assert_eq!(before.target, known.target);
                assert!(before.rollback.is_none() || before.rollback == known.rollback);
                if before.status.is_terminal() {
                    assert_eq!(before, known, "it had ended");
                }
            }
            if known.status == Status::RollbackSuccessful {
                assert!(known.rollback.is_some());
            }
            assert_eq!(known.status.is_terminal(), known.finished_at.is_some());
            self.seen.insert(known.id.clone(), known.clone());
        }
    }

    /// No traffic without tasks: neither at the target nor at what serves beside it.
    fn check_traffic(&self) {
        let Some(current) = self.service.current() else {
            return;
        };
        let Some(share) = share(current) else {
            return;
        };
        assert!((0.0..=100.0).contains(&share), "{share}");
        if !self.calm || current.status.is_terminal() {
            return;
        }
        if share > 0.0 {
            let there = serving(&self.service, &current.target);
            assert!(
                there >= self.least,
                "the target has {share} % and {there} tasks"
            );
        }
        if share < 100.0
            && let Some(beside) = &current.serving
        {
            let there = serving(&self.service, beside);
            assert!(
                there >= self.least,
                "{beside} has {} % and {there} tasks",
                100.0 - share
            );
        }
    }

    /// How a failed deployment may stay: nothing to go back to, or nobody wanted to, or that failed too
    /// (ecs-facts 2.4).
    fn may_have_failed(&self) -> bool {
        let nowhere = self.service.rollback_target().is_none();
        match self.service.current().map(|current| current.status) {
            Some(Status::InProgress) => nowhere,
            Some(Status::Stopped | Status::RollbackFailed) => true,
            _ => false,
        }
    }

    /// Why a service may go on for ever: its tasks do not stay, or old ones have to.
    fn has_reason_to_go_on(&self) -> bool {
        let last = self.last.get(&self.service.primary().id);
        let bounds = self.service.bounds();
        bounds.lower > self.service.desired() || last.is_some_and(|last| *last != Outcome::Runs)
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_deployment_of_any_strategy_ends_or_is_a_documented_stall(
        plan in plans(),
        config in configs(),
        desired in 0..8_u32,
        inputs in prop::collection::vec(inputs(), 1..6),
    ) {
        let mut watched = Watched::steady(config, desired, plan, false);
        for (number, (wait, input)) in inputs.iter().enumerate() {
            watched.input(number, *wait, input);
        }
        let standing = watched.settle();
        let current = watched.service.current().expect("a deployment");
        match standing {
            Standing::Steady => prop_assert!(
                current.status.is_terminal(),
                "steady, and still {:?}",
                current
            ),
            Standing::Stalled(Stall::Failed) => prop_assert!(
                watched.may_have_failed(),
                "{:?}",
                current
            ),
            Standing::Stalled(Stall::Deadlock) => {
                let bounds = watched.service.bounds();
                prop_assert!(
                    bounds.upper < 2 * watched.service.desired() || bounds.lower > 0,
                    "there was room: {bounds:?}"
                );
            }
            Standing::Moving => prop_assert!(
                watched.has_reason_to_go_on(),
                "it never ends: {:?} {:?}",
                current,
                watched.service.deployments()
            ),
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn production_traffic_is_never_without_its_tasks(
        plan in plans(),
        config in shifting(),
        desired in 1..6_u32,
        inputs in prop::collection::vec(harmless(), 1..6),
    ) {
        // A minimum above 100 % keeps superseded tasks in the places of new ones for ever, and a maximum
        // below it never lets a service grow.
        let percents = Percents {
            minimum_healthy: config.percents.minimum_healthy.min(100),
            maximum: config.percents.maximum.max(100),
        };
        let config = Config { percents, ..config };
        let mut watched = Watched::steady(config, desired, plan, true);
        for (number, (wait, input)) in inputs.iter().enumerate() {
            watched.input(number, *wait, input);
        }
        let standing = watched.settle();
        let current = watched.service.current().expect("a deployment");
        match standing {
            Standing::Steady => {
                let end = current.status;
                prop_assert!(matches!(end, Status::Successful | Status::RollbackSuccessful), "{end:?}");
                let all = if end == Status::Successful { 100.0 } else { 0.0 };
                if let Some(share) = share(current) {
                    prop_assert_eq!(share.to_bits(), f64::to_bits(all));
                }
            }
            Standing::Stalled(Stall::Failed) => prop_assert!(
                watched.may_have_failed(),
                "{:?}",
                current
            ),
            Standing::Stalled(Stall::Deadlock) | Standing::Moving => {
                prop_assert!(false, "it never ends: {:?}", current);
            }
        }
    }
}
