//! Traces of releases, told from their records.

mod lives;
mod told;

use std::collections::BTreeMap;

use told::{CALLER, NOON, Told, at, live};

use super::{Context, Span, Status, Trace, Value, What, attempt_span, keys, step_span};
use crate::board::WaitCode;
use crate::event::{EventKind, Mark, Step, Waited};
use crate::ids::{Attempt, ReleaseId};
use crate::job::{JobKind, JobState, Outcome, RolloutReport, StopReason};
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

/// The tree as lines: name, seconds from the beginning, status.
fn lines(trace: &Trace) -> Vec<String> {
    let mut depth: BTreeMap<super::SpanId, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for span in &trace.spans {
        let parent = span.parent.and_then(|parent| depth.get(&parent));
        let here = parent.map_or(0, |depth| depth + 1);
        depth.insert(span.id, here);
        let secs = |at: Timestamp| at.millis() / 1000 - NOON;
        let until = span
            .until
            .map_or_else(|| "…".to_owned(), |at| secs(at).to_string());
        let status = match &span.status {
            Status::Unset => String::new(),
            Status::Ok => " ok".to_owned(),
            Status::Error(cause) => format!(" error: {cause}"),
        };
        let indent = "  ".repeat(here);
        lines.push(format!(
            "{indent}{} {}–{until}{status}",
            span.name,
            secs(span.from)
        ));
    }
    lines
}

fn text(span: &Span, key: &str) -> Option<String> {
    span.attributes
        .iter()
        .find_map(|(known, value)| match value {
            Value::Text(text) if known == key => Some(text.clone()),
            _ => None,
        })
}

fn find<'a>(trace: &'a Trace, name: &str) -> &'a Span {
    trace.spans.iter().find(|span| span.name == name).unwrap()
}

#[test]
fn a_live_release_is_told_from_the_command_to_the_last_task() {
    let mut told = live();
    told.life(
        58,
        "1d0a0000aaaa",
        false,
        &[
            (Mark::Stopping, 40),
            (Mark::Draining, 41),
            (Mark::Drained, 50),
            (Mark::Ended, 52),
            (Mark::Stopped, 55),
        ],
    );
    told.life(
        58,
        "8c1f0000aaaa",
        true,
        &[
            (Mark::Created, 6),
            (Mark::PullStarted, 15),
            (Mark::PullStopped, 27),
            (Mark::Started, 33),
            (Mark::Healthy, 39),
        ],
    );
    told.ended(61, Verdict::Live, Vec::new());
    let trace = told.trace();
    assert_eq!(
        lines(&trace),
        [
            "deploy web → prod 0–61 ok",
            "  submit 0–1",
            "  queue 1–3",
            "  rollout eu-west-1 main/web 3–61 ok",
            "    attempt 1 3–61",
            "      register 4–5",
            "      update 5–6",
            "      follow 6–60",
            "    task 1d0a0000 (old) 3–55",
            "      serving 3–40",
            "      draining 40–50",
            "      stopping 50–52",
            "      deprovisioning 52–55",
            "    task 8c1f0000 6–61",
            "      provisioning 6–15",
            "      pull 15–27",
            "      start 27–33",
            "      until healthy 33–39",
            "      serving 39–61",
        ]
    );
    assert_eq!(trace.context, Context::parse(CALLER).unwrap());
    assert_eq!(trace.spans[0].parent, trace.context.caller);
    let ids: std::collections::BTreeSet<_> = trace.spans.iter().map(|span| span.id).collect();
    assert_eq!(ids.len(), trace.spans.len(), "each its own id");
    assert!(trace.spans.iter().all(|span| span.settled.is_some()));
}

#[test]
fn an_attempt_that_was_lost_ends_with_its_steps_and_the_next_one_goes_on_from_it() {
    let mut told = Told::new();
    told.granted(3, "agent-prod-1", 1);
    told.step(4, Some(5), Step::Register, 1);
    told.step(6, None, Step::Follow, 2);
    let reason = "its lease ended".to_owned();
    told.job(66, EventKind::Returned { reason });
    told.granted(67, "agent-prod-2", 2);
    told.step(68, Some(90), Step::Follow, 1);
    told.ended(91, Verdict::Live, Vec::new());
    let trace = told.trace();
    assert_eq!(
        lines(&trace),
        [
            "deploy web → prod 0–91 ok",
            "  submit 0–1",
            "  queue 1–3",
            "  rollout eu-west-1 main/web 3–91 ok",
            "    attempt 1 3–66 error: its lease ended",
            "      register 4–5",
            "      follow 6–66 error: the attempt did not end it",
            "    attempt 2 67–91",
            "      follow 68–90",
            "  queue 66–67",
        ]
    );
    let job = told.jobs[0].id;
    let first = attempt_span(trace.context.trace, job, Attempt(1));
    assert_eq!(find(&trace, "attempt 2").links, [first]);
    // An agent knows the id of a step before the coordinator has heard of it.
    let follow = step_span(trace.context.trace, job, Attempt(1), 2);
    assert_eq!(find(&trace, "follow").id, follow);
}

#[test]
fn a_failed_rollout_shows_the_finding_at_the_task_that_its_evidence_names() {
    let mut told = live();
    told.life(
        30,
        "8c1f0000aaaa",
        true,
        &[
            (Mark::Created, 6),
            (Mark::Stopping, 12),
            (Mark::Stopped, 14),
        ],
    );
    told.life(
        30,
        "9d1f0000aaaa",
        true,
        &[
            (Mark::Created, 16),
            (Mark::Stopping, 22),
            (Mark::Stopped, 24),
        ],
    );
    let finding = Finding {
        code: "exit-code".to_owned(),
        cause: "the new container exits with code 1".to_owned(),
        evidence: vec!["task 9d1f0000, container web, exit 1".to_owned()],
        remedy: "see its last lines".to_owned(),
    };
    told.ended(61, Verdict::RolledBack, vec![finding.clone()]);
    let trace = told.trace();
    let task = find(&trace, "task 9d1f0000");
    let [found] = task.moments.as_slice() else {
        panic!("{:?}", task.moments)
    };
    assert_eq!((found.name.as_str(), found.at), ("finding", at(24)));
    assert_eq!(
        found.attributes[0],
        (keys::FINDING.to_owned(), "exit-code".into())
    );
    let cause = Status::Error(finding.cause.clone());
    for name in [
        "deploy web → prod",
        "rollout eu-west-1 main/web",
        "task 9d1f0000",
    ] {
        assert_eq!(find(&trace, name).status, cause, "{name}");
    }
    assert!(find(&trace, "task 8c1f0000").moments.is_empty());
    let job = find(&trace, "rollout eu-west-1 main/web");
    assert_eq!(text(job, keys::ERROR).as_deref(), Some("exit-code"));
    // Where no task is named, it is shown at the last step.
    let mut told = live();
    let elsewhere = Finding {
        evidence: Vec::new(),
        ..finding
    };
    told.ended(61, Verdict::Failed, vec![elsewhere]);
    let trace = told.trace();
    assert_eq!(find(&trace, "follow").moments[0].name, "finding");
}

#[test]
fn a_job_at_rest_shows_why_and_one_whose_release_gave_way_failed_at_nothing() {
    let mut told = live();
    let finding = Finding {
        code: "task-lost".to_owned(),
        cause: "nobody knows".to_owned(),
        evidence: Vec::new(),
        remedy: String::new(),
    };
    let summary = "nobody knows".to_owned();
    let report = RolloutReport::unseen(Verdict::Stuck, summary.clone(), vec![finding]);
    told.jobs[0].state = JobState::Queued {
        not_before: Timestamp::ZERO,
        resting: Some(Box::new(report)),
    };
    let verdict = Verdict::Stuck;
    told.job(70, EventKind::Rested { verdict, summary });
    let trace = told.trace();
    let job = find(&trace, "rollout eu-west-1 main/web");
    let moments: Vec<(&str, Timestamp)> = job
        .moments
        .iter()
        .map(|moment| (moment.name.as_str(), moment.at))
        .collect();
    assert!(moments.contains(&("finding", at(70))), "{moments:?}");
    assert_eq!(job.status, Status::Error("nobody knows".to_owned()));
    assert_eq!(job.settled, None, "it may go on");

    let by = ReleaseId::from_number(1008);
    for (reason, status) in [
        (StopReason::Folded { by }, Status::Unset),
        (
            StopReason::Undone { by },
            Status::Error(format!("release {by} undoes it")),
        ),
    ] {
        let mut told = live();
        told.job(61, EventKind::JobEnded(Outcome::Stopped(reason)));
        let trace = told.trace();
        assert_eq!(find(&trace, "rollout eu-west-1 main/web").status, status);
    }
}

#[test]
fn a_wait_is_told_reason_by_reason_and_what_it_needs_is_no_queue() {
    let mut told = Told::new();
    let reason = |code, secs: u64, release: Option<u64>| Waited {
        code,
        release: release.map(ReleaseId::from_number),
        text: code.as_str().to_owned(),
        from: at(secs),
    };
    let slot = reason(WaitCode::Slot, 1, Some(1006));
    let busy = reason(WaitCode::Busy, 40, None);
    told.job(50, EventKind::Waited(vec![slot.clone(), busy.clone()]));
    told.granted(50, "agent-prod-1", 1);
    let trace = told.trace();
    let queue: Vec<&Span> = trace
        .spans
        .iter()
        .filter(|span| span.what == What::Queue)
        .collect();
    let [first, second] = queue.as_slice() else {
        panic!("{queue:?}")
    };
    assert_eq!((first.from, first.until), (at(1), Some(at(40))));
    assert_eq!((second.from, second.until), (at(40), Some(at(50))));
    let release = ReleaseId::from_number(1006).to_string();
    assert_eq!(text(first, keys::QUEUE_RELEASE), Some(release));
    assert_eq!(text(second, keys::QUEUE_REASON).as_deref(), Some("busy"));

    // One that still waits, behind a build that has ended.
    let mut told = Told::new();
    let mut needed = told.jobs[0].clone();
    needed.id.index = 1;
    needed.kind = JobKind::Build;
    told.jobs[0].needs = vec![1];
    told.jobs.push(needed);
    let settled = Outcome::Settled {
        what: String::new(),
    };
    told.event(20, Some(1), EventKind::JobEnded(settled));
    told.waits = BTreeMap::from([(0, vec![reason(WaitCode::NoAgent, 1, None)])]);
    let trace = told.trace();
    let waits = |span: &&Span| {
        span.what == What::Queue && text(span, keys::JOB_KIND).as_deref() == Some("rollout")
    };
    let queue = trace.spans.iter().find(waits).unwrap();
    assert_eq!(
        (queue.from, queue.until, queue.settled),
        (at(20), None, None)
    );
    assert_eq!(text(queue, keys::QUEUE_REASON).as_deref(), Some("no-agent"));
}

#[test]
fn without_a_callers_context_a_release_has_a_trace_of_its_own() {
    let mut one = Told::new();
    one.release.trace_parent.clear();
    let mut other = Told::new();
    other.release.trace_parent.clear();
    other.release.id = ReleaseId::from_number(1008);
    let (one, again, other) = (one.trace(), one.trace(), other.trace());
    assert_eq!(one.context, again.context);
    assert_ne!(one.context.trace, other.context.trace);
    assert_eq!(one.spans[0].parent, None);
}

#[test]
fn every_kind_of_span_is_read_by_its_word() {
    for what in What::ALL {
        assert_eq!(What::parse(what.as_str()), Some(what));
    }
    assert_eq!(What::parse("span"), None);
}

#[test]
fn calls_are_laid_into_their_steps_and_those_of_unknown_steps_into_the_attempt() {
    let mut told = live();
    told.ended(61, Verdict::Live, Vec::new());
    let mut trace = told.trace();
    let (job, first) = (told.jobs[0].id, Attempt(1));
    let call = |id: u8, name: &str, parent, from, until| {
        Span::new(super::SpanId([id; 8]), parent, What::Call, name)
            .between(at(from), Some(at(until)))
    };
    let step = |number| step_span(trace.context.trace, job, first, number);
    let update = call(1, "ecs:UpdateService", step(2), 4, 7);
    let again = call(2, "http", update.id, 5, 6);
    let lost = call(3, "ecs:DescribeTasks", step(9), 7, 8);
    // Ids of others, and none, are nobody's.
    let mut forged = call(4, "forged", update.id, 5, 6);
    forged.id = trace.spans[0].id;
    let twice = call(1, "twice", update.id, 5, 6);
    let none = call(0, "none", update.id, 5, 6);
    let spans = vec![lost, again, update, forged, twice, none];
    trace.add(vec![(job, first, spans)]);
    let lines = lines(&trace);
    let begin = lines
        .iter()
        .position(|line| line.contains("attempt 1"))
        .unwrap();
    assert_eq!(
        lines[begin..begin + 7],
        [
            "    attempt 1 3–61",
            "      ecs:DescribeTasks 7–8",
            "      register 4–5",
            "      update 5–6",
            // A clock was a second behind.
            "        ecs:UpdateService 5–6",
            "          http 5–6",
            "      follow 6–60",
        ]
    );
    let call = find(&trace, "ecs:UpdateService");
    assert_eq!(text(call, keys::AGENT).as_deref(), Some("agent-prod-1"));
    assert_eq!(call.settled, find(&trace, "attempt 1").settled);
    let before = trace.clone();
    trace.add(vec![(job, Attempt(7), vec![call_of_nobody()])]);
    assert_eq!(
        trace, before,
        "an attempt that was never granted says nothing"
    );
}

fn call_of_nobody() -> Span {
    let id = super::SpanId([9; 8]);
    Span::new(id, id, What::Call, "ecs:ListTasks").between(at(1), Some(at(2)))
}

#[test]
fn calls_that_change_what_serves_and_calls_that_were_throttled_are_told_from_others() {
    let call = |name: &str| Span {
        name: name.to_owned(),
        ..call_of_nobody()
    };
    for (name, changes) in [
        ("ecs:UpdateService", true),
        ("ecs:ContinueServiceDeployment", true),
        ("application-autoscaling:RegisterScalableTarget", true),
        ("ecs:DescribeServices", false),
        ("ecs:RegisterTaskDefinition", false),
        ("UpdateService", false),
    ] {
        assert_eq!(call(name).changes_what_serves(), changes, "{name}");
    }
    let not_a_call = Span {
        what: What::Work,
        ..call("ecs:UpdateService")
    };
    assert!(!not_a_call.changes_what_serves());
    let throttled = |times: u32| call_of_nobody().with(keys::THROTTLED, times);
    assert!(throttled(1).was_throttled() && !throttled(0).was_throttled());
    assert!(!call_of_nobody().was_throttled());
}

#[test]
fn every_attribute_is_documented() {
    let page = include_str!("../../../../docs/traces.md");
    let keys = include_str!("keys.rs");
    let keys = keys.lines().filter_map(|line| line.split('"').nth(1));
    let missing: Vec<&str> = keys
        .filter(|key| !page.contains(&format!("| `{key}` |")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "docs/traces.md");
}

#[test]
fn a_span_is_settled_once_and_for_all() {
    let mut told = live();
    told.life(30, "8c1f0000aaaa", true, &[(Mark::Created, 6)]);
    // A step whose beginning was lost on the way.
    told.step_ended(60, Step::Verify, 9);
    told.ended(61, Verdict::Live, Vec::new());
    let whole = told.trace();
    assert!(whole.spans.iter().all(|span| span.settled.is_some()));
    // However much of the story is told: what is settled is as it is in the end, and settled by the same event.
    for seen in 1..told.events.len() {
        let mut part = told.clone();
        part.events.truncate(seen);
        part.release.ended_at = None;
        part.release.verdict = None;
        let so_far = part.trace();
        for span in so_far.spans.iter().filter(|span| span.settled.is_some()) {
            let wanted = whole.spans.iter().find(|known| known.id == span.id);
            assert_eq!(Some(span), wanted, "after {seen} events");
        }
    }
}
