//! The demo world: three accounts, and a service `hello` in two of them.

use serde_json::json;

use super::{AccountSeed, ClusterSeed, RegionSeed, Seed, ServiceSeed};
use crate::iam::Role;

/// Region of the demo world.
const REGION: &str = "eu-west-1";

/// The world that `shipway-dev` and the tests start with: accounts `tools`, `staging` and `prod`,
/// each with a role `shipway-deploy`; in the last two a cluster `main` with a service `hello`.
#[must_use]
pub fn demo() -> Seed {
    Seed {
        accounts: vec![
            account("000000000000", "tools", vec![]),
            account("111111111111", "staging", vec![main_cluster(2)]),
            account("222222222222", "prod", vec![main_cluster(3)]),
        ],
    }
}

fn account(id: &str, name: &str, clusters: Vec<ClusterSeed>) -> AccountSeed {
    AccountSeed {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        roles: vec![Role::open("shipway-deploy")],
        regions: vec![RegionSeed {
            name: REGION.to_owned(),
            clusters,
            ..RegionSeed::default()
        }],
        ..AccountSeed::default()
    }
}

fn main_cluster(desired: u32) -> ClusterSeed {
    ClusterSeed {
        name: "main".to_owned(),
        services: vec![hello(desired)],
    }
}

fn hello(desired: u32) -> ServiceSeed {
    ServiceSeed {
        task_definition: json!({
            "family": "hello",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{
                "name": "app",
                "image": "public.ecr.aws/docker/library/httpd:latest",
                "essential": true,
                "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
            }],
        }),
        service: json!({
            "serviceName": "hello",
            "desiredCount": desired,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0a1b2c3d4e5f60718"],
                "securityGroups": ["sg-0a1b2c3d4e5f60718"],
                "assignPublicIp": "DISABLED",
            }},
            "deploymentConfiguration": {
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": true, "rollback": true},
            },
        }),
        steady: true,
    }
}
