//! SimulatePrincipalPolicy: what the policies of a role say about acts that nobody does.

use serde_json::{Value, json};

use super::no_role;
use crate::iam::{Act, Policy, Verdict};
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::{World, is_account_id};

/// Default and largest page.
const PAGE: usize = 100;
const LARGEST: usize = 1000;

/// Members that would change what is said, and that are not evaluated here.
const NOT_EVALUATED: [&str; 2] = ["PermissionsBoundaryPolicyInputList", "ResourcePolicy"];

/// `SimulatePrincipalPolicy`: each action on each resource, by the policies of a role and those of the input.
pub(super) fn simulate(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let source = input.need_str("PolicySourceArn")?;
    let actions = input.strings("ActionNames")?;
    if actions.is_empty() {
        return Err(input.required("ActionNames"));
    }
    if let Some(odd) = actions.iter().find(|action| !is_action(action)) {
        return Err(invalid(format!("Invalid Action name: {odd}")));
    }
    let name = role_of(source, ctx)?;
    let role = world.role(&ctx.account, name);
    // A role that nobody has seeded has whatever path it is asked for by.
    let seeded = world.is_seeded(&ctx.account, name);
    let role = role.filter(|role| !seeded || role.arn(&ctx.account) == source);
    let role = role.ok_or_else(|| no_role(name))?;
    if let Some(name) = NOT_EVALUATED.iter().find(|name| input.get(name).is_some()) {
        return Err(invalid(format!("{name} is not evaluated here")));
    }
    let more = input.strings("PolicyInputList")?;
    let more = more
        .into_iter()
        .map(policy)
        .collect::<Result<Vec<_>, _>>()?;
    let context = context(input)?;
    let mut resources = input.strings("ResourceArns")?;
    if resources.is_empty() {
        resources.push("*");
    }
    let mut results = Vec::new();
    for &action in &actions {
        for &resource in &resources {
            let act = Act {
                action,
                resource,
                context: &context,
            };
            let said = more.iter().map(|policy| policy.verdict(&act));
            results.push(show(&act, said.fold(role.verdict(&act), Verdict::max)));
        }
    }
    let (shown, next) = page(
        "EvaluationResults",
        results,
        input.str("Marker")?,
        size(input)?,
    )
    .ok_or_else(|| invalid("Invalid Marker"))?;
    let mut answer = json!({"EvaluationResults": shown, "IsTruncated": next.is_some()});
    if let Some(next) = next {
        answer["Marker"] = next.into();
    }
    Ok(answer)
}

fn show(act: &Act<'_>, verdict: Verdict) -> Value {
    json!({
        "EvalActionName": act.action,
        "EvalResourceName": act.resource,
        "EvalDecision": match verdict {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "explicitDeny",
            Verdict::Silent => "implicitDeny",
        },
        "MatchedStatements": [],
        "MissingContextValues": [],
    })
}

/// The name of the role in `arn:aws:iam::<account>:role/<path><name>`.
fn role_of<'a>(source: &'a str, ctx: &Ctx) -> Result<&'a str, ApiError> {
    let unclear = || {
        invalid(format!(
            "Invalid Entity Arn: {source} does not clearly define entity type and name."
        ))
    };
    let rest = source.strip_prefix("arn:aws:iam::").ok_or_else(unclear)?;
    let (account, entity) = rest.split_once(':').ok_or_else(unclear)?;
    let (kind, path) = entity.split_once('/').ok_or_else(unclear)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    if !is_account_id(account) || name.is_empty() || !["role", "user", "group"].contains(&kind) {
        return Err(unclear());
    }
    if account != ctx.account {
        return Err(ApiError::forbidden(
            "AccessDenied",
            format!(
                "User: {} is not authorized to perform: iam:SimulatePrincipalPolicy on resource: {source} \
                 because no resource-based policy allows the iam:SimulatePrincipalPolicy action",
                ctx.principal.arn
            ),
        ));
    }
    if kind != "role" {
        // There are no users and groups.
        return Err(ApiError {
            status: 404,
            ..ApiError::client(
                "NoSuchEntity",
                format!("The {kind} with name {name} cannot be found."),
            )
        });
    }
    Ok(name)
}

/// `service:Action`, without wildcards.
fn is_action(action: &str) -> bool {
    let named = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    action
        .split_once(':')
        .is_some_and(|(service, name)| named(service) && named(name))
}

fn policy(text: &str) -> Result<Policy, ApiError> {
    let document: Value =
        serde_json::from_str(text).map_err(|_| invalid("Invalid policy input: it is not JSON"))?;
    Policy::try_from(document)
        .map_err(|problem| invalid(format!("Invalid policy input: {problem}")))
}

/// Keys and the first of their values: the evaluator knows one of each.
fn context<'a>(input: &Input<'a>) -> Result<Vec<(&'a str, &'a str)>, ApiError> {
    let mut context = Vec::new();
    for entry in input.structures("ContextEntries")? {
        let key = entry.str("ContextKeyName")?.unwrap_or_default();
        let values = entry.strings("ContextKeyValues")?;
        context.extend(values.first().map(|value| (key, *value)));
    }
    Ok(context)
}

fn size(input: &Input<'_>) -> Result<usize, ApiError> {
    let Some(asked) = input.int("MaxItems")? else {
        return Ok(PAGE);
    };
    let size = usize::try_from(asked).ok();
    let size = size.filter(|size| (1..=LARGEST).contains(size));
    size.ok_or_else(|| {
        ApiError::client(
            "ValidationError",
            format!(
                "1 validation error detected: Value '{asked}' at 'maxItems' failed to satisfy \
                 constraint: Member must have value between 1 and {LARGEST}"
            ),
        )
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidInput", message)
}
