//! `shipway clean`: old revisions of task definitions are deregistered; those in use never are.

use futures::future::join_all;
use serde_json::{Value, json};
use shipway_domain::ids::Target;
use shipway_domain::revisions::{Cleaned, Fate};
use shipway_domain::spec::{ReleaseSpec, RolloutSettings};
use shipway_proto::v1::inspection;

use crate::commands::deploy;
use crate::error::Error;
use crate::exit;
use crate::json;
use crate::server::Server;
use crate::session::Session;
use crate::text::cleaning;

const MOST: i64 = RolloutSettings::MOST_REVISIONS as i64;

/// Options of `clean`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment, as in shipway.toml
    pub env: String,
    /// How many of the newest stay, 1 to 50 (default: keep_revisions of the environment)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub keep: Option<u32>,
    /// Say what would go, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// A target, with what became of its revisions, or why nothing did.
type Done = (Target, Result<Vec<Cleaned>, String>);

/// Cleans, and tells.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let resolved = deploy::preview(&args.env, &deploy::What::default(), session)?;
    let spec = &resolved.spec;
    let Some(keep) = args.keep.or(spec.rollout.keep_revisions) else {
        return Err(Error::usage("how many revisions are to stay?")
            .hint("--keep N, or keep_revisions of the environment in shipway.toml"));
    };
    let server = session.server().await?;
    let cleans = spec
        .targets
        .iter()
        .map(|target| clean(&server, &target.target, spec, keep, args.dry_run));
    let done: Vec<Done> = join_all(cleans).await;
    if session.json() {
        let targets: Value = done.iter().map(object).collect();
        session.print_json(&json::document(json!({
            "app": spec.app.as_str(),
            "env": spec.env.as_str(),
            "keep": keep,
            "dry_run": args.dry_run,
            "targets": targets,
        })))?;
    } else {
        let names = super::accounts::names(&server).await;
        for (target, revisions) in &done {
            let name = names.get(&target.account).map(String::as_str);
            session.print(&cleaning::lines(target, name, revisions))?;
        }
    }
    let all_went = |revisions: &Vec<Cleaned>| revisions.iter().all(|one| one.problem.is_none());
    let well = done
        .iter()
        .all(|(_, revisions)| revisions.as_ref().is_ok_and(all_went));
    Ok(if well { 0 } else { exit::ERROR })
}

async fn clean(
    server: &Server,
    target: &Target,
    spec: &ReleaseSpec,
    keep: u32,
    looks_only: bool,
) -> Done {
    let what = inspection::What::Clean(inspection::Clean {
        app: spec.app.to_string(),
        env: spec.env.to_string(),
        keep,
        looks_only,
        proven: None,
    });
    let revisions = match server.inspect(target, what).await {
        Ok(answer) => answer.cleaning.map_or_else(
            || Err("the coordinator is older than this command".to_owned()),
            |done| {
                let revisions = done.revisions.into_iter().map(Cleaned::try_from);
                let read: Result<Vec<_>, _> = revisions.collect();
                read.map_err(|error| error.to_string())
            },
        ),
        Err(status) => Err(status.message().to_owned()),
    };
    (target.clone(), revisions)
}

fn object((target, revisions): &Done) -> Value {
    let members = match revisions {
        Err(problem) => json!({ "problem": problem }),
        Ok(revisions) => json!({
            "problem": null,
            "revisions": revisions.iter().map(|one| json!({
                "task_definition": one.arn,
                "fate": one.fate.as_str(),
                "deregistered": one.gone,
                "problem": one.problem,
            })).collect::<Value>(),
            "deregistered": revisions.iter().filter(|one| one.gone).count(),
            "of_no_use": revisions.iter().filter(|one| one.fate == Fate::Goes).count(),
        }),
    };
    json::with(json::target(target), members)
}
