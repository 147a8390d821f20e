//! Secrets Manager: GetSecretValue of seeded secrets.

use serde_json::{Value, json};

use crate::digest;
use crate::wire::{ApiError, Ctx, Input, Operation};
use crate::world::World;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[("GetSecretValue", get)];

/// Whether there is a secret of this name or ARN.
pub(crate) fn is_there(world: &mut World, ctx: &Ctx, asked: &str) -> bool {
    find_secret(world, ctx, asked).is_some()
}

/// By name, or by ARN with or without its random suffix.
fn find_secret<'w>(
    world: &'w mut World,
    ctx: &Ctx,
    asked: &str,
) -> Option<(&'w String, &'w String)> {
    let secrets = &world.region(&ctx.account, &ctx.region).secrets;
    secrets.iter().find(|(name, _)| {
        let arn = arn(ctx, name);
        asked == *name
            || asked == arn
            || arn
                .rsplit_once('-')
                .is_some_and(|(short, _)| asked == short)
    })
}

fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let asked = input.need_str("SecretId")?;
    let (name, secret) = find_secret(world, ctx, asked).ok_or_else(|| {
        ApiError::client(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        )
    })?;
    let mut version = digest::of(secret.as_bytes());
    version.drain(.."sha256:".len());
    version.truncate(32);
    Ok(json!({
        "ARN": arn(ctx, name),
        "Name": name,
        "SecretString": secret,
        "VersionId": version,
        "VersionStages": ["AWSCURRENT"],
    }))
}

/// The ARN of a secret; its suffix of six characters follows from the name.
fn arn(ctx: &Ctx, name: &str) -> String {
    let digest = digest::of(name.as_bytes());
    let suffix = &digest["sha256:".len()..][..6];
    ctx.arn("secretsmanager", &format!("secret:{name}-{suffix}"))
}
