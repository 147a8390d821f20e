//! `shipway status`: what was last proven on each target, and what runs there now.

use serde_json::{Value, json};
use shipway_domain::ids::{Digest, Target};
use shipway_domain::time::Timestamp;
use shipway_proto::v1;

use crate::error::Error;
use crate::json;
use crate::session::Session;
use crate::text::line::Tone;
use crate::text::table::Table;
use crate::text::words::{ago, rfc3339, short_arn, short_digest, target};

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this app
    pub app: Option<String>,

    /// Do not look at what runs now; only what the coordinator knows
    #[arg(long)]
    pub no_look: bool,
}

/// Prints the targets.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let request = v1::StatusRequest {
        app: args.app.unwrap_or_default(),
        look: !args.no_look,
    };
    let answer = server.client.clone().status(request).await;
    let targets = answer
        .map_err(|status| server.failed(&status))?
        .into_inner()
        .targets;
    if session.json() {
        let list: Value = targets.iter().map(object).collect();
        session.print_json(&json::document(json!({ "targets": list })))?;
        return Ok(0);
    }
    let names = super::accounts::names(&server).await;
    let now = session.now();
    let mut table = Table::new(&[
        "app",
        "env",
        "target",
        "release",
        "made from",
        "serves",
        "proven live",
        "now",
        "tasks",
    ]);
    for view in targets {
        let place = view
            .target
            .clone()
            .and_then(|place| Target::try_from(place).ok());
        let place =
            place.map(|place| target(&place, names.get(&place.account).map(String::as_str)));
        let (state, tone) = standing(&view);
        let tasks = tasks(&view);
        let digest = Digest::new(view.image_digest.clone()).ok();
        let serves = match digest {
            Some(digest) => format!(
                "{} {}",
                short_arn(&view.task_definition),
                short_digest(&digest)
            ),
            None => "–".to_owned(),
        };
        let proven = view
            .proven_ms
            .map(|at| ago(Timestamp::from_millis(at), now));
        let plain = |text: String| (Tone::Plain, text);
        table.toned([
            plain(view.app),
            plain(view.env),
            plain(place.unwrap_or_default()),
            plain(view.release.map_or_else(|| "–".to_owned(), json::id)),
            plain(view.title),
            plain(serves),
            plain(proven.unwrap_or_else(|| "never".to_owned())),
            (tone, state),
            plain(tasks),
        ]);
    }
    session.print(&table.lines())?;
    Ok(0)
}

/// Who changes it, what it is owed, and how it differs from what was proven.
fn standing(view: &v1::TargetView) -> (String, Tone) {
    let (mut words, mut tone) = match &view.now {
        Some(now) => seen(now),
        None => (String::new(), Tone::Plain),
    };
    let mut add = |text: String, of: Tone| {
        if !words.is_empty() {
            words.push_str("; ");
        }
        words.push_str(&text);
        tone = of;
    };
    match (view.held_by, view.debt) {
        (Some(release), debt) => {
            add(format!("changed by {}", json::id(release)), Tone::Active);
            if debt {
                add("scaling suspended".to_owned(), Tone::Active);
            }
        }
        (None, true) => add("scaling to be put back".to_owned(), Tone::Warn),
        (None, false) => {}
    }
    (words, tone)
}

fn seen(now: &v1::TargetNow) -> (String, Tone) {
    let serves = now.service.as_ref().map(|s| s.task_definition.as_str());
    match now.standing.as_str() {
        "changed" => {
            let serves = short_arn(serves.unwrap_or_default());
            let changed = now.service.as_ref().and_then(|s| s.changed.as_ref());
            (changed_by(serves, changed), Tone::Bad)
        }
        "gone" => ("GONE: the service was deleted".to_owned(), Tone::Bad),
        "short" => ("same, but tasks are missing".to_owned(), Tone::Warn),
        "moving" => ("moving".to_owned(), Tone::Active),
        "" => (format!("not seen: {}", now.problem), Tone::Warn),
        other => (other.to_owned(), Tone::Plain),
    }
}

/// `CHANGED: web:39, registered by admin/ann, deployed 2026-01-01T09:12:00Z`.
fn changed_by(serves: &str, changed: Option<&v1::service_now::Changed>) -> String {
    let Some(changed) = changed.filter(|changed| !changed.by.is_empty()) else {
        return format!("CHANGED: {serves} by somebody else");
    };
    let at = changed.at_ms.map(Timestamp::from_millis);
    let at = at.map_or_else(String::new, |at| format!(", deployed {}", rfc3339(at)));
    format!("CHANGED: {serves}, registered by {}{at}", changed.by)
}

fn tasks(view: &v1::TargetView) -> String {
    let service = view.now.as_ref().and_then(|now| now.service.as_ref());
    service.map_or_else(String::new, |s| format!("{}/{}", s.running, s.desired))
}

fn object(view: &v1::TargetView) -> Value {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let stand = json!({
        "app": view.app,
        "env": view.env,
        "release": view.release.map(json::id),
        "title": view.title,
        "image_digest": text(&view.image_digest),
        "task_definition": text(&view.task_definition),
        "proven": view.proven_ms.map(json::time),
        "held_by": view.held_by.map(json::id),
        "debt": view.debt,
        "now": view.now.as_ref().map(now),
    });
    json::with(json::target_message(view.target.as_ref()), stand)
}

fn now(now: &v1::TargetNow) -> Value {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "standing": text(&now.standing),
        "problem": text(&now.problem),
        "status": now.service.as_ref().map(|s| s.status.clone()),
        "task_definition": now.service.as_ref().map(|s| s.task_definition.clone()),
        "desired": now.service.as_ref().map(|s| s.desired),
        "running": now.service.as_ref().map(|s| s.running),
        "pending": now.service.as_ref().map(|s| s.pending),
        "changed": now.service.as_ref().and_then(|s| s.changed.as_ref()).map(|changed| {
            json!({"by": text(&changed.by), "at": changed.at_ms.map(json::time)})
        }),
    })
}
