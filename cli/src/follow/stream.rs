//! The loop: events in, each shown once, broken streams taken up again where they broke.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::pin::pin;
use std::time::Duration;

use shipway_domain::event::Event;
use shipway_domain::ids::ReleaseId;
use shipway_domain::verdict::Verdict;
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use tokio::time::Instant;
use tonic::{Status, Streaming};

use crate::error::{Error, Kind};
use crate::exit;
use crate::follow::show::{Show, fitting};
use crate::follow::state::State;
use crate::server::Server;
use crate::session::Session;

/// How often the live view looks at the clock.
const TICK: Duration = Duration::from_millis(200);
/// First and longest pause before a stream is opened again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// How long a coordinator may be away before we give up.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the rest of the output is waited for once the release has ended.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// How far a release is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until it has ended or rests.
    Rest,
    /// Until it has ended.
    End,
}

/// Watches a release and shows it; gives the exit code of its verdict.
pub(crate) async fn follow(
    session: &mut Session<'_>,
    server: Server,
    release: ReleaseId,
    until: Until,
) -> Result<u8, Error> {
    let mut watcher = Watcher {
        accounts: if session.json() {
            BTreeMap::new()
        } else {
            crate::commands::accounts::names(&server).await
        },
        show: fitting(session),
        server,
        release,
        until,
        state: None,
        lost: None,
        shown: BTreeMap::new(),
    };
    let watched = watcher.run(session);
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    tokio::select! {
        code = watched => return code,
        Ok(()) = &mut interrupt => {}
    }
    writeln!(
        session.io.err,
        "\nit goes on; come back with: shipway watch {release}"
    )?;
    Ok(exit::DETACHED)
}

struct Watcher {
    server: Server,
    release: ReleaseId,
    until: Until,
    accounts: BTreeMap<shipway_domain::ids::AccountId, String>,
    show: Box<dyn Show>,
    state: Option<State>,
    /// Since when the connection is lost, and how long the last pause was.
    lost: Option<(Instant, Duration)>,
    /// Lines of output shown, by job and attempt: a log has no numbers to go on from.
    shown: BTreeMap<(u32, u32), u64>,
}

/// How a stream of events came to its end.
enum Stop {
    /// The release has ended or rests.
    Verdict(Verdict),
    /// The stream broke.
    Broken(Status),
}

impl Watcher {
    async fn run(&mut self, session: &mut Session<'_>) -> Result<u8, Error> {
        loop {
            match self.stream(session).await? {
                Stop::Verdict(verdict) => {
                    if let Some(state) = &self.state {
                        self.show.end(session, state)?;
                    }
                    return Ok(verdict.exit_code());
                }
                Stop::Broken(status) if may_pass(&status) => self.wait(session, &status).await?,
                Stop::Broken(status) => return Err(self.server.failed(&status)),
            }
        }
    }

    /// Waits before the next try, longer each time, and gives up in the end.
    async fn wait(&mut self, session: &mut Session<'_>, status: &Status) -> Result<(), Error> {
        let now = Instant::now();
        let (since, pause) = match self.lost {
            Some((since, pause)) => (since, (pause * 2).min(PAUSES.1)),
            None => {
                let note = format!("connection lost ({}); trying again …", status.message());
                self.show.note(session, &note)?;
                (now, PAUSES.0)
            }
        };
        self.lost = Some((since, pause));
        if now.duration_since(since) > PATIENCE {
            let text = "the coordinator has been away for 5 minutes; the release may go on";
            return Err(Error::new(Kind::Connection, text)
                .because(Failure::from(status))
                .hint(format!("once it is back: shipway watch {}", self.release)));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn last_seq(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.last_seq)
    }

    /// One stream, from the event after the last one seen.
    async fn stream(&mut self, session: &mut Session<'_>) -> Result<Stop, Error> {
        let request = v1::WatchRequest {
            release: self.release.number(),
            after: self.last_seq(),
            until_rest: self.until == Until::Rest,
        };
        let mut events = match self.server.client.watch(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Ok(Stop::Broken(status)),
        };
        let mut output = self.open_output().await;
        let mut places = BTreeMap::new();
        let mut ticks = tokio::time::interval(TICK);
        let stop = loop {
            tokio::select! {
                reply = events.message() => match reply {
                    Ok(Some(reply)) => self.take(session, reply)?,
                    Ok(None) => break match self.state.as_ref().and_then(|state| state.verdict) {
                        Some(verdict) => Stop::Verdict(verdict),
                        None => Stop::Broken(Status::unavailable("the stream ended")),
                    },
                    Err(status) => break Stop::Broken(status),
                },
                chunk = next(&mut output) => match chunk {
                    Some(chunk) => self.print(session, &chunk, &mut places)?,
                    None => output = None,
                },
                _ = ticks.tick() => {
                    if let Some(state) = &self.state {
                        self.show.tick(session, state)?;
                    }
                }
            }
        };
        if matches!(stop, Stop::Verdict(_)) {
            let late = Instant::now() + LAST_OUTPUT;
            while output.is_some()
                && let Ok(Some(chunk)) = tokio::time::timeout_at(late, next(&mut output)).await
            {
                self.print(session, &chunk, &mut places)?;
            }
        }
        Ok(stop)
    }

    async fn open_output(&mut self) -> Option<Streaming<v1::LogChunk>> {
        if !self.show.wants_output() {
            return None;
        }
        let request = v1::LogsRequest {
            release: self.release.number(),
            job: None,
            follow: true,
        };
        // Without output the events still tell what matters.
        let answer = self.server.client.logs(request).await.ok()?;
        Some(answer.into_inner())
    }

    fn take(&mut self, session: &mut Session<'_>, reply: v1::WatchReply) -> Result<(), Error> {
        if self.lost.take().is_some() {
            self.show.note(session, "connected again")?;
        }
        if let Some(view) = reply.release {
            match &mut self.state {
                Some(state) => state.see(view).map_err(not_understood)?,
                None => {
                    let mut state = State::new(view).map_err(not_understood)?;
                    state.accounts = std::mem::take(&mut self.accounts);
                    self.state = Some(state);
                }
            }
            if let Some(state) = &self.state {
                self.show.changed(session, state)?;
            }
        }
        let Some(state) = &mut self.state else {
            return Err(Error::new(
                Kind::Connection,
                "the coordinator sent events before the release",
            ));
        };
        for message in reply.events {
            let seq = message.seq;
            match Event::try_from(message) {
                Ok(event) => {
                    if state.fold(&event) {
                        self.show.event(session, state, &event)?;
                    }
                }
                // A newer coordinator: what it says beyond our words is left out, not fatal.
                Err(error) => {
                    state.last_seq = state.last_seq.max(seq);
                    let text = format!("event {seq} cannot be shown by this version: {error}");
                    self.show.note(session, &text)?;
                }
            }
        }
        Ok(())
    }

    fn print(
        &mut self,
        session: &mut Session<'_>,
        chunk: &v1::LogChunk,
        places: &mut BTreeMap<(u32, u32), u64>,
    ) -> Result<(), Error> {
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let key = (chunk.job, chunk.attempt);
        let place = places.entry(key).or_default();
        let shown = self.shown.entry(key).or_default();
        for line in String::from_utf8_lossy(&chunk.text).lines() {
            *place += 1;
            if *place <= *shown {
                continue;
            }
            *shown = *place;
            if let Some(job) = state.jobs.get_mut(&chunk.job) {
                job.output(line);
            }
            self.show.output(session, state, chunk.job, line)?;
        }
        Ok(())
    }
}

/// Whether the same call may succeed later: the coordinator says so, or never got to answer.
fn may_pass(status: &Status) -> bool {
    let class = Failure::from(status).class;
    class == Class::Unavailable || (class == Class::Internal && status.source().is_some())
}

/// The next chunk; `None` at the end. Without a stream it never comes.
async fn next(output: &mut Option<Streaming<v1::LogChunk>>) -> Option<v1::LogChunk> {
    match output {
        Some(stream) => stream.message().await.ok().flatten(),
        None => std::future::pending().await,
    }
}

fn not_understood(error: shipway_proto::ConversionError) -> Error {
    Error::new(
        Kind::Connection,
        "the coordinator's answer cannot be understood",
    )
    .because(error)
    .hint("is the coordinator of another version than this program?")
}
