//! What a plan wants to know of what lies around a service.

use super::*;
use crate::ids::{AccountId, ClusterName, Region, ServiceName, Target};
use crate::plan::{LogGroup, Questions, questions};

const DIGEST: &str = "sha256:40310000000000000000000000000000000000000000000000000000000000aa";
const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn place() -> Target {
    Target {
        account: AccountId::new("111122223333").expect("an account"),
        region: Region::new("eu-west-1").expect("a region"),
        cluster: ClusterName::new("main").expect("a cluster"),
        service: ServiceName::new("web").expect("a service"),
    }
}

fn wanted() -> Document {
    let text = format!(
        r#"{{"networkMode":"awsvpc","executionRoleArn":"arn:aws:iam::111122223333:role/x","containerDefinitions":[
        {{"name":"web","image":"{HOST}/web@{DIGEST}",
          "secrets":[{{"name":"A","valueFrom":"/prod/a"}},
            {{"name":"B","valueFrom":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:b-Ab12:key::"}}],
          "logConfiguration":{{"logDriver":"awslogs","options":{{"awslogs-group":"/ecs/web"}}}}}},
        {{"name":"own","image":"envoy:v1",
          "repositoryCredentials":{{"credentialsParameter":"arn:aws:secretsmanager:eu-west-1:1:secret:hub"}},
          "logConfiguration":{{"logDriver":"awslogs","options":{{"awslogs-group":"/made","awslogs-region":"eu-north-1",
            "awslogs-create-group":"true"}}}}}}]}}"#
    );
    Document::parse(&text).expect("a document")
}

fn asked(service: &ServiceSeen, after: &Document) -> Questions {
    let mut wish = wish(after.clone());
    wish.image = Some(format!("{HOST}/web@{DIGEST}"));
    wish.gate = Some(gate());
    questions(&place(), service, after, after, &wish)
}

#[test]
fn a_service_on_fargate_is_asked_for_all_that_its_tasks_lean_on() {
    let mut service = facts(Document::Null).service;
    service.fargate = true;
    service.subnets = vec!["subnet-1".to_owned()];
    service.deployment_configuration =
        r#"{"alarms":{"enable":true,"rollback":true,"alarmNames":["errors"]}}"#.to_owned();
    let all = asked(&service, &wanted());
    assert_eq!(all.target_groups, service.target_groups);
    assert_eq!(all.alarms, ["errors"]);
    assert_eq!(all.subnets, ["subnet-1"]);
    assert!(all.fargate);
    let missing_region = LogGroup {
        name: "/ecs/web".to_owned(),
        region: None,
    };
    assert_eq!(all.log_groups, [missing_region]);
    let images: Vec<&str> = all
        .images
        .iter()
        .map(|(image, _, _)| image.as_str())
        .collect();
    assert_eq!(images, [format!("{HOST}/web@{DIGEST}")]);
    assert_eq!(all.repository.expect("in ECR").name.as_str(), "web");
    assert_eq!(all.scan.expect("by digest").1.as_str(), DIGEST);
    let (role, needs) = all.role.expect("a role");
    assert_eq!(role, "arn:aws:iam::111122223333:role/x");
    let needs: Vec<String> = needs
        .iter()
        .map(|one| format!("{} {}", one.action, one.resource))
        .collect();
    assert_eq!(
        needs,
        [
            "ecr:BatchCheckLayerAvailability arn:aws:ecr:eu-west-1:111122223333:repository/web",
            "ecr:BatchGetImage arn:aws:ecr:eu-west-1:111122223333:repository/web",
            "ecr:GetAuthorizationToken *",
            "ecr:GetDownloadUrlForLayer arn:aws:ecr:eu-west-1:111122223333:repository/web",
            "logs:CreateLogStream arn:aws:logs:eu-north-1:111122223333:log-group:/made:log-stream:*",
            "logs:CreateLogStream arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web:log-stream:*",
            "logs:PutLogEvents arn:aws:logs:eu-north-1:111122223333:log-group:/made:log-stream:*",
            "logs:PutLogEvents arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web:log-stream:*",
            "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:111122223333:secret:b-Ab12",
            "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:1:secret:hub",
            "ssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/prod/a",
        ]
    );
}

#[test]
fn on_instances_the_role_is_asked_for_secrets_only_and_alarms_that_are_off_for_nothing() {
    let mut service = facts(Document::Null).service;
    service.deployment_configuration =
        r#"{"alarms":{"enable":false,"alarmNames":["errors"]}}"#.to_owned();
    service.subnets = vec!["subnet-1".to_owned()];
    let mut after = wanted();
    after.set("networkMode", "bridge".to_owned());
    let all = asked(&service, &after);
    let (_, needs) = all.role.expect("a role");
    assert!(
        needs.iter().all(|one| !one.action.starts_with("ecr:")),
        "{needs:?}"
    );
    assert_eq!(needs.len(), 3);
    assert!(all.alarms.is_empty() && all.subnets.is_empty() && !all.fargate);
    after.set("executionRoleArn", "named-only".to_owned());
    assert_eq!(asked(&service, &after).role, None);
}
