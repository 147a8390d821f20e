//! How ECS rewrites a task definition when it is registered (ecs-facts 6.1).

use serde_json::{Map, Value, json};

/// `cpu` of a task in units: `1024`, `1 vCPU`, `.5 vcpu`.
pub(super) fn cpu_units(text: &str) -> Option<u64> {
    scaled(text, &[("vcpu", 1024.0), ("", 1.0)])
}

/// `memory` of a task in MiB: `2048`, `2GB`, `0.5 gb`.
pub(in crate::ecs) fn memory_mib(text: &str) -> Option<u64> {
    scaled(text, &[("gb", 1024.0), ("mb", 1.0), ("", 1.0)])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number in range"
)]
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?.trim(), factor)))?;
    let value = number.parse::<f64>().ok()? * factor;
    let whole = value.fract() == 0.0 && (0.0..1e9).contains(&value);
    whole.then_some(value as u64)
}

/// Writes sizes as plain numbers and fills in what ECS fills in. Everything else stays as it came.
pub(super) fn normalise(body: &mut Map<String, Value>) {
    rewrite(body, "cpu", cpu_units);
    rewrite(body, "memory", memory_mib);
    for name in ["volumes", "placementConstraints"] {
        body.entry(name).or_insert_with(|| json!([]));
    }
    let shared = matches!(network_mode(body), Some("awsvpc" | "host"));
    let containers = body
        .get_mut("containerDefinitions")
        .and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if let Some(container) = container.as_object_mut() {
            fill_in(container, shared);
        }
    }
}

fn network_mode(body: &Map<String, Value>) -> Option<&str> {
    body.get("networkMode")?.as_str()
}

fn rewrite(body: &mut Map<String, Value>, name: &str, read: fn(&str) -> Option<u64>) {
    let number = body.get(name).and_then(Value::as_str).and_then(read);
    if let Some(number) = number {
        body.insert(name.to_owned(), number.to_string().into());
    }
}

fn fill_in(container: &mut Map<String, Value>, shared: bool) {
    container.entry("cpu").or_insert_with(|| json!(0));
    container.entry("essential").or_insert_with(|| json!(true));
    for name in [
        "environment",
        "mountPoints",
        "volumesFrom",
        "portMappings",
        "systemControls",
    ] {
        container.entry(name).or_insert_with(|| json!([]));
    }
    let ports = container
        .get_mut("portMappings")
        .and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        port.entry("protocol").or_insert_with(|| json!("tcp"));
        if let Some(number) = port.get("containerPort").cloned()
            && shared
        {
            port.entry("hostPort").or_insert(number);
        }
    }
    if let Some(check) = container
        .get_mut("healthCheck")
        .and_then(Value::as_object_mut)
    {
        for (name, usual) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            check.entry(name).or_insert_with(|| json!(usual));
        }
    }
}

/// `compatibilities`: where it could run. Fargate needs awsvpc and sizes of its own.
pub(super) fn compatibilities(body: &Map<String, Value>) -> Value {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let size = text("cpu")
        .and_then(cpu_units)
        .zip(text("memory").and_then(memory_mib));
    let fits = size.is_some_and(|(cpu, memory)| super::fargate::offers(cpu, memory));
    if fits && network_mode(body) == Some("awsvpc") {
        json!(["EC2", "FARGATE"])
    } else {
        json!(["EC2"])
    }
}

/// `requiresAttributes`: what a container instance must be able to do.
pub(super) fn required_attributes(body: &Map<String, Value>) -> Value {
    let mut names = Vec::new();
    let containers = body.get("containerDefinitions").and_then(Value::as_array);
    let any = |test: fn(&Value) -> bool| containers.into_iter().flatten().any(test);
    let driver = |container: &Value| container.get("logConfiguration").is_some();
    if any(driver) {
        names.push("com.amazonaws.ecs.capability.docker-remote-api.1.19");
        names.push("com.amazonaws.ecs.capability.logging-driver.awslogs");
    }
    if any(|container| container.get("healthCheck").is_some()) {
        names.push("ecs.capability.container-health-check");
    }
    if any(|container| container.get("secrets").is_some()) {
        names.push("ecs.capability.secrets.asm.environment-variables");
    }
    if body.contains_key("executionRoleArn") {
        names.push("ecs.capability.execution-role-ecr-pull");
    }
    if body.contains_key("taskRoleArn") {
        names.push("com.amazonaws.ecs.capability.task-iam-role");
    }
    if network_mode(body) == Some("awsvpc") {
        names.push("ecs.capability.task-eni");
    }
    names.push("com.amazonaws.ecs.capability.docker-remote-api.1.18");
    names
        .into_iter()
        .map(|name| json!({"name": name}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_become_plain_numbers() {
        for (text, units) in [
            ("1 vCPU", 1024),
            (".25 vcpu", 256),
            ("512", 512),
            ("1vCPU", 1024),
        ] {
            assert_eq!(cpu_units(text), Some(units), "{text}");
        }
        for (text, mib) in [
            ("2GB", 2048),
            ("0.5 GB", 512),
            ("512", 512),
            ("1024 MB", 1024),
        ] {
            assert_eq!(memory_mib(text), Some(mib), "{text}");
        }
        assert_eq!(cpu_units("much"), None);
        assert_eq!(memory_mib("1.0001 GB"), None);
    }

    #[test]
    fn what_is_not_known_stays_and_what_is_missing_is_filled_in() {
        let body = json!({"family": "a", "networkMode": "awsvpc", "newThing": {"x": [1]},
            "containerDefinitions": [{"name": "a", "image": "b", "novelty": true,
                "portMappings": [{"containerPort": 80}]}]});
        let Value::Object(mut body) = body else {
            unreachable!("it is an object")
        };
        normalise(&mut body);
        assert_eq!(body["newThing"], json!({"x": [1]}));
        let container = &body["containerDefinitions"][0];
        assert_eq!(container["novelty"], json!(true));
        assert_eq!(container["essential"], json!(true));
        assert_eq!(container["environment"], json!([]));
        assert_eq!(
            container["portMappings"],
            json!([{"containerPort": 80, "protocol": "tcp", "hostPort": 80}])
        );
    }
}
