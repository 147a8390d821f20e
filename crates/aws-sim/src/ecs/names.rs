//! Names and ARNs of ECS (ecs-facts 3.3).

use crate::choices::RevisionDigits;
use crate::wire::{ApiError, Ctx, Input};

/// An account and region: where ARNs point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    /// How digits of service revisions are written.
    digits: RevisionDigits,
}

impl Place {
    pub(super) fn new(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            digits: RevisionDigits::default(),
        }
    }

    pub(super) fn of(ctx: &Ctx) -> Self {
        Self {
            digits: ctx.revision_digits,
            ..Self::new(&ctx.account, &ctx.region)
        }
    }

    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{rest}", self.region, self.account)
    }

    pub(super) fn cluster(&self, cluster: &str) -> String {
        self.arn(&format!("cluster/{cluster}"))
    }

    pub(super) fn service(&self, cluster: &str, service: &str) -> String {
        self.arn(&format!("service/{cluster}/{service}"))
    }

    pub(super) fn task(&self, cluster: &str, id: &str) -> String {
        self.arn(&format!("task/{cluster}/{id}"))
    }

    pub(super) fn definition(&self, family: &str, revision: u32) -> String {
        self.arn(&format!("task-definition/{family}:{revision}"))
    }

    pub(super) fn service_deployment(&self, cluster: &str, service: &str, id: &str) -> String {
        self.arn(&format!("service-deployment/{cluster}/{service}/{id}"))
    }

    /// The digits are those of the deployment id, unless the choice is another: AWS does not promise that.
    pub(super) fn service_revision(
        &self,
        cluster: &str,
        service: &str,
        deployment: &str,
    ) -> String {
        let digits = self.turned(deployment.trim_start_matches(DEPLOYMENT));
        self.arn(&format!("service-revision/{cluster}/{service}/{digits}"))
    }

    /// The deployment of a revision with these digits.
    pub(super) fn deployment_of(&self, digits: &str) -> String {
        format!("{DEPLOYMENT}{}", self.turned(digits))
    }

    /// Digits of their own are those of the deployment the other way round: its own inverse.
    fn turned(&self, digits: &str) -> String {
        match self.digits {
            RevisionDigits::OfTheDeployment => digits.to_owned(),
            RevisionDigits::Own => digits.chars().rev().collect(),
        }
    }

    /// The parts after `<kind>/` of an ARN of this place, or of such a part given alone.
    pub(super) fn parts<'a>(&self, kind: &str, name: &'a str) -> Option<Vec<&'a str>> {
        let rest = if name.starts_with("arn:") {
            name.strip_prefix(&self.arn(""))?
        } else {
            name
        };
        let rest = match rest.strip_prefix(kind) {
            Some(after) if after.starts_with('/') => &after[1..],
            _ if name.starts_with("arn:") => return None,
            _ => rest,
        };
        Some(rest.split('/').collect())
    }

    /// The last part of a name or ARN of this kind: short and long ARNs are accepted.
    pub(super) fn last<'a>(&self, kind: &str, name: &'a str) -> Option<&'a str> {
        self.parts(kind, name)?.pop()
    }
}

/// Prefix of deployment ids.
pub(super) const DEPLOYMENT: &str = "ecs-svc/";

/// Name of the cluster an input is about; `default` when it names none.
pub(super) fn cluster<'a>(input: &Input<'a>, place: &Place) -> Result<&'a str, ApiError> {
    let name = input.str("cluster")?.unwrap_or("default");
    place.last("cluster", name).ok_or_else(no_cluster)
}

/// Name of the service an input is about.
pub(super) fn service<'a>(input: &Input<'a>, place: &Place) -> Result<&'a str, ApiError> {
    let name = input.need_str("service")?;
    place.last("service", name).ok_or_else(no_service)
}

pub(super) fn no_cluster() -> ApiError {
    ApiError::client("ClusterNotFoundException", "Cluster not found.")
}

pub(super) fn no_service() -> ApiError {
    ApiError::client("ServiceNotFoundException", "Service not found.")
}

/// `ClientException`.
pub(super) fn client(message: impl Into<String>) -> ApiError {
    ApiError::client("ClientException", message)
}

/// A feature of ECS that the simulator does not have.
pub(super) fn unsupported(message: impl Into<String>) -> ApiError {
    ApiError::client("UnsupportedFeatureException", message)
}

/// The names ECS accepts for clusters, services and families.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=255).contains(&name.len()) && name.bytes().all(fits)
}

/// A member that must be one of a few words.
pub(super) fn one_of<'a>(
    input: &Input<'a>,
    name: &str,
    allowed: &[&str],
) -> Result<Option<&'a str>, ApiError> {
    match input.str(name)? {
        Some(word) if !allowed.contains(&word) => Err(ApiError::invalid_parameter(format!(
            "1 validation error detected: Value '{word}' at '{name}' failed to satisfy constraint: \
             Member must satisfy enum value set: [{}]",
            allowed.join(", ")
        ))),
        word => Ok(word),
    }
}

/// Most capacity providers of a strategy (ecs-facts 5.1).
const MOST_PROVIDERS: usize = 20;

/// Refuses a strategy of too many capacity providers; nothing else about them is looked at.
pub(super) fn check_providers(input: &Input<'_>) -> Result<(), ApiError> {
    if input.structures("capacityProviderStrategy")?.len() <= MOST_PROVIDERS {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "capacityProviderStrategy must have at most {MOST_PROVIDERS} items."
    )))
}

/// Page size of a list operation.
pub(super) fn page_size(input: &Input<'_>, default: usize) -> Result<usize, ApiError> {
    match input.int("maxResults")? {
        None => Ok(default),
        Some(size @ 1..=100) => Ok(usize::try_from(size).unwrap_or(default)),
        Some(size) => Err(ApiError::invalid_parameter(format!(
            "maxResults must be between 1 and 100 but was {size}"
        ))),
    }
}

/// One page of names that come and go, as the answer of a list operation.
pub(super) fn paged_names(
    member: &str,
    names: Vec<String>,
    input: &Input<'_>,
    default: usize,
) -> Result<serde_json::Value, ApiError> {
    let size = page_size(input, default)?;
    let (shown, next) = crate::wire::page_after(member, names, input.str("nextToken")?, size)
        .ok_or_else(|| ApiError::invalid_parameter("Invalid token."))?;
    Ok(page_answer(member, shown, next))
}

/// One page of strings or structures as the answer of a list operation.
pub(super) fn paged<T: Into<serde_json::Value>>(
    member: &str,
    items: Vec<T>,
    input: &Input<'_>,
    default: usize,
) -> Result<serde_json::Value, ApiError> {
    let size = page_size(input, default)?;
    let (shown, next) = crate::wire::page(member, items, input.str("nextToken")?, size)
        .ok_or_else(|| ApiError::invalid_parameter("Invalid token."))?;
    Ok(page_answer(member, shown, next))
}

fn page_answer<T: Into<serde_json::Value>>(
    member: &str,
    shown: Vec<T>,
    next: Option<String>,
) -> serde_json::Value {
    let mut answer = serde_json::json!({member: serde_json::Value::from_iter(shown)});
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    answer
}
