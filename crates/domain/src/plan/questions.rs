//! What a plan wants to know of what lies around a service: asked by the agent, all at once.

use super::{Wish, image_of};
use crate::document::Document;
use crate::ids::{Digest, Target};
use crate::image::{EcrRepository, PULL_ACTIONS, is_by_digest, split_reference};
use crate::observe::ServiceSeen;
use crate::spec::ImageSettings;
use crate::surroundings::Permission;
use crate::task_definition::{items as list, text};

/// The questions; what is empty or `None` need not be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// ARNs of target groups.
    pub target_groups: Vec<String>,
    /// Names of alarms.
    pub alarms: Vec<String>,
    /// Ids of subnets.
    pub subnets: Vec<String>,
    /// How much Fargate may run.
    pub fargate: bool,
    /// Log groups that must be there before a task starts.
    pub log_groups: Vec<LogGroup>,
    /// The execution role, and what it must be allowed.
    pub role: Option<(String, Vec<Permission>)>,
    /// Images by digest: what do they run on?
    pub images: Vec<(String, EcrRepository, Digest)>,
    /// The image that would be deployed: what have its scans found?
    pub scan: Option<(EcrRepository, Digest)>,
    /// Repository of the image that runs: what does its lifecycle policy take away?
    pub repository: Option<EcrRepository>,
}

/// A log group of CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its region, when it is not that of the task.
    pub region: Option<String>,
}

/// What to ask for a service that is to get the task definition `after`; `running` is what it has.
#[must_use]
pub fn questions(
    target: &Target,
    service: &ServiceSeen,
    running: &Document,
    after: &Document,
    wish: &Wish,
) -> Questions {
    let home = wish.home.as_ref();
    let in_ecr = |image: &str| in_ecr(image, home);
    let awsvpc = text(after, "networkMode") == Some("awsvpc");
    let images = list(after, "containerDefinitions")
        .iter()
        .filter_map(|container| in_ecr(text(container, "image")?));
    let serving = wish
        .containers
        .first()
        .and_then(|container| in_ecr(&image_of(running, container)?));
    Questions {
        target_groups: service.target_groups.clone(),
        alarms: alarms(service),
        subnets: if awsvpc {
            service.subnets.clone()
        } else {
            Vec::new()
        },
        fargate: service.fargate,
        log_groups: log_groups(after),
        role: role(target, service, after, home),
        images: images.collect(),
        scan: wish.gate.as_ref().and_then(|_| {
            let (_, repository, digest) = in_ecr(wish.image.as_ref()?)?;
            Some((repository, digest))
        }),
        repository: serving.map(|(_, repository, _)| repository),
    }
}

/// An image by digest that lies in ECR.
fn in_ecr(image: &str, home: Option<&ImageSettings>) -> Option<(String, EcrRepository, Digest)> {
    if !is_by_digest(image) {
        return None;
    }
    let digest = Digest::new(split_reference(image).1?).ok()?;
    Some((image.to_owned(), EcrRepository::known(image, home)?, digest))
}

/// Alarms that deployments of the service listen to, if they do (ecs-facts 2.5).
fn alarms(service: &ServiceSeen) -> Vec<String> {
    let configuration = Document::parse(&service.deployment_configuration);
    let alarms = configuration
        .as_ref()
        .ok()
        .and_then(|all| all.get("alarms"));
    let Some(alarms) = alarms.filter(|a| a.get("enable").and_then(Document::as_bool) == Some(true))
    else {
        return Vec::new();
    };
    let names = list(alarms, "alarmNames").iter();
    names
        .filter_map(Document::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

/// Those that no container makes by itself.
fn log_groups(after: &Document) -> Vec<LogGroup> {
    let mut groups: Vec<LogGroup> = Vec::new();
    for options in awslogs(after) {
        let (Some(name), None | Some("false")) = (
            text(options, "awslogs-group"),
            text(options, "awslogs-create-group"),
        ) else {
            continue;
        };
        let region = text(options, "awslogs-region").map(ToOwned::to_owned);
        let group = LogGroup {
            name: name.to_owned(),
            region,
        };
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn awslogs(after: &Document) -> impl Iterator<Item = &Document> {
    let containers = list(after, "containerDefinitions").iter();
    let logs = containers.filter_map(|container| container.get("logConfiguration"));
    logs.filter(|logs| text(logs, "logDriver") == Some("awslogs"))
        .filter_map(|logs| logs.get("options"))
}

/// What the execution role is used for (ecs-facts 9.4). On EC2 the instance pulls and logs; secrets are the role's
/// everywhere.
fn role(
    target: &Target,
    service: &ServiceSeen,
    after: &Document,
    home: Option<&ImageSettings>,
) -> Option<(String, Vec<Permission>)> {
    let role = text(after, "executionRoleArn").filter(|role| role.starts_with("arn:"))?;
    let partition = role.split(':').nth(1).unwrap_or("aws");
    let mut needs = Vec::new();
    let mut need = |action: &str, resource: String| {
        let action = action.to_owned();
        needs.push(Permission { action, resource });
    };
    let (account, region) = (&target.account, &target.region);
    for container in list(after, "containerDefinitions") {
        let image = text(container, "image");
        let repository = image.and_then(|image| EcrRepository::known(image, home));
        if let Some(repository) = repository.filter(|_| service.fargate) {
            need("ecr:GetAuthorizationToken", "*".to_owned());
            for action in PULL_ACTIONS {
                need(action, repository.arn());
            }
        }
        let logs = container.get("logConfiguration");
        let options = logs.and_then(|logs| logs.get("secretOptions"));
        let options = options.map_or(&[][..], Document::items);
        for secret in list(container, "secrets").iter().chain(options) {
            if let Some(from) = text(secret, "valueFrom") {
                let (action, arn) = secret_at(from, partition, region.as_str(), account.as_str());
                need(action, arn);
            }
        }
        let credentials = container.get("repositoryCredentials");
        if let Some(from) = credentials.and_then(|c| text(c, "credentialsParameter")) {
            need("secretsmanager:GetSecretValue", from.to_owned());
        }
    }
    for options in awslogs(after).filter(|_| service.fargate) {
        let Some(group) = text(options, "awslogs-group") else {
            continue;
        };
        let region = text(options, "awslogs-region").unwrap_or_else(|| region.as_str());
        let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}:log-stream:*");
        need("logs:CreateLogStream", arn.clone());
        need("logs:PutLogEvents", arn);
    }
    needs.sort_unstable();
    needs.dedup();
    Some((role.to_owned(), needs))
}

/// Action and ARN behind a `valueFrom`: a secret (perhaps with a key of its JSON behind the name), or a parameter by ARN
/// or by name.
fn secret_at(from: &str, partition: &str, region: &str, account: &str) -> (&'static str, String) {
    if from.contains(":secretsmanager:") {
        // arn:aws:secretsmanager:region:account:secret:name:key:stage:version
        let arn: Vec<&str> = from.split(':').take(7).collect();
        return ("secretsmanager:GetSecretValue", arn.join(":"));
    }
    let arn = if from.starts_with("arn:") {
        from.to_owned()
    } else {
        let name = from.trim_start_matches('/');
        format!("arn:{partition}:ssm:{region}:{account}:parameter/{name}")
    };
    ("ssm:GetParameters", arn)
}
