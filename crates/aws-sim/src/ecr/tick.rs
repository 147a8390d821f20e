//! What happens in ECR by itself: lifecycle policies run, restores end.

use crate::clock::SimTime;
use crate::world::World;

/// Brings all registries up to `now`; gives the next instant at which something happens.
pub(crate) fn tick(world: &mut World, now: SimTime) -> Option<SimTime> {
    let accounts = world.accounts.values_mut();
    let regions = accounts.flat_map(|account| account.regions.values_mut());
    let repositories = regions.flat_map(|region| region.ecr.repositories.values_mut());
    let next = repositories.filter_map(|repository| {
        let restored = repository.end_restores(now);
        repository.run_lifecycle(now);
        [restored, repository.lifecycle_due]
            .into_iter()
            .flatten()
            .min()
    });
    next.min()
}
