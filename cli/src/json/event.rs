//! Events as JSON objects, one per line.

use serde_json::{Value, json};
use shipway_domain::event::{
    Event, EventKind, NoteLevel, Progress, Stage, TaskCounts, TaskLife, Waited, in_plain_words,
};
use shipway_domain::hook::Weight;

use crate::json;
use crate::text::words::rfc3339;

/// The object for an event: `seq`, `time`, `job`, `type`, and what the type brings.
pub(crate) fn object(event: &Event) -> Value {
    let (kind, members) = kind(&event.kind);
    let head = json!({
        "seq": event.seq,
        "time": rfc3339(event.at),
        "job": event.job,
        "type": kind,
    });
    json::with(head, members)
}

fn kind(kind: &EventKind) -> (&'static str, Value) {
    match kind {
        EventKind::Submitted { by } => ("submitted", json!({ "by": by })),
        EventKind::Folded { by } => ("folded", json!({ "by": by.to_string() })),
        EventKind::CancelAsked { by, reason } => {
            ("cancel-asked", json!({ "by": by, "reason": reason }))
        }
        EventKind::Granted { agent, attempt } => (
            "granted",
            json!({ "agent": agent.as_str(), "attempt": attempt.0 }),
        ),
        EventKind::Returned { reason } => ("returned", json!({ "reason": reason })),
        EventKind::Progress(progress) => self::progress(progress),
        EventKind::Rested { verdict, summary } => (
            "rested",
            json!({ "verdict": verdict.as_str(), "summary": summary }),
        ),
        EventKind::JobEnded(outcome) => ("job-ended", json::outcome::object(outcome)),
        EventKind::Ended { verdict } => (
            "ended",
            json!({ "verdict": verdict.as_str(), "final": verdict.is_final() }),
        ),
        EventKind::HookAnswered { stage, answer } => (
            "hook-answered",
            json!({
                "hook": answer.hook,
                "stage": stage,
                "action": json::hook::action(answer.action),
                "by": answer.by,
                "reason": answer.reason,
            }),
        ),
        EventKind::Waited(reasons) => (
            "waited",
            json!({ "reasons": reasons.iter().map(waited).collect::<Value>() }),
        ),
    }
}

fn progress(progress: &Progress) -> (&'static str, Value) {
    match progress {
        Progress::StepStarted { step, .. } => ("step-started", json!({ "step": step.as_str() })),
        Progress::StepEnded {
            step,
            result,
            detail,
            ..
        } => {
            let result = result.as_str();
            (
                "step-ended",
                json!({ "step": step.as_str(), "result": result, "detail": detail }),
            )
        }
        Progress::Tasks(counts) => ("tasks", tasks(counts)),
        Progress::ServiceEvent { at, message } => (
            "service-event",
            json!({ "at": rfc3339(*at), "message": message, "text": in_plain_words(message) }),
        ),
        Progress::Note { level, text } => {
            let level = match level {
                NoteLevel::Info => "info",
                NoteLevel::Warning => "warning",
            };
            ("note", json!({ "level": level, "text": text }))
        }
        Progress::Task(life) => ("task", self::life(life)),
    }
}

fn life(life: &TaskLife) -> Value {
    let marks = life.marks.iter();
    let marks = marks.map(|(mark, at)| (mark.as_str().to_owned(), rfc3339(*at).into()));
    json!({
        "task": life.task,
        "task_definition": life.task_definition,
        "new": life.new,
        "times": marks.collect::<serde_json::Map<String, Value>>(),
        "stop_code": Some(&life.stop_code).filter(|code| !code.is_empty()),
        "stopped_reason": Some(&life.reason).filter(|reason| !reason.is_empty()),
        "container": life.exit.as_ref().map(|(container, _)| container),
        "exit_code": life.exit.as_ref().map(|(_, code)| code),
    })
}

fn waited(waited: &Waited) -> Value {
    json!({
        "reason": waited.code.as_str(),
        "text": waited.text,
        "release": waited.release.map(|release| release.to_string()),
        "since": rfc3339(waited.from),
    })
}

fn tasks(counts: &TaskCounts) -> Value {
    let states = counts.states.map(|states| {
        json!({
            "provisioning": states.provisioning,
            "pulling": states.pulling,
            "starting": states.starting,
            "checking": states.checking,
            "unhealthy": states.unhealthy,
            "healthy": states.healthy,
            "draining": states.draining,
            "stopping": states.stopping,
        })
    });
    let phase = counts.phase.as_ref().map(|phase| {
        json!({
            "name": phase.kind.as_str(),
            "tasks": phase.tasks,
            "since": phase.since.map(rfc3339),
            "at_most_seconds": phase.at_most.map(|most| most.as_secs()),
        })
    });
    json!({
        "old_running": counts.old_running,
        "new_running": counts.new_running,
        "new_pending": counts.new_pending,
        "failed": counts.failed,
        "desired": counts.desired,
        "upper": counts.upper,
        "waiting_for": counts.waiting_for,
        "states": states,
        "phase": phase,
        "ends_about": counts.ends_about.map(rfc3339),
        "desired_before": counts.desired_before,
        "stage": counts.stage.as_ref().map(stage),
    })
}

fn stage(stage: &Stage) -> Value {
    json!({
        "name": stage.name,
        "production_percent": stage.production.map(Weight::percent),
        "test_percent": stage.test.map(Weight::percent),
        "hooks": stage.hooks.iter().map(json::hook::object).collect::<Value>(),
    })
}
