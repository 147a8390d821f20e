//! `shipway init`: a first shipway.toml, and the task definition from a running service.

use std::path::{Path, PathBuf};

use serde_json::json;
use shipway_domain::document::Document;
use shipway_domain::ids::{
    AccountId, AppName, BadName, ClusterName, EnvName, Region, ServiceName, Target,
};
use shipway_manifest::{Folder, Manifest, Template};
use shipway_proto::v1::inspection;

use crate::error::Error;
use crate::json;
use crate::server::Server;
use crate::session::Session;
use crate::source::mistakes;

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The app [default: the service's name]
    #[arg(long)]
    pub app: Option<String>,
    /// The environment that the service is [default: prod]
    #[arg(long)]
    pub env: Option<String>,
    /// Account of the service, 12 digits
    #[arg(long)]
    pub account: Option<String>,
    /// Region of the service
    #[arg(long)]
    pub region: Option<String>,
    /// Cluster of the service
    #[arg(long)]
    pub cluster: Option<String>,
    /// The service
    #[arg(long)]
    pub service: Option<String>,
    /// Account that owns the image's repository [default: that of the service]
    #[arg(long, value_name = "ACCOUNT")]
    pub image_account: Option<String>,
    /// Write over files that exist
    #[arg(long)]
    pub force: bool,
}

/// Writes the files.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let manifest = session.folder().join(session.manifest_name());
    let definition = manifest.with_file_name("task-definition.json");
    if !args.force {
        refuse_existing(&[&manifest, &definition])?;
    }
    let target = target(&args, session)?;
    let app = match &args.app {
        Some(app) => AppName::new(app.as_str()).map_err(bad)?.to_string(),
        None => app_name(target.service.as_str())?,
    };
    let env = EnvName::new(args.env.unwrap_or_else(|| "prod".to_owned())).map_err(bad)?;
    let image_account = match args.image_account {
        Some(account) => AccountId::new(account).map_err(bad)?,
        None => target.account.clone(),
    };

    let server = session.server().await?;
    let document = inspect(&server, &target).await?;
    let container = match document.get("containerDefinitions").map(Document::items) {
        Some([only]) => only.get("name").and_then(Document::as_str),
        _ => None,
    };
    let template = Template {
        app,
        image_account: image_account.to_string(),
        env: env.to_string(),
        account: target.account.to_string(),
        region: target.region.to_string(),
        cluster: target.cluster.to_string(),
        service: target.service.to_string(),
        container: container.map(ToOwned::to_owned),
    };
    write(&manifest, &template.to_string())?;
    write(&definition, &document.pretty())?;
    if session.json() {
        let written = [
            manifest.display().to_string(),
            definition.display().to_string(),
        ];
        session.print_json(&json::document(
            json!({ "written": written, "app": template.app }),
        ))?;
        return Ok(0);
    }
    for path in [&manifest, &definition] {
        writeln!(session.io.out, "wrote {}", path.display())?;
    }
    session.io.out.flush()?;
    // Several containers, an image of its own kind: some things only a person knows.
    let files = Folder(session.folder());
    let checked = Manifest::read(&session.manifest_name(), &files);
    match checked.and_then(|manifest| manifest.validate(&files)) {
        Ok(warnings) => mistakes::warn(session, &warnings)?,
        Err(error) => session.note(&format!("to be completed:\n{error}"))?,
    }
    session.note(&format!("next: read them, then shipway deploy {env}"))?;
    Ok(0)
}

fn refuse_existing(paths: &[&Path]) -> Result<(), Error> {
    match paths.iter().find(|path| path.exists()) {
        Some(path) => Err(Error::usage(format!("{} exists already", path.display()))
            .hint("--force writes over it")),
        None => Ok(()),
    }
}

fn target(args: &Args, session: &mut Session<'_>) -> Result<Target, Error> {
    Ok(Target {
        account: given(&args.account, "account", session, AccountId::new)?,
        region: given(&args.region, "region", session, Region::new)?,
        cluster: given(&args.cluster, "cluster", session, ClusterName::new)?,
        service: given(&args.service, "service", session, ServiceName::new)?,
    })
}

/// The value of an option, or the answer of a person.
fn given<T>(
    option: &Option<String>,
    name: &str,
    session: &mut Session<'_>,
    make: impl Fn(String) -> Result<T, BadName>,
) -> Result<T, Error> {
    if let Some(text) = option {
        return make(text.clone()).map_err(bad);
    }
    if session.io.input.is_none() {
        return Err(Error::usage(format!("--{name} is missing"))
            .hint("the service is named by --account, --region, --cluster and --service"));
    }
    loop {
        write!(session.io.err, "{name} of the service: ")?;
        session.io.err.flush()?;
        let mut line = String::new();
        let input = session.io.input.as_mut();
        let read = input.map_or(Ok(0), |input| input.read_line(&mut line))?;
        if read == 0 {
            return Err(Error::usage(format!("--{name} is missing")));
        }
        match make(line.trim().to_owned()) {
            Ok(value) => return Ok(value),
            Err(wrong) => session.note(&wrong.to_string())?,
        }
    }
}

/// The app's name when nobody says it: the service's, in the letters that an app may have.
fn app_name(service: &str) -> Result<String, Error> {
    let name = service.to_ascii_lowercase().replace('_', "-");
    let app = AppName::new(name).map_err(|wrong| bad(wrong).hint("name the app by --app"))?;
    Ok(app.to_string())
}

async fn inspect(server: &Server, target: &Target) -> Result<Document, Error> {
    let what = inspection::What::TaskDefinition(inspection::TaskDefinition {});
    let answer = server.inspect(target, what).await;
    let answer = answer.map_err(|status| server.failed(&status))?;
    Document::parse(&answer.json).map_err(|error| {
        Error::local(
            "the task definition that came is no JSON",
            error.to_string(),
        )
    })
}

fn write(path: &PathBuf, text: &str) -> Result<(), Error> {
    let failed = |cause| Error::local(format!("could not write {}", path.display()), cause);
    std::fs::write(path, text).map_err(failed)
}

fn bad(wrong: BadName) -> Error {
    Error::usage(wrong.to_string())
}
