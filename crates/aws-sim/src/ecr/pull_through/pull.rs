//! What becomes of a pull of what is not here, where a rule says that it is upstream.

use crate::ecr::Place;
use crate::iam::Principal;
use crate::world::World;

impl World {
    /// Why an image that is not in the registry does not come through either; none where nobody would ask
    /// upstream: without a rule, and without the rights to import by it (ecs-facts 7.6).
    pub(crate) fn nothing_upstream(&self, caller: &Principal, place: Place<'_>) -> Option<String> {
        let registry = &self.existing_region(place.owner, place.region)?.ecr;
        let rule = registry.rule(place.name)?;
        let is_there = registry.repositories.contains_key(place.name);
        let may = |action| self.may_import(caller, place, action);
        (may("BatchImportUpstreamImage") && (is_there || may("CreateRepository")))
            .then(|| rule.unreachable())
    }

    /// Within an account one policy is enough: the caller's own, or that of the registry. Others need both.
    fn may_import(&self, caller: &Principal, place: Place<'_>, action: &str) -> bool {
        let region = self.existing_region(place.owner, place.region);
        let said = region.map(|region| region.ecr.verdict(caller, place, action));
        let (allowed, denied) = said.unwrap_or_default();
        let act = crate::iam::Act {
            action: &format!("ecr:{action}"),
            resource: &place.arn(),
            context: &[],
        };
        let own = caller.account == place.owner;
        !denied && !self.forbids(caller, &act) && {
            let permitted = self.permits(caller, &act);
            if own {
                permitted || allowed
            } else {
                permitted && allowed
            }
        }
    }
}
