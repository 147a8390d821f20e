//! Snapshots of a release as it is shown, from the same events in all forms.

mod failed;
mod rollout;
mod running;
mod scanned;
mod scene;
mod stages;
mod tasks;
mod waiting;

/// What an event with these counts is known by in plain lines.
fn told(counts: &shipway_domain::event::TaskCounts) -> Option<String> {
    use shipway_domain::event::{Event, EventKind, Progress};
    super::plain::counts(&Event {
        seq: 1,
        at: shipway_domain::time::Timestamp::ZERO,
        job: Some(1),
        kind: EventKind::Progress(Progress::Tasks(counts.clone())),
    })
}
