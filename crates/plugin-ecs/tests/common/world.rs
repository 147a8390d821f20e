//! The simulator as the world of a contract: its clock stands still until a claim lets time pass.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use aws_sim::iam::Role;
use aws_sim::script::{Script, ScriptKind};
use aws_sim::seed::{AccountSeed, ClusterSeed, RegionSeed, Seed, ServiceSeed};
use aws_sim::{Sim, SimConfig};
use serde_json::{Value, json};
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::observe::ScalingSeen;
use shipway_domain::scan::Vulnerability;
use shipway_domain::spec::SecretSource;
use shipway_domain::time::Timestamp;
use shipway_plugin::contract::{self, CLUSTER, Fate};
use shipway_plugin::{Place, Platform};
use shipway_plugin_ecs::{EcsPlatform, Polling};

use super::{STAGING, job, place, push};

const POLLING: Polling = Polling {
    min: Duration::from_millis(1),
    max: Duration::from_millis(10),
    patience: Duration::from_secs(60),
    gather: Duration::from_millis(1),
};

/// A simulator and the plugin before it.
pub(crate) struct World {
    sim: Sim,
    platform: Arc<EcsPlatform>,
}

/// A new one.
pub(crate) async fn world() -> World {
    let config = SimConfig {
        time_scale: 0.0,
        id_seed: Some(1),
        ..SimConfig::default()
    };
    let sim = aws_sim::start(config).await.expect("a simulator");
    let mut config = super::config(&sim.url());
    config.polling = POLLING;
    let platform = Arc::new(EcsPlatform::new(config).expect("a platform"));
    let world = World { sim, platform };
    world.seed(RegionSeed {
        clusters: vec![cluster(vec![])],
        ..RegionSeed::default()
    });
    world
}

fn cluster(services: Vec<ServiceSeed>) -> ClusterSeed {
    ClusterSeed {
        name: CLUSTER.to_owned(),
        services,
    }
}

impl World {
    fn seed(&self, region: RegionSeed) {
        let region = RegionSeed {
            name: place(STAGING).region.to_string(),
            ..region
        };
        let account = AccountSeed {
            id: STAGING.to_owned(),
            roles: vec![Role::open("shipway-deploy")],
            regions: vec![region],
            ..AccountSeed::default()
        };
        let seed = Seed {
            accounts: vec![account],
        };
        self.sim.seed(&seed).expect("seeded");
    }

    /// What clients of our own need, who act as the account itself.
    async fn clients(&self) -> aws_config::SdkConfig {
        let credentials =
            aws_credential_types::Credentials::new(STAGING, "any", None, None, "test");
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(place(STAGING).region.to_string()))
            .endpoint_url(self.sim.url())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(credentials)
            .load()
            .await
    }
}

#[async_trait]
impl contract::World for World {
    fn platform(&self) -> Arc<dyn Platform> {
        self.platform.clone()
    }

    fn place(&self) -> Place {
        place(STAGING)
    }

    fn polling(&self) -> (Duration, Duration) {
        (POLLING.min, POLLING.max)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.sim.clock().now().micros() / 1000)
    }

    async fn pass(&self, span: Duration) {
        self.sim.clock().advance(span);
    }

    async fn make_service(&self, name: &str, desired: u32, image: &str) {
        let definition = contract::definition(name, image);
        let task_definition = serde_json::from_str(&definition).expect("JSON");
        let service = json!({
            "serviceName": name,
            "desiredCount": desired,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
            "deploymentConfiguration": {
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": true, "rollback": true},
            },
        });
        self.seed(RegionSeed {
            clusters: vec![cluster(vec![ServiceSeed {
                task_definition,
                service,
                steady: true,
            }])],
            ..RegionSeed::default()
        });
    }

    async fn make_scalable(&self, service: &str, as_seen: ScalingSeen) {
        let count = |count: u32| i32::try_from(count).expect("not so many");
        let suspended = SuspendedState::builder()
            .dynamic_scaling_in_suspended(as_seen.suspended.scale_in)
            .dynamic_scaling_out_suspended(as_seen.suspended.scale_out)
            .scheduled_scaling_suspended(as_seen.suspended.scheduled)
            .build();
        aws_sdk_applicationautoscaling::Client::new(&self.clients().await)
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(format!("service/{CLUSTER}/{service}"))
            .min_capacity(count(as_seen.min))
            .max_capacity(count(as_seen.max))
            .suspended_state(suspended)
            .send()
            .await
            .expect("registered");
    }

    async fn decide(&self, image: &str, fate: Fate) {
        let (kind, exit_code, after_seconds) = match fate {
            Fate::Exits { code, after } => {
                (ScriptKind::Exit, Some(code), Some(after.as_secs_f64()))
            }
            Fate::CannotPull => (ScriptKind::CannotPull, None, None),
        };
        self.sim.add_script(Script {
            pattern: image.to_owned(),
            kind,
            exit_code,
            after_seconds,
            reason: None,
            log: Vec::new(),
            family: String::new(),
            command: String::new(),
        });
    }

    async fn push(&self, repository: &RepositoryName, tag: &str, content: &[u8]) -> Digest {
        let region = self.platform.open(&self.place(), &job()).await;
        let login = region.expect("opened").registry().login().await;
        push::image(&login.expect("a login"), repository, tag, content).await
    }

    async fn scan_finds(&self, digest: &Digest, found: &Vulnerability) {
        let package = &found.packages[0];
        let findings = json!({"match": digest.as_str(), "findings": [{
            "name": found.id,
            "severity": found.severity.as_str().to_uppercase(),
            "uri": found.link,
            "package": package.name,
            "version": package.version,
        }]});
        self.sim.add_findings(&findings).expect("findings");
    }

    async fn keeps_last(&self, repository: &RepositoryName) -> Option<u32> {
        let policy = aws_sdk_ecr::Client::new(&self.clients().await)
            .get_lifecycle_policy()
            .repository_name(repository.as_str())
            .send()
            .await
            .ok()?;
        let policy: Value = serde_json::from_str(policy.lifecycle_policy_text()?).ok()?;
        let number = policy["rules"][0]["selection"]["countNumber"].as_u64()?;
        u32::try_from(number).ok()
    }

    async fn keep_secret(&self, at: &SecretSource, value: &str) {
        let mut region = RegionSeed::default();
        let (kept, name) = match at {
            SecretSource::SecretsManager(name) => (&mut region.secrets, name),
            SecretSource::Ssm(name) => (&mut region.parameters, name),
            other => panic!("{other:?} is the agent's own"),
        };
        kept.insert(name.clone(), value.to_owned());
        self.seed(region);
    }
}
