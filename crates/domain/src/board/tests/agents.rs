//! Agents: capacity, leases, returning lives, stale messages.

use super::super::WaitCode;
use super::*;

#[test]
fn an_agent_gets_no_more_jobs_than_it_has_places() {
    let mut board = Fixture::with_agent(2);
    let ids: Vec<ReleaseId> = ["s", "t", "u"]
        .iter()
        .map(|s| board.submit(spec(s, &[&[*s]])))
        .collect();
    assert_eq!(board.granted().len(), 2);
    let third = JobId {
        release: ids[2],
        index: 0,
    };
    assert_eq!(board.board.wait_of(third).unwrap().code, WaitCode::Busy);
}

#[test]
fn a_job_without_an_agent_says_which_account_and_plugin_it_needs() {
    let mut board = Fixture::new();
    let id = board.submit(spec("web", &[&["s"]]));
    let wait = board
        .board
        .wait_of(JobId {
            release: id,
            index: 0,
        })
        .unwrap();
    assert_eq!(wait.code, WaitCode::NoAgent);
    assert_eq!(
        wait.text,
        "no agent with account 000000000000 and plugin ecs is connected"
    );
}

#[test]
fn the_least_busy_agent_gets_the_job() {
    let mut board = Fixture::with_agent(4);
    board.submit(spec("s", &[&["s"]]));
    board.hello("b", 2, 4, &[], None).unwrap();
    board.submit(spec("t", &[&["t"]]));
    assert_eq!(board.board.held(&board.agent("a")).len(), 1);
    assert_eq!(board.board.held(&board.agent("b")).len(), 1);
}

#[test]
fn a_lease_that_is_not_renewed_gives_the_job_to_another_attempt() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let old = board.held(id, 0);
    board.pass(61);
    board.pass(2);
    assert_eq!(board.held(id, 0).attempt, Attempt(2));
    let before = board.events.len();
    let decision = board.report(old, Report::Finished(built()));
    assert!(matches!(decision.effects.as_slice(), [Effect::Gone { .. }]));
    assert_eq!(board.events.len(), before, "a stale report changes nothing");
}

#[test]
fn a_renewed_lease_keeps_the_job() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let held = board.held(id, 0);
    for _ in 0..10 {
        board.pass(20);
        let agent = board.agent("a");
        let now = board.now;
        assert_eq!(board.board.renew(now, &agent, &[held]), [held]);
    }
    assert_eq!(board.held(id, 0).attempt, Attempt(1));
}

#[test]
fn a_lease_of_another_attempt_cannot_be_renewed() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let wrong = attempt(board.held(id, 0), 7);
    let (now, agent) = (board.now, board.agent("a"));
    assert_eq!(board.board.renew(now, &agent, &[wrong]), []);
}

#[test]
fn three_lost_deliveries_of_a_rollout_park_it_as_stuck_with_its_slot() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    board.build(id);
    for _ in 0..3 {
        board.pass(61);
        board.pass(41);
    }
    assert_eq!(board.granted(), []);
    assert_eq!(
        board.board.release(id).unwrap().verdict,
        Some(Verdict::Stuck)
    );
    let slot = board.board.target(&target("s")).unwrap().slot;
    assert_eq!(
        slot,
        Some(JobId {
            release: id,
            index: 1
        })
    );
}

#[test]
fn progress_makes_earlier_losses_forgotten() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    for _ in 0..6 {
        let held = board.held(id, 0);
        let step = crate::event::Step::Build;
        let progress = crate::event::Progress::StepStarted { step, number: 1 };
        board.report(held, Report::Progress(vec![progress.into()]));
        board.pass(61);
        board.pass(41);
    }
    assert_eq!(board.granted().len(), 1);
}

#[test]
fn a_second_life_of_a_connected_agent_is_refused() {
    let mut board = Fixture::with_agent(1);
    let refused = board.hello("a", 2, 1, &[], None).unwrap_err();
    assert_eq!(refused, Refusal::SecondLife(board.agent("a")));
}

#[test]
fn a_new_life_with_proof_frees_the_jobs_of_the_dead_one_at_once() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    board.hello("a", 2, 1, &[], Some(1)).unwrap();
    board.pass(2);
    assert_eq!(board.held(id, 0).attempt, Attempt(2));
}

#[test]
fn a_new_life_without_proof_waits_for_the_leases_of_the_old_one() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let lost = Input::Lost {
        agent: board.agent("a"),
        incarnation: Incarnation(1),
    };
    board.input(lost).unwrap();
    board.hello("a", 2, 1, &[], None).unwrap();
    board.pass(2);
    assert_eq!(board.held(id, 0).attempt, Attempt(1));
}

#[test]
fn an_agent_that_comes_back_keeps_what_it_holds() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let held = board.held(id, 0);
    let lost = Input::Lost {
        agent: board.agent("a"),
        incarnation: Incarnation(1),
    };
    board.input(lost).unwrap();
    let welcome = board.hello("a", 1, 1, &[held], None).unwrap();
    let kept = welcome
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Welcome { keep, .. } if keep.as_slice() == [held]));
    assert!(kept);
    board.build(id);
    assert_eq!(
        board.granted().len(),
        1,
        "the rollout is granted to the returned agent"
    );
}

#[test]
fn a_draining_agent_takes_nothing_new() {
    let mut board = Fixture::with_agent(4);
    let agent = board.agent("a");
    board
        .input(Input::Draining {
            agent,
            incarnation: Incarnation(1),
        })
        .unwrap();
    board.submit(spec("web", &[&["s"]]));
    assert_eq!(board.granted(), []);
}

#[test]
fn a_goodbye_hands_the_jobs_over_at_once() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let agent = board.agent("a");
    board
        .input(Input::Goodbye {
            agent,
            incarnation: Incarnation(1),
        })
        .unwrap();
    board.hello("b", 9, 1, &[], None).unwrap();
    board.pass(2);
    assert_eq!(board.held(id, 0).attempt, Attempt(2));
    assert_eq!(board.board.held(&board.agent("b")).len(), 1);
}

#[test]
fn a_repeated_end_is_acknowledged_again() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let held = board.held(id, 0);
    board.report(held, Report::Finished(built()));
    let again = board.report(held, Report::Finished(built()));
    assert!(again.changes.is_empty());
    assert!(matches!(
        again.effects.as_slice(),
        [Effect::FinishedKept { .. }]
    ));
}

#[test]
fn an_agent_that_comes_back_hears_of_stops_that_it_missed() {
    let mut board = Fixture::with_agent(1);
    let id = board.submit(spec("web", &[&["s"]]));
    let held = board.held(id, 0);
    board.report(held, Report::Accept);
    let lost = Input::Lost {
        agent: board.agent("a"),
        incarnation: Incarnation(1),
    };
    board.input(lost).unwrap();
    board.cancel(id);
    let welcome = board.hello("a", 1, 1, &[held], None).unwrap();
    assert!(matches!(
        welcome.effects.as_slice(),
        [Effect::Welcome { .. }, Effect::Stop { held: stopped, .. }] if *stopped == held
    ));
}

#[test]
fn a_job_goes_to_agents_that_have_its_plugin_and_to_no_others() {
    let mut world = Fixture::new();
    let hello = |id: &str, plugins: &[&str]| Input::Hello {
        agent: AgentDescription {
            id: id.parse().unwrap(),
            incarnation: Incarnation(1),
            version: "test".to_owned(),
            accounts: [TOOLS, PROD]
                .map(|account| AgentAccount {
                    id: account.parse().unwrap(),
                    name: account.to_owned(),
                    regions: vec!["eu-west-1".parse().unwrap()],
                })
                .to_vec(),
            plugins: plugins.iter().map(|plugin| (*plugin).to_owned()).collect(),
            capacity: 4,
            labels: Vec::new(),
        },
        holds: Vec::new(),
        predecessor: None,
    };
    world
        .input(hello("builder", &["docker", "layers"]))
        .unwrap();
    let release = world.submit(spec("web", &[&["web"]]));
    assert_eq!(
        world.granted(),
        [],
        "an existing image is found by who has ecs"
    );
    world.input(hello("a", &["ecs"])).unwrap();
    world.build(release);
    let held = world.held(release, 1);
    let job = world.board.job(held.job).unwrap();
    assert!(
        matches!(&job.state, JobState::Granted(grant) if grant.agent.as_str() == "a"),
        "{job:?}"
    );
}

#[test]
fn what_an_earlier_life_of_an_agent_says_of_itself_is_not_heard() {
    let mut world = Fixture::with_agent(4);
    world.hello("a", 2, 4, &[], Some(1)).unwrap();
    for stale in [
        Input::Lost {
            agent: "a".parse().unwrap(),
            incarnation: Incarnation(1),
        },
        Input::Goodbye {
            agent: "a".parse().unwrap(),
            incarnation: Incarnation(1),
        },
        Input::Draining {
            agent: "a".parse().unwrap(),
            incarnation: Incarnation(1),
        },
    ] {
        world.input(stale).unwrap();
        let seat = world.board.agents().next().unwrap();
        assert!(seat.connected && !seat.draining, "{seat:?}");
    }
    let release = world.submit(spec("web", &[&["web"]]));
    assert_eq!(
        world.held(release, 0).attempt,
        Attempt(1),
        "it is given work"
    );
}
