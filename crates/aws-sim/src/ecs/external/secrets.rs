//! `secrets` of a container definition: references to Secrets Manager and SSM, and what they stand for.

use serde_json::Value;

use crate::ecs::names::Place;
use crate::iam::Act;
use crate::world::World;

/// What every text about secrets begins with (ecs-facts 10).
const FAILED: &str = "ResourceInitializationError: unable to pull secrets or registry auth: execution \
                      resource retrieval failed: unable to retrieve secret";

/// The value of a `valueFrom`, or what `stoppedReason` says about it.
pub(in crate::ecs) fn resolve(
    world: &World,
    place: &Place,
    execution_role: Option<&str>,
    from: &str,
) -> Result<String, String> {
    let parts: Vec<&str> = from.splitn(6, ':').collect();
    let (service, place, rest) = match parts[..] {
        ["arn", _, service, region, account, rest] => (service, Place::new(account, region), rest),
        _ => ("ssm", place.clone(), from),
    };
    if service == "secretsmanager" {
        let name = rest.trim_start_matches("secret:").split(':').next();
        let resource = format!(
            "secretsmanager:{}:{}:secret:{}",
            place.region,
            place.account,
            name.unwrap_or_default()
        );
        let action = "secretsmanager:GetSecretValue";
        permitted(world, &place, execution_role, action, &resource)
            .and_then(|()| secret(world, &place, rest))
            .map_err(|problem| {
                format!(
                    "{FAILED} from asm: service call has been retried 1 time(s): failed to fetch secret {from} \
                     from secrets manager: {problem}"
                )
            })
    } else {
        let name = rest
            .trim_start_matches("parameter/")
            .trim_start_matches('/');
        let resource = format!("ssm:{}:{}:parameter/{name}", place.region, place.account);
        permitted(
            world,
            &place,
            execution_role,
            "ssm:GetParameters",
            &resource,
        )
        .and_then(|()| parameter(world, &place, rest))
        .map_err(|problem| {
            format!("{FAILED}s from ssm: service call has been retried 1 time(s): {problem}")
        })
    }
}

/// A role that was not seeded is taken to exist and to allow everything.
fn permitted(
    world: &World,
    place: &Place,
    execution_role: Option<&str>,
    action: &str,
    resource: &str,
) -> Result<(), String> {
    let act = Act {
        action,
        resource: &format!("arn:aws:{resource}"),
        context: &[],
    };
    match world.known_role(&place.account, execution_role) {
        Some(role) if !world.permits(&role, &act) => Err(format!(
            "AccessDeniedException: User: {} is not authorized to perform: {action}",
            role.arn
        )),
        _ => Ok(()),
    }
}

/// `secret:name[-suffix][:json-key[:version-stage[:version-id]]]`; versions make no difference.
fn secret(world: &World, place: &Place, rest: &str) -> Result<String, String> {
    let mut parts = rest.trim_start_matches("secret:").split(':');
    let name = parts.next().unwrap_or_default();
    let key = parts.next().filter(|key| !key.is_empty());
    let region = world.existing_region(&place.account, &place.region);
    let known = region.and_then(|region| {
        let by_name = region.secrets.get(name);
        by_name.or_else(|| region.secrets.get(name.rsplit_once('-')?.0))
    });
    let value = known
        .ok_or("ResourceNotFoundException: Secrets Manager can't find the specified secret.")?;
    let Some(key) = key else {
        return Ok(value.clone());
    };
    let members: Option<Value> = serde_json::from_str(value).ok();
    let member = members.as_ref().and_then(|members| members.get(key));
    match member {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(format!(
            "retrieved secret from Secrets Manager did not contain json key {key}"
        )),
    }
}

/// A parameter by name, or the `parameter/name` of its ARN.
fn parameter(world: &World, place: &Place, rest: &str) -> Result<String, String> {
    let region = world.existing_region(&place.account, &place.region);
    let short = rest.strip_prefix("parameter").unwrap_or(rest);
    let found = region.and_then(|region| {
        let names = [rest, short, short.trim_start_matches('/')];
        names.iter().find_map(|name| region.parameters.get(*name))
    });
    found
        .cloned()
        .ok_or_else(|| format!("invalid ssm parameters: {rest}"))
}
