//! What goes wrong with tasks, and what scans find.

use super::{Answer, Asked, done, parse, show};
use crate::ecr::Findings;
use crate::script::Script;
use crate::shared::Shared;

/// All scripts.
pub(super) fn list(shared: &Shared, _: &Asked) -> Answer {
    show(&shared.world().scripts)
}

/// Adds a script.
pub(super) fn add(shared: &Shared, asked: &Asked) -> Answer {
    let script: Script = parse(&asked.body)?;
    if !script.is_aimed() {
        let problem =
            "`match` is empty and so is `family`: name an image, tag, digest or family, or `*`";
        return Err(problem.to_owned());
    }
    shared.world().scripts.push(script);
    shared.changed();
    done()
}

/// Forgets all scripts.
pub(super) fn forget(shared: &Shared, _: &Asked) -> Answer {
    shared.world().scripts.clear();
    shared.changed();
    done()
}

/// Adds what image scans find.
pub(super) fn add_findings(shared: &Shared, asked: &Asked) -> Answer {
    take_findings(shared, &asked.body)?;
    done()
}

/// The same from within the program.
pub(crate) fn take_findings(shared: &Shared, body: &[u8]) -> Result<(), String> {
    let findings: Findings = parse(body)?;
    findings.check()?;
    shared.world().findings.push(findings);
    shared.changed();
    Ok(())
}
