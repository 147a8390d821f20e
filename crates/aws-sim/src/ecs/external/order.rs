//! What to run for a task: its task definition, with overrides and secrets, in the words of an engine.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{TaskKey, secrets};
use crate::clock::SimTime;
use crate::ecs::definition::memory_mib;
use crate::ecs::names::Place;
use crate::ecs::spec::{ContainerSpec, Spec};
use crate::iam::Principal;
use crate::image::{at_digest, made_digest};
use crate::world::World;

/// How long the password of a pull is good for, in simulated time.
const PASSWORD: Duration = Duration::from_secs(12 * 3600);

/// A task to run.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) containers: Vec<ContainerOrder>,
    pub(crate) network: Network,
    /// Platform of its images, as the engine writes it.
    pub(crate) platform: String,
    /// `AWS` and this open the registries of the simulator.
    pub(crate) password: String,
    /// Where its load balancer asks.
    pub(crate) target: Option<Target>,
}

/// `networkMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// `awsvpc`: one for all containers of the task.
    Shared,
    /// `bridge`: one for each container.
    Bridge,
    /// `host`.
    Host,
    /// `none`.
    None,
}

/// The port of a task that is registered in a target group.
#[derive(Debug)]
pub(crate) struct Target {
    /// Index of the container.
    pub(crate) container: usize,
    pub(crate) port: u16,
    /// For so long after RUNNING it may refuse connections.
    pub(crate) patience: Duration,
}

/// A container to run.
#[derive(Debug)]
pub(crate) struct ContainerOrder {
    pub(crate) name: String,
    /// By digest, when that is known.
    pub(crate) image: String,
    /// It is in a registry of the simulator.
    pub(crate) ours: bool,
    pub(crate) essential: bool,
    pub(crate) environment: Vec<String>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) entry_point: Option<Vec<String>>,
    pub(crate) user: Option<String>,
    pub(crate) directory: Option<String>,
    pub(crate) read_only: bool,
    pub(crate) init: bool,
    /// Hard limit in MiB.
    pub(crate) memory: Option<i64>,
    pub(crate) stop_timeout: Duration,
    pub(crate) start_timeout: Option<Duration>,
    /// Containers it waits for, by name.
    pub(crate) depends_on: Vec<(String, Condition)>,
    pub(crate) check: Option<Check>,
    pub(crate) log: Option<LogStream>,
}

/// `condition` of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Start,
    Complete,
    Success,
    Healthy,
}

/// `healthCheck`.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) command: Vec<String>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) start_period: Duration,
}

/// Where a container logs to.
#[derive(Clone, Debug)]
pub(crate) struct LogStream {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) group: String,
    pub(crate) stream: String,
}

/// What to run for a task; the error is what `stoppedReason` says.
pub(crate) fn order(world: &mut World, key: &TaskKey, now: SimTime) -> Result<Order, String> {
    let place = key.place();
    let password = world.issue_password(&Principal::root(&key.account), now + PASSWORD);
    let state = &world.region(&key.account, &key.region).ecs;
    let gone = || "CannotStartContainerError: the task definition has gone".to_owned();
    let (spec, members, digests, target) = state.parts(key).ok_or_else(gone)?;
    let definition = state
        .definition(&place, &spec.definition)
        .ok_or_else(gone)?;
    let body = definition.body.clone();
    let world = &*world;
    let mut containers = Vec::new();
    let bodies = body.get("containerDefinitions").and_then(Value::as_array);
    let bodies = bodies.into_iter().flatten().zip(&spec.containers);
    for (index, (body, known)) in bodies.enumerate() {
        let maker = Maker {
            world,
            place: &place,
            key,
            spec: &spec,
            known,
            body,
            overrides: overrides(&members, &known.name),
        };
        containers.push(maker.container(digests.get(index).and_then(Option::as_deref))?);
    }
    Ok(Order {
        containers,
        network: match body.get("networkMode").and_then(Value::as_str) {
            Some("awsvpc") => Network::Shared,
            Some("host") => Network::Host,
            Some("none") => Network::None,
            _ => Network::Bridge,
        },
        platform: spec.platform().to_string(),
        password,
        target: target.and_then(|target| find_target(&target, &spec, world)),
    })
}

/// `containerOverrides` of a container.
fn overrides<'a>(members: &'a Map<String, Value>, name: &str) -> &'a Value {
    let all = members
        .get("overrides")
        .and_then(|overrides| overrides.get("containerOverrides")?.as_array());
    let mut all = all.into_iter().flatten();
    all.find(|one| one.get("name").and_then(Value::as_str) == Some(name))
        .unwrap_or(&Value::Null)
}

fn find_target(balancer: &Value, spec: &Spec, world: &World) -> Option<Target> {
    let name = balancer.get("containerName")?.as_str()?;
    let port = balancer.get("containerPort")?.as_u64()?;
    let phases = world.ecs_settings.phases(spec.stop_timeout, None);
    Some(Target {
        container: spec
            .containers
            .iter()
            .position(|known| known.name == name)?,
        port: u16::try_from(port).ok()?,
        patience: phases.target_failing,
    })
}

/// Everything that says something about a container.
struct Maker<'a> {
    world: &'a World,
    place: &'a Place,
    key: &'a TaskKey,
    spec: &'a Spec,
    known: &'a ContainerSpec,
    body: &'a Value,
    overrides: &'a Value,
}

impl Maker<'_> {
    fn container(&self, digest: Option<&str>) -> Result<ContainerOrder, String> {
        let (body, image) = (self.body, &self.known.image);
        let text = |name: &str| {
            let text = body.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let span = |name: &str| Some(Duration::from_secs(body.get(name)?.as_u64()?));
        // A modelled task may have bound a tag to a digest that no registry knows.
        let digest = digest.filter(|digest| *digest != made_digest(image));
        Ok(ContainerOrder {
            name: self.known.name.clone(),
            image: digest.map_or_else(|| image.clone(), |digest| at_digest(image, digest)),
            ours: self.world.has_registry_of(image),
            essential: self.known.essential,
            environment: self.environment()?,
            command: words(self.overrides.get("command")).or_else(|| words(body.get("command"))),
            entry_point: words(body.get("entryPoint")),
            user: text("user"),
            directory: text("workingDirectory"),
            read_only: body.get("readonlyRootFilesystem") == Some(&Value::Bool(true)),
            init: body
                .get("linuxParameters")
                .and_then(|linux| linux.get("initProcessEnabled")?.as_bool())
                .unwrap_or_default(),
            memory: self.memory(),
            stop_timeout: span("stopTimeout").unwrap_or(Duration::from_secs(30)),
            start_timeout: span("startTimeout"),
            depends_on: depends_on(body),
            check: check(body),
            log: self.known.log.as_ref().map(|log| LogStream {
                account: self.place.account.clone(),
                region: log
                    .region
                    .clone()
                    .unwrap_or_else(|| self.place.region.clone()),
                group: log.group.clone(),
                stream: log.stream(&self.known.name, &self.key.id),
            }),
        })
    }

    /// The container's hard limit; that of the task, which is for all its containers together, is the highest
    /// that any of them can have.
    fn memory(&self) -> Option<i64> {
        let own = self.overrides.get("memory").and_then(Value::as_i64);
        let own = own.or(self.known.memory);
        let of_task = self.spec.memory.as_deref().and_then(memory_mib);
        let of_task = of_task.and_then(|mib| i64::try_from(mib).ok());
        [own, of_task].into_iter().flatten().min()
    }

    fn environment(&self) -> Result<Vec<String>, String> {
        let mut all: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| {
            all.retain(|(known, _)| known != name);
            all.push((name.to_owned(), value));
        };
        for (name, value) in pairs(self.body.get("environment"), "value") {
            set(name, value.to_owned());
        }
        for (name, from) in pairs(self.body.get("secrets"), "valueFrom") {
            let role = self.spec.execution_role.as_deref();
            set(name, secrets::resolve(self.world, self.place, role, from)?);
        }
        for (name, value) in pairs(self.overrides.get("environment"), "value") {
            set(name, value.to_owned());
        }
        let all = all.into_iter();
        Ok(all.map(|(name, value)| format!("{name}={value}")).collect())
    }
}

/// Name and another member of each.
pub(in crate::ecs) fn pairs<'a>(
    list: Option<&'a Value>,
    member: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(move |item| {
        let text = |name: &str| item.get(name)?.as_str();
        Some((text("name")?, text(member)?))
    })
}

fn words(list: Option<&Value>) -> Option<Vec<String>> {
    let list = list?.as_array()?.iter();
    let words: Vec<String> = list
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    (!words.is_empty()).then_some(words)
}

fn depends_on(body: &Value) -> Vec<(String, Condition)> {
    let list = body.get("dependsOn").and_then(Value::as_array);
    let list = list.into_iter().flatten();
    list.filter_map(|one| {
        let name = one.get("containerName")?.as_str()?.to_owned();
        let condition = match one.get("condition").and_then(Value::as_str) {
            Some("COMPLETE") => Condition::Complete,
            Some("SUCCESS") => Condition::Success,
            Some("HEALTHY") => Condition::Healthy,
            _ => Condition::Start,
        };
        Some((name, condition))
    })
    .collect()
}

fn check(body: &Value) -> Option<Check> {
    let check = body.get("healthCheck")?;
    let number = |name: &str, usual: u64| check.get(name).and_then(Value::as_u64).unwrap_or(usual);
    let span = |name: &str, usual: u64| Duration::from_secs(number(name, usual).min(3_600));
    let mut command = words(check.get("command"))?;
    match command.first()?.as_str() {
        "NONE" => return None,
        "CMD" => drop(command.remove(0)),
        "CMD-SHELL" => {
            command.splice(..1, ["/bin/sh".to_owned(), "-c".to_owned()]);
        }
        _ => {}
    }
    Some(Check {
        command,
        interval: span("interval", 30).max(Duration::from_secs(1)),
        timeout: span("timeout", 5),
        retries: u32::try_from(number("retries", 3)).unwrap_or(3).max(1),
        start_period: span("startPeriod", 0),
    })
}
