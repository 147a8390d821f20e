//! Who talks to a registry: Basic authentication with an ECR token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use super::Registry;
use super::error::RegistryError;
use crate::clock::SimTime;
use crate::ecr::{BadToken, Place};
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
        world
            .check_password(&password, now)
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
        let place = self.place(name);
        let resource = place.arn();
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
        if pushes && world.may(principal, place, "CreateRepository") {
            world.create_on_push(place, self.shared.clock.now());
        }
        world
            .repository(place.owner, place.region, name)
            .ok_or_else(|| RegistryError::name_unknown(place.owner, name))?;
        let denial = world.resource_denial(principal, place, action);
        denial.map_or(Ok(()), |text| Err(RegistryError::denied(text)))
    }

    /// A repository of this registry.
    pub(super) fn place<'a>(&'a self, name: &'a str) -> Place<'a> {
        Place {
            owner: &self.account,
            region: &self.region,
            name,
        }
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
