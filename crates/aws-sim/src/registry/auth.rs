//! Who talks to a registry: Basic authentication with an ECR token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use super::Registry;
use super::error::RegistryError;
use crate::clock::SimTime;
use crate::ecr::{BadToken, denial};
use crate::iam::{Act, Principal};
use crate::world::World;

impl Registry {
    /// The principal whose token a request carries.
    pub(super) fn authenticate(
        &self,
        world: &World,
        headers: &HeaderMap,
        now: SimTime,
    ) -> Result<Principal, RegistryError> {
        let password = password(headers).ok_or_else(|| RegistryError::unauthorized(&self.host))?;
        self.accept(world, &password, now)
    }

    /// The principal of a password, or of the token in an address to download from.
    pub(super) fn accept(
        &self,
        world: &World,
        password: &str,
        now: SimTime,
    ) -> Result<Principal, RegistryError> {
        world
            .check_password(password, now)
            .map_err(|bad| match bad {
                BadToken::Unknown => RegistryError::unauthorized(&self.host),
                BadToken::Expired => RegistryError::denied(
                    "Your authorization token has expired. Reauthenticate and try again.",
                ),
            })
    }

    /// Refuses what the caller's own policy or the repository's does not allow.
    pub(super) fn authorise(
        &self,
        world: &mut World,
        principal: &Principal,
        name: &str,
        action: &str,
    ) -> Result<(), RegistryError> {
        let (owner, region) = (&self.account, &self.region);
        let resource = format!("arn:aws:ecr:{region}:{owner}:repository/{name}");
        let act = Act {
            action: &format!("ecr:{action}"),
            resource: &resource,
            context: &[],
        };
        if let Some(why) = world.denial(principal, &act) {
            return Err(RegistryError::denied(format!(
                "User: {} is not authorized to perform: ecr:{action} on resource: {resource} \
                 {why}",
                principal.arn
            )));
        }
        let pushes = matches!(action, "InitiateLayerUpload" | "PutImage");
        let creation = Act {
            action: "ecr:CreateRepository",
            ..act
        };
        if pushes && principal.account == *owner && world.permits(principal, &creation) {
            world.create_on_push(owner, region, name, self.shared.clock.now());
        }
        let repository = world
            .repository(owner, region, name)
            .ok_or_else(|| RegistryError::name_unknown(owner, name))?;
        denial(principal, owner, region, name, repository, action)
            .map_or(Ok(()), |text| Err(RegistryError::denied(text)))
    }
}

fn password(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.strip_prefix("AWS:").map(str::to_owned)
}
