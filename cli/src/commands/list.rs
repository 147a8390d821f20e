//! `shipway list`: releases, newest first.

use serde_json::{Value, json};
use shipway_domain::history::TargetPattern;
use shipway_domain::ids::ReleaseId;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1::{self, JobPhase};

use crate::error::{Error, Kind};
use crate::follow::state::State;
use crate::json;
use crate::session::Session;
use crate::text::line::Tone;
use crate::text::table::Table;
use crate::text::when::When;
use crate::text::words::{ago, span};

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this app
    pub app: Option<String>,
    /// Only this environment
    #[arg(long)]
    pub env: Option<String>,
    /// Only releases that change such a target: SERVICE, with CLUSTER/, REGION/ and ACCOUNT/ before it to be more precise
    #[arg(long)]
    pub target: Option<TargetPattern>,
    /// Only releases submitted since then: 30m, 12h or 7d ago, a day as in 2026-01-31, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only releases submitted before then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Only releases with this verdict
    #[arg(long, value_parser = verdict)]
    pub verdict: Option<Verdict>,
    /// Only releases that were submitted by this one
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// How many, at most 1000
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Only releases older than this one
    #[arg(long, value_name = "RELEASE")]
    pub before: Option<ReleaseId>,
}

fn verdict(text: &str) -> Result<Verdict, String> {
    Verdict::parse(text).ok_or_else(|| {
        let words = Verdict::ALL.map(Verdict::as_str);
        format!("must be one of {}", words.join(", "))
    })
}

/// Prints the releases.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let now = session.now();
    let millis = |when: Option<When>| when.map(|when| when.at(now).millis());
    let mut request = v1::ListReleasesRequest {
        app: args.app.unwrap_or_default(),
        env: args.env.unwrap_or_default(),
        limit: args.limit,
        before: args.before.map(ReleaseId::number),
        target: args.target.map(|it| it.to_string()).unwrap_or_default(),
        since_ms: millis(args.since),
        until_ms: millis(args.until),
        verdict: args.verdict.map(|it| v1::Verdict::from(it).into()),
        submitter: args.by.unwrap_or_default(),
    };
    let mut views = Vec::new();
    let next = loop {
        let answer = server.client.clone().list_releases(request.clone()).await;
        let page = answer
            .map_err(|status| server.failed(&status))?
            .into_inner();
        let found = u32::try_from(page.releases.len()).unwrap_or(u32::MAX);
        views.extend(page.releases);
        request.limit = request.limit.saturating_sub(found);
        if page.next.is_none() || request.limit == 0 {
            break page.next;
        }
        request.before = page.next;
    };
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
        let next = next.map(json::id);
        session.print_json(&json::document(json!({ "releases": list, "next": next })))?;
        return Ok(0);
    }
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
    if let Some(next) = next {
        session.note(&format!("older ones: --before {}", json::id(next)))?;
    }
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
