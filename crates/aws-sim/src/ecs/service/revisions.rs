//! Service revisions: what a service was told to run, and the digests that its tags stood for.

use serde_json::{Value, json};

use super::Revision;
use super::deployments::some_arns;
use super::show::{Address, copy};
use crate::ecs::names::Place;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Members that a revision repeats as they were.
const REPEATED: [&str; 9] = [
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// `DescribeServiceRevisions`.
pub(in crate::ecs) fn describe_revisions(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in some_arns(input, "serviceRevisionArns")? {
        let parts = place.parts("service-revision", arn).unwrap_or_default();
        let shown = match parts[..] {
            [cluster, service, digits] => state.clusters.get(cluster).and_then(|known| {
                let known = known.services.get(service)?;
                let id = place.deployment_of(digits);
                let revision = known.records.revisions.get(&id)?;
                let address = Address {
                    place: &place,
                    cluster,
                    service,
                };
                Some(revision.show(&id, &address))
            }),
            _ => None,
        };
        match shown {
            Some(shown) => found.push(shown),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

impl Revision {
    fn show(&self, id: &str, at: &Address<'_>) -> Value {
        let containers = self.spec.containers.iter().enumerate();
        let images = containers.map(|(index, container)| {
            let mut image = json!({"containerName": container.name, "image": container.image});
            if let Some(digest) = self.digests.get(index).and_then(Option::as_deref) {
                image["imageDigest"] = digest.into();
            }
            image
        });
        let mut shown = json!({
            "serviceRevisionArn": at.revision(id),
            "serviceArn": at.place.service(at.cluster, at.service),
            "clusterArn": at.place.cluster(at.cluster),
            "taskDefinition": self.spec.definition,
            "containerImages": images.collect::<Vec<_>>(),
            "guardDutyEnabled": false,
            "createdAt": self.created_at.json(),
        });
        copy(&self.members, &REPEATED, &mut shown);
        self.show_family(&mut shown);
        shown
    }
}
