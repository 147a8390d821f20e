//! `shipway list`: releases, newest first.

use serde_json::{Value, json};
use shipway_domain::ids::ReleaseId;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1::{self, JobPhase};

use crate::error::{Error, Kind};
use crate::follow::state::State;
use crate::json;
use crate::session::Session;
use crate::text::line::Tone;
use crate::text::table::Table;
use crate::text::words::{ago, span};

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this app
    pub app: Option<String>,
    /// Only this environment
    #[arg(long)]
    pub env: Option<String>,
    /// How many, at most 1000
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Only releases older than this one
    #[arg(long, value_name = "RELEASE")]
    pub before: Option<ReleaseId>,
}

/// Prints the releases.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let request = v1::ListReleasesRequest {
        app: args.app.unwrap_or_default(),
        env: args.env.unwrap_or_default(),
        limit: args.limit,
        before: args.before.map(ReleaseId::number),
    };
    let answer = server.client.clone().list_releases(request).await;
    let views = answer
        .map_err(|status| server.failed(&status))?
        .into_inner()
        .releases;
    let states: Result<Vec<State>, _> = views.into_iter().map(State::new).collect();
    let states = states.map_err(|error| {
        Error::new(
            Kind::Connection,
            "the coordinator's answer cannot be understood",
        )
        .because(error)
    })?;
    if session.json() {
        let list: Value = states.iter().map(json::release::object).collect();
        session.print_json(&json::document(json!({ "releases": list })))?;
        return Ok(0);
    }
    let now = session.now();
    let mut table = Table::new(&[
        "release",
        "app → env",
        "made from",
        "by",
        "submitted",
        "took",
        "verdict",
    ]);
    for state in &states {
        let (word, tone) = standing(state);
        let plain = |text: String| (Tone::Plain, text);
        table.toned([
            plain(state.release.to_string()),
            plain(format!("{} → {}", state.app, state.env)),
            plain(state.title.clone()),
            plain(state.submitter.clone()),
            plain(ago(state.submitted, now)),
            plain(span(state.took(now))),
            (tone, word),
        ]);
    }
    session.print(&table.lines())?;
    Ok(0)
}

fn standing(state: &State) -> (String, Tone) {
    match state.verdict {
        Some(verdict) => {
            let tone = match verdict {
                Verdict::Live => Tone::Good,
                Verdict::RolledBack | Verdict::Failed | Verdict::Stuck => Tone::Bad,
                Verdict::Superseded | Verdict::Cancelled | Verdict::Stopped | Verdict::Unknown => {
                    Tone::Warn
                }
            };
            (verdict.to_string(), tone)
        }
        None if state
            .jobs
            .values()
            .any(|job| job.phase == JobPhase::Running) =>
        {
            ("running".to_owned(), Tone::Active)
        }
        None => ("waiting".to_owned(), Tone::Plain),
    }
}
