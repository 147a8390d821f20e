//! What lies around a service, as the simulator of AWS tells it.

mod common;

use std::sync::Arc;
use std::time::Duration;

use aws_sim::seed::Seed;
use aws_sim::{Sim, SimConfig};
use common::push;
use common::{STAGING, config, job, open, repository};
use serde_json::json;
use shipway_domain::ids::Digest;
use shipway_domain::spec::{RepositorySettings, TagMutability};
use shipway_domain::surroundings::{FargateSeen, Permission, SubnetSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, RegionApi};

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0123456789abcdef";

/// A service of one vCPU in each of two tasks behind a load balancer, and what lies around it.
async fn world() -> (Sim, Arc<dyn RegionApi>) {
    let sim = aws_sim::start(SimConfig::default())
        .await
        .expect("a simulator");
    let definition = json!({
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024", "memory": "2048",
        "containerDefinitions": [{"name": "web", "image": "httpd", "portMappings": [{"containerPort": 80}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web",
                "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "web"}}}],
    });
    let service = json!({
        "serviceName": "web", "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1a2b3c4d"]}},
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 80}],
    });
    let deploy = json!({"name": "shipway-deploy"});
    let execution = json!({
        "name": "execution",
        "policies": [{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ecr:BatchGetImage", "Resource": "arn:aws:ecr:*:*:repository/secret"},
        ]}],
    });
    let seed = json!({"accounts": [{
        "id": STAGING, "roles": [deploy, execution], "roles_are_complete": true,
        "regions": [{
            "name": "eu-west-1",
            "quotas": {"fargate/L-3032A538": 16},
            "target_groups": [{"arn": GROUP, "deregistration_delay_seconds": 40, "health_check_interval_seconds": 5}],
            "subnets": [{"id": "subnet-1a2b3c4d", "available_ip_addresses": 12}],
            "clusters": [{"name": "main", "services": [
                {"task_definition": definition, "service": service, "steady": true},
            ]}],
        }],
    }]});
    let seed: Seed = serde_json::from_value(seed).expect("a seed");
    sim.seed(&seed).expect("seeded");
    let region = open(config(&sim.url()), STAGING, &job()).await;
    (sim, region)
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn target_groups_show_their_settings_and_the_health_of_their_targets() {
    let (_sim, region) = world().await;
    let around = region.around();
    let groups = around.target_groups(&named(&[GROUP])).await.expect("read");
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].check_interval, Duration::from_secs(5));
    assert_eq!(groups[0].deregistration_delay, Duration::from_secs(40));
    let targets = around.target_health(GROUP).await.expect("read");
    assert_eq!(targets.len(), 2, "{targets:?}");
    assert!(
        targets
            .iter()
            .all(|one| one.state == "healthy" && one.port == 80)
    );
    let gone = around.target_health(&GROUP.replace("web", "gone")).await;
    let gone = gone.expect_err("no such group");
    assert_eq!(gone.kind, ErrorKind::NotFound, "{gone}");
    assert_eq!(gone.code, "TargetGroupNotFound");
}

#[tokio::test]
async fn addresses_quota_alarms_and_log_groups_are_read() {
    let (sim, region) = world().await;
    let around = region.around();
    let subnets = around.subnets(&named(&["subnet-1a2b3c4d"])).await;
    let expected = SubnetSeen {
        id: "subnet-1a2b3c4d".to_owned(),
        free: 12,
    };
    assert_eq!(subnets.expect("read"), [expected]);
    assert!(around.subnets(&named(&["subnet-none"])).await.is_err());
    let seen = around.fargate(now(&sim)).await.expect("read");
    let expected = FargateSeen {
        limit: 16 * 1024,
        used: Some(2 * 1024),
    };
    assert_eq!(seen, expected);
    assert_eq!(around.alarms(&named(&["errors"])).await.expect("read"), []);
    assert!(!around.log_group(None, "/ecs/other").await.expect("read"));
    assert!(
        !around
            .log_group(Some("eu-north-1"), "/ecs/web")
            .await
            .expect("read")
    );
}

fn now(sim: &Sim) -> Timestamp {
    Timestamp::from_millis(sim.clock().now().micros() / 1000)
}

#[tokio::test]
async fn what_a_role_may_not_do_is_told_and_a_role_that_is_not_there_is_not_found() {
    let (_sim, region) = world().await;
    let around = region.around();
    let need = |action: &str, resource: &str| Permission {
        action: action.to_owned(),
        resource: resource.to_owned(),
    };
    let open = "arn:aws:ecr:eu-west-1:111111111111:repository/web";
    let shut = "arn:aws:ecr:eu-west-1:111111111111:repository/secret";
    let needed = [
        need("ecr:GetAuthorizationToken", "*"),
        need("ecr:BatchGetImage", open),
        need("ecr:BatchGetImage", shut),
        need("ecr:GetDownloadUrlForLayer", shut),
        need(
            "logs:PutLogEvents",
            "arn:aws:logs:eu-west-1:111111111111:log-group:/ecs/web:log-stream:*",
        ),
    ];
    let role = "arn:aws:iam::111111111111:role/execution";
    let denied = around.denied(role, &needed).await.expect("asked");
    assert_eq!(denied, [needed[2].clone(), needed[4].clone()]);
    let nobody = around
        .denied("arn:aws:iam::111111111111:role/nobody", &needed)
        .await;
    assert_eq!(nobody.expect_err("no such role").kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn images_say_what_they_run_on_and_repositories_what_a_lifecycle_policy_goes_by() {
    let (sim, region) = world().await;
    let (registry, around) = (region.registry(), region.around());
    let settings = RepositorySettings {
        scan_on_push: false,
        mutability: TagMutability::Mutable,
        keep_last: Some(7),
    };
    let created = registry.create_repository(&repository(), &settings).await;
    created.expect("created");
    let login = registry.login().await.expect("a login");
    let digest = push::image(&login, &repository(), "v1", b"layer one").await;
    let platforms = around.platforms(&repository(), &digest).await;
    assert_eq!(platforms.expect("read"), ["linux/amd64"]);
    let missing = around.platforms(&repository(), &Digest::of(b"none")).await;
    assert_eq!(missing.expect("read"), [""; 0]);
    let seen = around
        .contents(&repository(), now(&sim))
        .await
        .expect("read");
    let seen = seen.expect("a policy");
    assert!(
        seen.policy.contains("imageCountMoreThan"),
        "{}",
        seen.policy
    );
    let listed: Vec<_> = seen
        .images
        .iter()
        .map(|one| (&one.digest, &one.tags))
        .collect();
    assert_eq!(listed, [(&digest, &vec!["v1".to_owned()])]);
    let other = shipway_domain::ids::RepositoryName::new("other").expect("a name");
    assert_eq!(
        around.contents(&other, now(&sim)).await.expect("read"),
        None
    );
}
