//! `shipway validate`: is shipway.toml right, and the task definition?

use serde_json::json;
use shipway_manifest::{Folder, Level, Manifest, ManifestError, Mistake};

use crate::error::Error;
use crate::exit;
use crate::json;
use crate::session::Session;
use crate::source::mistakes;

/// Options of `validate`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Checks all environments.
pub(crate) fn run(_: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let files = Folder(session.folder());
    let path = session.manifest_name();
    let checked = Manifest::read(&path, &files).and_then(|manifest| {
        let warnings = manifest.validate(&files)?;
        Ok((manifest, warnings))
    });
    if session.json() {
        return as_json(checked, session);
    }
    let (manifest, warnings) = checked.map_err(mistakes::error)?;
    mistakes::warn(session, &warnings)?;
    let environments: Vec<&str> = manifest.environments().collect();
    let (app, all) = (manifest.app(), environments.join(", "));
    writeln!(
        session.io.out,
        "{path} is right: app {app}, environments {all}"
    )?;
    session.io.out.flush()?;
    Ok(0)
}

fn as_json(
    checked: Result<(Manifest, Vec<Mistake>), ManifestError>,
    session: &mut Session<'_>,
) -> Result<u8, Error> {
    let (members, code) = match checked {
        Ok((manifest, warnings)) => {
            let members = json!({
                "valid": true,
                "app": manifest.app(),
                "environments": manifest.environments().collect::<Vec<_>>(),
                "errors": [],
                "warnings": mistakes::objects(&warnings),
            });
            (members, 0)
        }
        Err(ManifestError::Mistakes(found)) => {
            let (errors, warnings): (Vec<_>, Vec<_>) = found
                .0
                .into_iter()
                .partition(|mistake| mistake.level == Level::Error);
            let members = json!({
                "valid": false,
                "errors": mistakes::objects(&errors),
                "warnings": mistakes::objects(&warnings),
            });
            (members, exit::USAGE)
        }
        Err(error @ ManifestError::Unreadable { .. }) => return Err(mistakes::error(error)),
    };
    session.print_json(&json::document(members))?;
    Ok(code)
}
