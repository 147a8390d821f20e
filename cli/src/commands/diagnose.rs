//! `shipway diagnose`: what is wrong with a service now, whoever deployed it.

use futures::future::join_all;
use serde_json::{Value, json};
use shipway_domain::diagnose::Diagnosis;
use shipway_domain::ids::{ReleaseId, Target};
use shipway_manifest::Folder;
use shipway_proto::v1::{self, inspection};

use crate::commands::deploy;
use crate::error::Error;
use crate::exit;
use crate::json;
use crate::server::Server;
use crate::session::Session;
use crate::text::diagnosis;

/// Options of `diagnose`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A release, an environment of shipway.toml, or a service: ACCOUNT/REGION/CLUSTER/SERVICE
    #[arg(value_name = "WHAT")]
    pub what: String,
}

/// A target, with what was seen or why nothing was.
type Looked = (Target, Result<Diagnosis, String>);

/// Looks, and tells.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let targets = targets(&args.what, session, &server).await?;
    let looks = targets.into_iter().map(|target| look(&server, target));
    let looked: Vec<Looked> = join_all(looks).await;
    if session.json() {
        let list: Value = looked.iter().map(object).collect();
        session.print_json(&json::document(json!({ "targets": list })))?;
    } else {
        let names = super::accounts::names(&server).await;
        let (now, (width, _)) = (session.now(), session.size());
        for (target, seen) in &looked {
            let name = names.get(&target.account).map(String::as_str);
            session.print(&diagnosis::lines(target, name, seen, now, width))?;
        }
    }
    let is_unwell = |(_, seen): &Looked| seen.as_ref().is_ok_and(|seen| !seen.is_well());
    Ok(match looked.iter().any(|(_, seen)| seen.is_err()) {
        true => exit::ERROR,
        false if looked.iter().any(is_unwell) => exit::UNWELL,
        false => 0,
    })
}

/// The services that are meant.
async fn targets(
    what: &str,
    session: &mut Session<'_>,
    server: &Server,
) -> Result<Vec<Target>, Error> {
    if what.contains('/') {
        let target = what.parse::<Target>();
        return Ok(vec![
            target.map_err(|wrong| Error::usage(wrong.to_string()))?,
        ]);
    }
    // Names of environments that look like releases are not met: a manifest is asked first.
    let files = Folder(session.folder());
    let path = session.manifest_name();
    let manifest = shipway_manifest::Manifest::read(&path, &files);
    if let Ok(manifest) = &manifest
        && manifest.environments().any(|env| env == what)
    {
        let resolved = deploy::preview(what, &deploy::What::default(), session)?;
        let targets = resolved.spec.targets.into_iter();
        return Ok(targets.map(|target| target.target).collect());
    }
    let Ok(release) = what.parse::<ReleaseId>() else {
        let known = match &manifest {
            Ok(manifest) => manifest.environments().collect::<Vec<_>>().join(", "),
            Err(_) => "none, for there is no manifest here".to_owned(),
        };
        return Err(
            Error::usage(format!("{what} is no release, environment or service"))
                .hint(format!("environments: {known}"))
                .hint("a service is named ACCOUNT/REGION/CLUSTER/SERVICE"),
        );
    };
    let request = v1::GetReleaseRequest {
        release: release.number(),
    };
    let view = server.client.clone().get_release(request).await;
    let view = view.map_err(|status| server.failed(&status))?.into_inner();
    let targets = view.jobs.into_iter().filter_map(|job| job.target);
    Ok(targets
        .filter_map(|target| Target::try_from(target).ok())
        .collect())
}

async fn look(server: &Server, target: Target) -> Looked {
    let what = inspection::What::Diagnose(inspection::Diagnose {});
    let seen = match server.inspect(&target, what).await {
        Ok(answer) => match answer.diagnosis {
            Some(diagnosis) => Ok(diagnosis.into()),
            None => Err("the coordinator is older than this command".to_owned()),
        },
        Err(status) => Err(status.message().to_owned()),
    };
    (target, seen)
}

fn object((target, seen): &Looked) -> Value {
    let members = match seen {
        Err(problem) => json!({ "problem": problem }),
        Ok(seen) => json!({
            "problem": null,
            "well": seen.is_well(),
            "status": seen.now.status,
            "task_definition": seen.now.task_definition,
            "desired": seen.now.desired,
            "running": seen.now.running,
            "pending": seen.now.pending,
            "deployment": seen.latest.as_ref().map(|latest| json!({
                "arn": latest.arn,
                "task_definition": latest.task_definition,
                "status": latest.status,
                "reason": latest.reason,
                "failures": latest.failures,
                "threshold": latest.threshold,
                "began": json::time(latest.began.millis()),
            })),
            "findings": json::outcome::findings(&seen.findings),
        }),
    };
    json::with(json::target(target), members)
}
