//! The contract of platforms, held by the modelled one, in no time at all.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shipway_domain::ids::{AccountId, Digest, Region, RepositoryName};
use shipway_domain::observe::ScalingSeen;
use shipway_domain::scan::{ScanResult, ScanSeen, Vulnerability};
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;
use shipway_plugin::contract::{self, CLUSTER, Fate};
use shipway_plugin::{ImageFacts, Place, Platform};
use shipway_plugin_model::{Clock, ModelPlatform, Outcome, Settings, Until};

struct World {
    platform: ModelPlatform,
    clock: Clock,
    place: Place,
}

async fn world() -> World {
    tokio::time::pause();
    let clock = Clock::of_tokio(Timestamp::from_millis(1_795_000_000_000));
    let platform = ModelPlatform::new(clock.clone(), Settings::default(), 1);
    let place = Place {
        account: AccountId::new("111111111111").expect("an account"),
        region: Region::new("eu-west-1").expect("a region"),
    };
    platform.add_cluster(&place, CLUSTER);
    World {
        platform,
        clock,
        place,
    }
}

fn named(service: &str) -> String {
    format!("{CLUSTER}/{service}")
}

#[async_trait]
impl contract::World for World {
    fn platform(&self) -> Arc<dyn Platform> {
        Arc::new(self.platform.clone())
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    fn polling(&self) -> (Duration, Duration) {
        Settings::default().polling
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn pass(&self, span: Duration) {
        tokio::time::advance(span).await;
    }

    async fn make_service(&self, name: &str, desired: u32, image: &str) {
        let definition = contract::definition(name, image);
        self.platform
            .add_service(&self.place, &named(name), desired, &definition);
    }

    async fn make_scalable(&self, service: &str, as_seen: ScalingSeen) {
        self.platform
            .make_scalable(&self.place, &named(service), as_seen);
    }

    async fn decide(&self, image: &str, fate: Fate) {
        let outcome = match fate {
            Fate::Exits { code, after } => Outcome::Exits { code, after },
            Fate::CannotPull => Outcome::CannotStart {
                until: Until::Pulling,
                reason: "CannotPullContainerError: as decided".to_owned(),
            },
        };
        self.platform.decide(image, outcome);
    }

    async fn push(&self, repository: &RepositoryName, tag: &str, content: &[u8]) -> Digest {
        let image = ImageFacts {
            digest: Digest::of(content),
            manifests: Vec::new(),
            complete: true,
            size: content.len() as u64,
        };
        self.platform
            .push(&self.place, repository.as_str(), &[tag], image)
            .expect("pushed")
    }

    async fn scan_finds(&self, digest: &Digest, found: &Vulnerability) {
        let seen = ScanSeen::Ended(ScanResult {
            ended_at: Some(self.clock.now()),
            found: vec![found.clone()],
            unlisted: Vec::new(),
        });
        let repository = "team/hello";
        self.platform
            .show_scan(&self.place, repository, digest, seen);
    }

    async fn keeps_last(&self, repository: &RepositoryName) -> Option<u32> {
        self.platform.keeps_last(&self.place, repository.as_str())
    }

    async fn keep_secret(&self, at: &SecretSource, value: &str) {
        self.platform.keep_secret(&self.place, at, value);
    }
}

shipway_plugin::platform_contract!(world);
