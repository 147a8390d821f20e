//! Task definitions: registered as they come, described with what ECS adds (ecs-facts section 6).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::document::Document;
use shipway_plugin::{ErrorKind, Place, PlatformError, TaskDefinitionSeen};

use crate::names::arn;
use crate::repository::refused;

/// Members that a description has and a registration does not keep (ecs-facts 6.1); tags lie beside.
const DESCRIBED: [&str; 10] = [
    "tags",
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "deleteRequestedAt",
    "registeredBy",
];

/// All revisions of all families, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Definitions(BTreeMap<(Place, String), Vec<Definition>>);

/// A revision.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) arn: String,
    body: Document,
    tags: Vec<(String, String)>,
    /// Until it is deregistered.
    active: bool,
    pub(crate) spec: Arc<Spec>,
}

/// A revision as its tasks see it.
#[derive(Debug)]
pub(crate) struct Spec {
    /// ARN.
    pub(crate) definition: String,
    pub(crate) containers: Vec<Container>,
    /// The longest of its containers.
    pub(crate) stop_timeout: Option<Duration>,
    /// Time until the health check of an essential container passes, and until it has failed.
    pub(crate) health_check: Option<(Duration, Duration)>,
}

/// A container of a revision.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
}

impl Definitions {
    /// The next revision of the family that the JSON names.
    pub(crate) fn register(
        &mut self,
        place: &Place,
        call: &str,
        json: &str,
    ) -> Result<String, PlatformError> {
        let invalid =
            |message: String| refused(call, ErrorKind::Invalid, "ClientException", message);
        let mut body = Document::parse(json)
            .map_err(|error| invalid(format!("the task definition is no JSON: {error}")))?;
        let family = family(&body).map_err(invalid)?;
        let tags = body.get("tags").map(Document::items).unwrap_or_default();
        let tags = tags.iter().filter_map(tag).collect();
        for name in DESCRIBED {
            body.remove(name);
        }
        let revisions = self.0.entry((place.clone(), family.clone())).or_default();
        let number = revisions.len() + 1;
        let arn = arn(place, &format!("task-definition/{family}:{number}"));
        revisions.push(Definition {
            spec: Arc::new(Spec::of(arn.clone(), &body)),
            arn: arn.clone(),
            body,
            tags,
            active: true,
        });
        Ok(arn)
    }

    /// By ARN, `family:revision` or family.
    pub(crate) fn find(&self, place: &Place, reference: &str) -> Option<&Definition> {
        let start = arn(place, "task-definition/");
        let short = reference.strip_prefix(&start).unwrap_or(reference);
        let of = |family: &str| self.0.get(&(place.clone(), family.to_owned()));
        match short.rsplit_once(':') {
            Some((family, number)) => {
                let number: usize = number.parse().ok()?;
                of(family)?.get(number.checked_sub(1)?)
            }
            None => of(short)?.iter().rfind(|definition| definition.active),
        }
    }

    /// Nothing new may use it; what does goes on.
    pub(crate) fn deregister(
        &mut self,
        place: &Place,
        call: &str,
        arn: &str,
    ) -> Result<(), PlatformError> {
        let mut families = self.0.iter_mut().filter(|((of, _), _)| of == place);
        let found = families.find_map(|(_, all)| all.iter_mut().find(|known| known.arn == arn));
        let message = "The specified task definition does not exist.";
        let missing = || refused(call, ErrorKind::NotFound, "ClientException", message);
        found.ok_or_else(missing)?.active = false;
        Ok(())
    }

    /// ARNs of a family, newest first.
    pub(crate) fn newest(&self, place: &Place, family: &str, limit: u32) -> Vec<String> {
        let known = self.0.get(&(place.clone(), family.to_owned()));
        let active = known.into_iter().flatten().filter(|known| known.active);
        let newest_first = active.rev();
        let arns = newest_first.map(|definition| definition.arn.clone());
        arns.take(limit as usize).collect()
    }
}

fn family(body: &Document) -> Result<String, String> {
    let family = body.get("family").and_then(Document::as_str);
    let family = family.ok_or("the task definition names no family")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !(1..=255).contains(&family.len()) || !family.bytes().all(fits) {
        return Err(format!("{family:?} is no name of a family"));
    }
    let containers = body.get("containerDefinitions").map(Document::items);
    if containers.is_none_or(<[Document]>::is_empty) {
        return Err("the task definition has no containers".to_owned());
    }
    Ok(family.to_owned())
}

fn tag(tag: &Document) -> Option<(String, String)> {
    let text = |name: &str| tag.get(name)?.as_str().map(str::to_owned);
    Some((text("key")?, text("value").unwrap_or_default()))
}

impl Definition {
    /// Whether a service may be told to use it.
    pub(crate) const fn is_active(&self) -> bool {
        self.active
    }

    pub(crate) fn seen(&self) -> TaskDefinitionSeen {
        let status = if self.active { "ACTIVE" } else { "INACTIVE" };
        let mut json = self.body.clone();
        let number = self.arn.rsplit(':').next();
        let number = number.and_then(|number| number.parse::<i64>().ok());
        json.set("taskDefinitionArn", self.arn.as_str());
        json.set("revision", number.unwrap_or_default());
        json.set("status", status);
        TaskDefinitionSeen {
            arn: self.arn.clone(),
            status: status.to_owned(),
            json: json.to_string(),
            tags: self.tags.clone(),
        }
    }
}

impl Spec {
    fn of(definition: String, body: &Document) -> Self {
        let containers = body.get("containerDefinitions").map(Document::items);
        let containers = containers.unwrap_or_default();
        let stop_timeouts = containers
            .iter()
            .filter_map(|container| seconds(container, "stopTimeout"));
        Self {
            definition,
            containers: containers.iter().map(Container::of).collect(),
            stop_timeout: stop_timeouts.max(),
            health_check: containers
                .iter()
                .filter(|container| is_essential(container))
                .find_map(health_check),
        }
    }
}

impl Container {
    fn of(container: &Document) -> Self {
        let text = |name: &str| {
            let text = container.get(name).and_then(Document::as_str);
            text.unwrap_or_default().to_owned()
        };
        Self {
            name: text("name"),
            image: text("image"),
            essential: is_essential(container),
        }
    }
}

fn is_essential(container: &Document) -> bool {
    let essential = container.get("essential").and_then(Document::as_bool);
    essential.unwrap_or(true)
}

fn seconds(from: &Document, name: &str) -> Option<Duration> {
    let given = from.get(name)?.as_i64()?;
    Some(Duration::from_secs(u64::try_from(given).ok()?))
}

/// The pace of a container health check (ecs-facts 1.3).
fn health_check(container: &Document) -> Option<(Duration, Duration)> {
    let check = container.get("healthCheck")?;
    let interval = seconds(check, "interval").unwrap_or(Duration::from_secs(30));
    let retries = check.get("retries").and_then(Document::as_i64);
    let retries = u32::try_from(retries.unwrap_or(3)).unwrap_or(3);
    let start = seconds(check, "startPeriod").unwrap_or_default();
    Some((interval, start + interval * retries))
}
