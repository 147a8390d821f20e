//! The command as a span, with the parts that took their time: made by hand at its end, when it is known of which release it
//! is a part, and in whose time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shipway_domain::trace::{Context, SpanId, TraceId};
use shipway_proto::v1;
use shipway_runtime::telemetry::{self, Field, Kind, Outcome, Record, Resource};
use shipway_runtime::{Clock, context};

/// A collector that does not take what a command tells within this holds no command up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The trace of a command.
pub(crate) struct Spans {
    /// The caller's trace, or a fresh one.
    context: Context,
    name: &'static str,
    clock: Clock,
    began: Duration,
    parts: Vec<(&'static str, Duration, Duration)>,
    /// The release that it has submitted.
    submitted: Option<Submitted>,
}

struct Submitted {
    release: Context,
    /// When the command began, in the coordinator's time.
    began_ms: u64,
    /// Whether the coordinator sends its span.
    exported: bool,
    at: Duration,
}

impl Spans {
    /// Of a command that begins now, with the `TRACEPARENT` of its caller.
    pub(crate) fn begin(name: &'static str, clock: &Clock, given: Option<&str>) -> Self {
        let fresh = || Context::fresh(TraceId(context::fresh_trace()));
        Self {
            context: given.and_then(Context::parse).unwrap_or_else(fresh),
            name,
            began: clock.uptime(),
            clock: clock.clone(),
            parts: Vec::new(),
            submitted: None,
        }
    }

    /// What is handed on with calls: a release that is submitted is a part of the caller's span, as the command is.
    pub(crate) fn traceparent(&self) -> String {
        self.context.traceparent()
    }

    /// When the command began, by the clock's uptime.
    pub(crate) const fn began(&self) -> Duration {
        self.began
    }

    /// The time, for [`Spans::part`].
    pub(crate) fn now(&self) -> Duration {
        self.clock.uptime()
    }

    /// A part of the command that began then has ended.
    pub(crate) fn part(&mut self, name: &'static str, from: Duration) {
        self.parts.push((name, from, self.now()));
    }

    /// The coordinator has taken the release in: what follows is the release's own time.
    pub(crate) fn submitted(&mut self, reply: &v1::SubmitReply) {
        self.submitted = Context::parse(&reply.trace_parent).map(|release| Submitted {
            release,
            began_ms: reply.began_ms,
            exported: reply.exported,
            at: self.now(),
        });
    }

    /// Sends the spans, when telemetry is on.
    pub(crate) async fn send(self, code: u8) {
        let Some(exporter) = telemetry::exporter() else {
            return;
        };
        if !self.context.sampled {
            return;
        }
        // Whoever waits for the command does not wait for a collector that hangs.
        let sent = tokio::time::timeout(PATIENCE, exporter.export(self.records(code))).await;
        if let Ok(Err(problem)) = sent {
            tracing::warn!(problem, "the spans of the command were not received");
        }
    }

    fn records(&self, code: u8) -> Vec<Record> {
        let command = context::fresh_span();
        let (trace, parent) = match &self.submitted {
            Some(submitted) if submitted.exported => {
                (submitted.release.trace, submitted.release.caller)
            }
            _ => (self.context.trace, self.context.caller),
        };
        let is_remote = parent.is_some();
        let until = self.submitted.as_ref().map_or_else(|| self.now(), |s| s.at);
        let record = |id: [u8; 8], parent: Option<SpanId>, name: &str, from, until| Record {
            trace: trace.0,
            id,
            parent: parent.map(|parent| parent.0),
            parent_is_remote: false,
            name: name.to_owned(),
            kind: Kind::Internal,
            from: self.at(from),
            until: self.at(until),
            fields: Vec::new(),
            moments: Vec::new(),
            moments_left_out: 0,
            links: Vec::new(),
            outcome: Outcome::Unset,
            resource: Resource::This,
        };
        let mut all = vec![record(command, parent, self.name, self.began, until)];
        all[0].parent_is_remote = is_remote;
        // What became of a release is told by its own span.
        if self.submitted.is_none() {
            let exit = Field::Number(code.into());
            all[0].fields.push(("process.exit.code".to_owned(), exit));
            if code != 0 {
                all[0].outcome = Outcome::Error(format!("exit code {code}"));
            }
        }
        for (name, from, until) in &self.parts {
            let id = context::fresh_span();
            let mut part = record(id, Some(SpanId(command)), name, *from, *until);
            if matches!(*name, "submit" | "upload") {
                part.kind = Kind::Client;
            }
            all.push(part);
        }
        all
    }

    /// A moment of our uptime: in the coordinator's time when that is known, in whole milliseconds as all times of a release.
    fn at(&self, uptime: Duration) -> SystemTime {
        let passed = |since: Duration| uptime.saturating_sub(since).as_millis();
        let millis = match &self.submitted {
            Some(submitted) if submitted.began_ms > 0 => {
                u128::from(submitted.began_ms) + passed(self.began)
            }
            _ => {
                let ago = self.now().saturating_sub(uptime).as_millis();
                u128::from(self.clock.millis()).saturating_sub(ago)
            }
        };
        UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use shipway_runtime::Clock;
    use shipway_runtime::telemetry::Outcome;

    use super::{Spans, v1};

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_command_that_submits_is_a_part_of_its_release_and_one_that_does_not_of_its_caller() {
        let clock = Clock::system();
        let mut spans = Spans::begin("shipway deploy", &clock, Some(CALLER));
        assert_eq!(spans.traceparent(), CALLER);
        let from = spans.now();
        spans.part("submit", from);
        let alone = spans.records(1);
        assert_eq!(
            alone[0].parent,
            Some([0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31])
        );
        assert_eq!(alone[0].outcome, Outcome::Error("exit code 1".to_owned()));
        assert_eq!(alone[1].parent, Some(alone[0].id));

        spans.submitted(&v1::SubmitReply {
            trace_parent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01".to_owned(),
            began_ms: 1_000_000,
            exported: true,
            ..v1::SubmitReply::default()
        });
        let records = spans.records(1);
        assert_eq!(
            records[0].parent,
            Some([0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7])
        );
        let began = records[0]
            .from
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        assert_eq!(began.as_secs(), 1000, "in the coordinator's time");
        assert_eq!(records[0].outcome, Outcome::Unset);
        // A span that nobody sends has no parts.
        if let Some(submitted) = &mut spans.submitted {
            submitted.exported = false;
        }
        assert_eq!(spans.records(0)[0].parent, alone[0].parent);
    }

    #[test]
    fn without_a_caller_a_trace_begins() {
        let spans = Spans::begin("shipway plan", &Clock::system(), Some("nonsense"));
        let records = spans.records(0);
        assert_eq!(records[0].parent, None);
        assert_ne!(records[0].trace, [0; 16]);
    }
}
