//! Lives of tasks in a trace.

use std::time::Duration;

use super::told::{Told, at, live};
use super::{find, lines};
use crate::event::{EventKind, Mark, Step};
use crate::gate::When;
use crate::ids::Digest;
use crate::job::{JobKind, Outcome, TaskRun};
use crate::trace::{Status, Value, keys};
use crate::verdict::{Finding, Verdict};

#[test]
fn a_look_that_comes_late_takes_nothing_from_what_aws_says() {
    let mut told = live();
    let marks = [
        (Mark::Stopping, 40),
        (Mark::Draining, 41),
        // The next look after that came when it was gone.
        (Mark::Drained, 59),
        (Mark::Ended, 52),
        (Mark::Stopped, 55),
    ];
    told.life(60, "1d0a0000aaaa", false, &marks);
    told.ended(61, Verdict::Live, Vec::new());
    let lines = lines(&told.trace());
    let of_task = lines.iter().skip_while(|line| !line.contains("(old)"));
    let parts: Vec<&str> = of_task.skip(1).map(|line| line.trim()).collect();
    assert_eq!(
        parts,
        [
            "serving 3–40",
            "draining 40–52",
            "stopping 52–52",
            "deprovisioning 52–55"
        ]
    );
}

#[test]
fn the_task_of_a_gate_runs_to_its_end_and_that_is_no_error() {
    let marks = [
        (Mark::Created, 6),
        (Mark::PullStarted, 7),
        (Mark::PullStopped, 9),
        (Mark::Started, 10),
        (Mark::Stopping, 30),
        (Mark::Ended, 31),
        (Mark::Stopped, 33),
    ];
    let story = |outcome: Outcome| {
        let mut told = Told::new();
        let target = told.jobs[0].kind.target().cloned().unwrap();
        told.jobs[0].kind = JobKind::Task {
            target,
            wave: 0,
            when: When::Before,
        };
        told.granted(3, "agent-prod-1", 1);
        told.step(5, Some(34), Step::RunTask, 1);
        told.life(34, "8c1f0000aaaa", true, &marks);
        told.why_it_stopped("Essential container in task exited");
        told.job(35, EventKind::JobEnded(outcome));
        lines(&told.trace())
    };
    let ran = story(Outcome::Ran(TaskRun {
        task: "8c1f0000aaaa".to_owned(),
        task_definition: "web:42".to_owned(),
        image_digest: Digest::of(b"image"),
        millis: 20_000,
    }));
    let tail = |lines: &[String]| lines[lines.len() - 7..].to_vec();
    let parts = [
        "      provisioning 6–7",
        "      pull 7–9",
        "      start 9–10",
        "      running 10–30",
        "      stopping 30–31",
        "      deprovisioning 31–33",
    ];
    assert_eq!(tail(&ran)[0], "    task 8c1f0000 6–33 ok");
    assert_eq!(tail(&ran)[1..], parts);
    let failed = story(Outcome::Failed(Finding {
        code: "exit-code".to_owned(),
        cause: "it exits with code 1".to_owned(),
        evidence: Vec::new(),
        remedy: String::new(),
    }));
    assert_eq!(
        tail(&failed)[0],
        "    task 8c1f0000 6–33 error: Essential container in task exited"
    );
}

#[test]
fn times_of_an_aws_clock_that_is_wrong_are_laid_into_the_job() {
    let mut told = live();
    // A quarter of an hour ahead.
    let marks = [(Mark::Created, 906), (Mark::Started, 933)];
    told.life(34, "8c1f0000aaaa", true, &marks);
    told.ended(61, Verdict::Live, Vec::new());
    let trace = told.trace();
    let task = find(&trace, "task 8c1f0000");
    assert!(
        task.from.since(at(5)) <= Duration::from_secs(2),
        "{:?}",
        task.from
    );
    let fitted = (keys::FITTED.to_owned(), Value::Flag(true));
    assert!(task.attributes.contains(&fitted));
}

#[test]
fn a_new_task_that_is_taken_away_has_not_failed() {
    let story = |reason: &str| {
        let mut told = live();
        let marks = [
            (Mark::Created, 6),
            (Mark::Stopping, 30),
            (Mark::Stopped, 33),
        ];
        told.life(34, "8c1f0000aaaa", true, &marks);
        told.why_it_stopped(reason);
        find(&told.trace(), "task 8c1f0000").status.clone()
    };
    let scaled = "Scaling activity initiated by (deployment ecs-svc/1)";
    assert_eq!(story(scaled), Status::Unset);
    let died = "Essential container in task exited";
    assert_eq!(story(died), Status::Error(died.to_owned()));
}
