//! The targets of an environment and their waves.

use shipway_domain::document::Pointer;
use shipway_domain::ids::{ClusterName, Region, ServiceName, Target};
use shipway_domain::spec::TargetSpec;

use super::Resolver;
use crate::file::TargetFile;

impl Resolver<'_> {
    pub(super) fn targets(&mut self) -> Option<Vec<TargetSpec>> {
        let at = self.at().name("targets");
        let files = self.environment.targets.iter().enumerate();
        let all: Vec<Option<TargetSpec>> = files
            .map(|(place, file)| self.target(&at.index(place), file))
            .collect();
        let targets = all.into_iter().collect::<Option<Vec<TargetSpec>>>()?;
        for (place, target) in targets.iter().enumerate() {
            if let Some(first) = targets[..place]
                .iter()
                .position(|other| other.target == target.target)
            {
                let message = format!("{} is a target twice", target.target);
                let help =
                    format!("{at}[{first}] names it already; a release changes a target once");
                self.error(&at.index(place), message, [help]);
            }
            let before = target.wave.checked_sub(1);
            if before.is_some_and(|before| !targets.iter().any(|other| other.wave == before)) {
                let message = format!("wave {} has no wave before it", target.wave);
                let help = "waves count up from 0 without gaps; each waits for the one before";
                self.error(&at.index(place).name("wave"), message, [help]);
            }
        }
        Some(targets)
    }

    fn target(&mut self, at: &Pointer, file: &TargetFile) -> Option<TargetSpec> {
        let account = self.account(&at.name("account"), &file.account);
        let region = self.named(&at.name("region"), Region::new(file.region.as_str()));
        let cluster = self.named(&at.name("cluster"), ClusterName::new(file.cluster.as_str()));
        let service = self.named(&at.name("service"), ServiceName::new(file.service.as_str()));
        Some(TargetSpec {
            target: Target {
                account: account?,
                region: region?,
                cluster: cluster?,
                service: service?,
            },
            wave: file.wave,
        })
    }
}
