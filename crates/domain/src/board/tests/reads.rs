//! What the board answers when it is asked.

use super::*;
use crate::board::{WaitCode, Waiting};

#[test]
fn it_wants_to_be_woken_when_the_next_lease_ends_and_never_without_a_reason() {
    let mut world = Fixture::with_agent(2);
    assert_eq!(world.board.next_deadline(), None);
    let first = world.submit(spec("web", &[&["web"]]));
    let lease = world.now.plus(Policy::default().lease);
    assert_eq!(world.board.next_deadline(), Some(lease));
    world.pass(10);
    world.submit(spec("api", &[&["api"]]));
    assert_eq!(
        world.board.next_deadline(),
        Some(lease),
        "the earlier of two"
    );
    let held = world.held(first, 0);
    let now = world.now;
    world.board.renew(now, &"a".parse().unwrap(), &[held]);
    assert_eq!(
        world.board.next_deadline(),
        Some(lease.plus(Duration::from_secs(10)))
    );
}

#[test]
fn a_look_goes_to_the_least_busy_agent_that_is_there_and_has_the_account() {
    let mut world = Fixture::with_agent(4);
    let prod = PROD.parse().unwrap();
    let of = |world: &Fixture, plugin: &str| {
        world
            .board
            .agent_for(&prod, plugin)
            .map(ToString::to_string)
    };
    assert_eq!(of(&world, "ecs").as_deref(), Some("a"));
    assert_eq!(of(&world, "another"), None);
    assert_eq!(
        world
            .board
            .agent_for(&"999999999999".parse().unwrap(), "ecs"),
        None
    );
    world.submit(spec("web", &[&["web"]]));
    world.hello("b", 1, 4, &[], None).unwrap();
    assert_eq!(of(&world, "ecs").as_deref(), Some("b"), "a is busy");
    assert_eq!(world.board.agents().count(), 2);
    let lost = Input::Lost {
        agent: "b".parse().unwrap(),
        incarnation: Incarnation(1),
    };
    world.input(lost).unwrap();
    assert_eq!(of(&world, "ecs").as_deref(), Some("a"), "b is away");
}

#[test]
fn jobs_are_told_in_the_order_of_their_turns() {
    let mut world = Fixture::new();
    let mut urgent = spec("urgent", &[&["u"]]);
    urgent.priority = Priority::new(90).unwrap();
    let mut soon = spec("soon", &[&["s"]]);
    soon.priority = Priority::new(80).unwrap();
    let mut patient = spec("patient", &[&["p"]]);
    patient.priority = Priority::new(10).unwrap();
    let last = world.submit(patient);
    let middle = world.submit(spec("web", &[&["w"]]));
    let second = world.submit(soon);
    let first = world.submit(urgent);
    let order: Vec<ReleaseId> = world
        .board
        .waiting_and_running()
        .iter()
        .filter(|job| job.id.index == 0)
        .map(|job| job.id.release)
        .collect();
    assert_eq!(order, [first, second, middle, last]);
}

/// The time of a rollout runs from here, however many attempts it takes.
#[test]
fn a_job_began_when_it_was_granted_first() {
    let mut world = Fixture::with_agent(4);
    let release = world.submit(spec("web", &[&["web"]]));
    let began = world.now;
    let started = |world: &Fixture| {
        let job = world.board.jobs_of(release).next().unwrap();
        (job.attempt, job.started_at)
    };
    assert_eq!(started(&world), (Attempt(1), began));
    world.pass(120);
    world.pass(120);
    let (attempt, at) = started(&world);
    assert!(attempt > Attempt(1), "its lease has ended");
    assert_eq!(at, began);
}

#[test]
fn a_rollout_is_offered_with_the_image_that_its_build_gave_and_what_was_last_proven() {
    let mut world = Fixture::with_agent(4);
    let offered = |world: &Fixture, release: ReleaseId| {
        let offers = world.effects.iter().filter_map(|effect| match effect {
            Effect::Offer(offer) if offer.job.id.release == release => Some(offer),
            _ => None,
        });
        let offers: Vec<_> = offers
            .map(|offer| (offer.image.clone(), offer.proven.clone()))
            .collect();
        offers
    };
    let first = world.submit(spec("web", &[&["web"]]));
    world.build(first);
    let Outcome::Built(image) = built() else {
        panic!("a build")
    };
    assert_eq!(
        offered(&world, first),
        [(None, None), (Some(image.clone()), None)]
    );
    world.pass(7);
    world.finish(first, 1, rolled(Verdict::Live));
    let seen = world.board.target(&target("web")).unwrap().proven.clone();
    assert_eq!(
        seen.map(|proven| (proven.release, proven.at)),
        Some((first, world.now))
    );
    let second = world.submit(spec("web", &[&["web"]]));
    world.build(second);
    let proven = world.board.target(&target("web")).unwrap().proven.clone();
    let proven = proven.map(|proven| proven.task_definition);
    assert!(proven.is_some());
    assert_eq!(
        offered(&world, second),
        [(None, None), (Some(image), proven)]
    );
}

#[test]
fn what_a_rollback_can_go_to_is_pinned_though_targets_name_something_newer() {
    let mut world = Fixture::with_agent(4);
    let mut releases = Vec::new();
    for _ in 0..3 {
        let release = world.submit(spec("web", &[&["web"]]));
        world.build(release);
        world.finish(release, 1, rolled(Verdict::Live));
        releases.push(release);
    }
    let pinned: Vec<ReleaseId> = world.board.pinned().into_iter().collect();
    assert_eq!(pinned, releases, "the target names the last alone");
}

#[test]
fn a_rollback_undoes_the_deploy_that_runs_and_never_a_rollback() {
    let mut world = Fixture::with_agent(4);
    let mut live = Vec::new();
    for _ in 0..2 {
        let release = world.submit(spec("web", &[&["web"]]));
        world.build(release);
        world.finish(release, 1, rolled(Verdict::Live));
        live.push(release);
    }
    let (app, env) = ("web".parse().unwrap(), "prod".parse().unwrap());
    let plan = |world: &Fixture| world.board.plan_rollback(&app, &env, None);
    assert_eq!(plan(&world), Ok((live[1], live[0])));
    let running = world.submit(spec("web", &[&["web"]]));
    assert_eq!(plan(&world), Ok((running, live[1])));
    world.build(running);
    world.finish(running, 1, rolled(Verdict::Failed));
    let mut back = spec("web", &[&["web"]]);
    back.kind = ReleaseKind::Rollback {
        undoes: live[1],
        to: live[0],
    };
    world.submit(back);
    assert_eq!(
        plan(&world),
        Ok((live[1], live[0])),
        "it is no deploy that runs"
    );
}

#[test]
fn a_rollback_has_a_time_of_its_own_however_long_what_it_undoes_has_taken() {
    let mut world = Fixture::with_agent(4);
    let first = world.submit(spec("web", &[&["web"]]));
    world.build(first);
    world.finish(first, 1, rolled(Verdict::Live));
    let second = world.submit(spec("web", &[&["web"]]));
    world.build(second);
    let began = world.now;
    let held = world.held(second, 1);
    for _ in 0..30 {
        world.pass(30);
        let (now, agent) = (world.now, world.agent("a"));
        assert_eq!(world.board.renew(now, &agent, &[held]), [held]);
    }
    let mut back = spec("web", &[&["web"]]);
    back.kind = ReleaseKind::Rollback {
        undoes: second,
        to: first,
    };
    let back = world.submit(back);
    world.build(back);
    world.finish(second, 1, rolled(Verdict::Cancelled));
    let started = |release| {
        let job = world.board.job(job(release, 1));
        job.map(|job| job.started_at)
    };
    assert_eq!(started(back), Some(world.now));
    assert!(world.now > began.plus(Duration::from_secs(600)));
}

#[test]
fn reasons_to_wait_are_called_as_on_the_wire() {
    use crate::board::WaitCode as Code;
    let codes = [
        Code::Needs,
        Code::Slot,
        Code::Behind,
        Code::NoAgent,
        Code::Busy,
        Code::Retry,
        Code::Resting,
    ];
    assert_eq!(
        codes.map(Code::as_str),
        [
            "needs", "slot", "behind", "no-agent", "busy", "retry", "resting"
        ]
    );
}

#[test]
fn what_is_on_the_board_is_counted_by_why_it_waits_and_within_a_bound() {
    let mut world = Fixture::new();
    let since = world.now;
    world.submit(spec("web", &[&["web"]]));
    world.pass(10);
    world.submit(spec("api", &[&["api"]]));
    let counts = world.board.count(2_000);
    // Two builds that nobody can run, two rollouts that need them.
    let waiting = |code| counts.waiting.get(&code).copied().unwrap_or_default();
    assert_eq!(
        waiting(WaitCode::NoAgent),
        Waiting {
            jobs: 2,
            oldest: Some(since)
        }
    );
    assert_eq!(waiting(WaitCode::Needs).jobs, 2);
    assert_eq!((counts.not_looked_at, counts.at), (0, world.now));
    let bounded = world.board.count(1);
    let looked_at: u64 = bounded.waiting.values().map(|it| it.jobs).sum();
    assert_eq!((looked_at, bounded.not_looked_at), (1, 3));

    world.hello("a", 1, 1, &[], None).unwrap();
    world.hello("b", 1, 1, &[], None).unwrap();
    let lost = Input::Lost {
        agent: "b".parse().unwrap(),
        incarnation: Incarnation(1),
    };
    world.input(lost).unwrap();
    let counts = world.board.count(2_000);
    assert_eq!(counts.running.values().sum::<u64>(), 2);
    assert_eq!((counts.connected, counts.draining, counts.gone), (1, 0, 1));
    assert_eq!((counts.debts, counts.oldest_debt), (0, None));
}

#[test]
fn a_rollout_waits_since_its_build_has_ended_and_not_since_it_was_submitted() {
    let mut world = Fixture::with_agent(2);
    let first = world.submit(spec("web", &[&["web"]]));
    world.build(first);
    let second = world.submit(spec("web", &[&["web"]]));
    world.pass(20);
    world.build(second);
    let since = world.now;
    world.pass(5);
    let counts = world.board.count(2_000);
    let wanted = Waiting {
        jobs: 1,
        oldest: Some(since),
    };
    assert_eq!(counts.waiting.get(&WaitCode::Slot), Some(&wanted));
}

#[test]
fn each_look_at_waits_finds_what_the_one_before_has_not_reached_and_then_begins_again() {
    let mut world = Fixture::new();
    let all = ["web", "api", "shop"].map(|app| world.submit(spec(app, &[&[app]])));
    let found = |world: &Fixture| {
        let build = |release: &ReleaseId| JobId {
            release: *release,
            index: 0,
        };
        all.iter()
            .filter(|release| !world.board.waited(build(release)).is_empty())
            .count()
    };
    // Each has a build that waits for an agent, and a rollout that needs it.
    for (most, wanted) in [(2, 1), (2, 2), (2, 3)] {
        world.board.look_at_waits(world.now, most);
        assert_eq!(found(&world), wanted);
    }
    // One that came to the end is followed by one from the front.
    world.board.look_at_waits(world.now, 100);
    world.hello("a", 1, 1, &[], None).unwrap();
    world.board.look_at_waits(world.now, 100);
    let second = JobId {
        release: all[1],
        index: 0,
    };
    let reasons: Vec<WaitCode> = world
        .board
        .waited(second)
        .iter()
        .map(|it| it.code)
        .collect();
    assert_eq!(reasons, [WaitCode::NoAgent, WaitCode::Busy]);
}
