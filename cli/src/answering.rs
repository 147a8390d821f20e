//! What `approve` and `reject` share: the call, and what came of it.

use serde_json::{Value, json};
use shipway_domain::hook::{Hook, HookAction};
use shipway_domain::ids::{ReleaseId, Target};
use shipway_proto::v1;

use crate::error::Error;
use crate::json;
use crate::session::Session;
use crate::text::words;

/// Which hook is meant.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The release
    pub release: ReleaseId,
    /// The target, when several wait: SERVICE, or more of ACCOUNT/REGION/CLUSTER/SERVICE
    #[arg(
        long,
        value_name = "TARGET",
        default_value = "",
        hide_default_value = true
    )]
    pub target: String,
    /// The hook, as the watch names it [default: all that wait on the target]
    #[arg(
        long,
        value_name = "HOOK",
        default_value = "",
        hide_default_value = true
    )]
    pub hook: String,
}

/// Answers, and says what was answered.
pub(crate) async fn answer(
    which: Which,
    action: HookAction,
    reason: String,
    session: &mut Session<'_>,
) -> Result<u8, Error> {
    let release = which.release;
    let server = session.server().await?;
    let request = v1::AnswerHookRequest {
        release: release.number(),
        target: which.target,
        hook: which.hook,
        action: v1::HookAction::from(action).into(),
        reason,
    };
    let answer = server.client.clone().answer_hook(request).await;
    let reply = answer
        .map_err(|status| server.failed(&status))?
        .into_inner();
    let target: Option<Target> = reply.target.and_then(|target| target.try_into().ok());
    let hooks = reply.hooks.into_iter();
    let hooks: Vec<Hook> = hooks.filter_map(|hook| hook.try_into().ok()).collect();
    if session.json() {
        let members = json!({
            "release": release.to_string(),
            "action": json::hook::action(action),
            "target": target.as_ref().map(json::target),
            "hooks": hooks.iter().map(json::hook::object).collect::<Value>(),
        });
        session.print_json(&json::document(members))?;
    } else {
        let place = target.map_or_else(String::new, |target| {
            format!(" on {}", words::target(&target, None))
        });
        let done = action.done();
        for hook in hooks {
            let (id, stage) = (hook.id, hook.stage);
            writeln!(
                session.io.out,
                "{done} release {release}{place} at {stage} (hook {id})"
            )?;
        }
        writeln!(session.io.out, "see: shipway watch {release}")?;
    }
    session.io.out.flush()?;
    Ok(0)
}
