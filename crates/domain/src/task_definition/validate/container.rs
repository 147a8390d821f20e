//! Rules of one container, wherever it runs.

use super::task::is_name;
use super::{Problems, containers, each, is_fargate};
use crate::document::{Document, Pointer};
use crate::task_definition::{text, whole};

pub(super) fn check(definition: &Document, found: &mut Problems) {
    let awsvpc = text(definition, "networkMode") == Some("awsvpc");
    for (at, container) in containers(definition) {
        if !container.is_object() {
            continue;
        }
        named(container, &at, found);
        ports(container, &at, awsvpc, found);
        variables(container, &at, found);
        health(container, &at, found);
        log(container, &at, found);
        if !is_fargate(definition) {
            found.range(
                container,
                &at,
                "stopTimeout",
                0,
                i64::from(i32::MAX),
                "permitted: seconds, ",
            );
            found.range(
                container,
                &at,
                "startTimeout",
                0,
                i64::from(i32::MAX),
                "permitted: seconds, ",
            );
        }
    }
}

fn named(container: &Document, at: &Pointer, found: &mut Problems) {
    const RULE: &str = "a container's name has 1 to 255 of letters, digits, '-' and '_'";
    match container.get("name") {
        None => found.missing(container, at, "name", RULE),
        Some(Document::String(name)) if !is_name(name) => {
            found.add(
                at.name("name"),
                format!("{name:?} is no container name"),
                RULE,
            );
        }
        Some(_) => {}
    }
    let hint = "name the image that this container runs";
    match container.get("image") {
        None => found.missing(container, at, "image", hint),
        Some(Document::String(image)) if image.trim().is_empty() => {
            found.add(at.name("image"), "image is empty", hint);
        }
        Some(_) => {}
    }
}

fn ports(container: &Document, at: &Pointer, awsvpc: bool, found: &mut Problems) {
    let mut seen = Vec::new();
    for (at, mapping) in each(container, at, "portMappings") {
        found.range(mapping, &at, "containerPort", 1, 65535, "permitted: ");
        found.range(mapping, &at, "hostPort", 0, 65535, "permitted: ");
        found.one_of(mapping, &at, "protocol", &["tcp", "udp"]);
        let port = whole(mapping, "containerPort");
        let host = whole(mapping, "hostPort");
        if awsvpc && host.is_some_and(|host| Some(host) != port && host != 0) {
            let hint = "with networkMode awsvpc both are the same: leave hostPort out";
            found.add(
                at.name("hostPort"),
                "hostPort differs from containerPort",
                hint,
            );
        }
        let key = (port, text(mapping, "protocol").unwrap_or("tcp"));
        if awsvpc && port.is_some() && seen.contains(&key) {
            found.add(
                at.name("containerPort"),
                "this port is mapped twice",
                "map each port once",
            );
        }
        seen.push(key);
    }
}

fn variables(container: &Document, at: &Pointer, found: &mut Problems) {
    let mut names = Vec::new();
    for list in ["environment", "secrets"] {
        for (at, item) in each(container, at, list) {
            let Some(name) = text(item, "name") else {
                found.missing(item, &at, "name", "a variable needs a name");
                continue;
            };
            if names.contains(&name) {
                let message = format!("{name} is set twice");
                found.add(
                    at.name("name"),
                    message,
                    "set it once, in environment or in secrets",
                );
            }
            names.push(name);
            if list == "secrets" && item.get("valueFrom").is_none() {
                let hint = "valueFrom takes the ARN of a secret or of an SSM parameter";
                found.missing(item, &at, "valueFrom", hint);
            }
        }
    }
}

/// Ranges of ecs-facts 1.3.
fn health(container: &Document, at: &Pointer, found: &mut Problems) {
    let Some(check) = container
        .get("healthCheck")
        .filter(|check| check.is_object())
    else {
        return;
    };
    let at = at.name("healthCheck");
    let first = check.get("command").map(|command| command.items().first());
    let forms = ["CMD", "CMD-SHELL", "NONE"];
    match first {
        None => found.missing(
            check,
            &at,
            "command",
            "start it with \"CMD\" or \"CMD-SHELL\"",
        ),
        Some(first)
            if !first.is_some_and(|first| first.as_str().is_some_and(|f| forms.contains(&f))) =>
        {
            let message = "command does not say how it is run";
            found.add(
                at.name("command"),
                message,
                "start it with \"CMD\" or \"CMD-SHELL\"",
            );
        }
        Some(_) => {}
    }
    found.range(check, &at, "interval", 5, 300, "permitted: seconds, ");
    found.range(check, &at, "timeout", 2, 60, "permitted: seconds, ");
    found.range(check, &at, "retries", 1, 10, "permitted: ");
    found.range(check, &at, "startPeriod", 0, 300, "permitted: seconds, ");
}

fn log(container: &Document, at: &Pointer, found: &mut Problems) {
    let Some(log) = container
        .get("logConfiguration")
        .filter(|log| log.is_object())
    else {
        return;
    };
    let at = at.name("logConfiguration");
    let hint = "permitted: awslogs, splunk, awsfirelens, and on EC2 those of its Docker";
    match text(log, "logDriver") {
        None if log.get("logDriver").is_none() => found.missing(log, &at, "logDriver", hint),
        Some("awslogs") => {
            let options = log.get("options").cloned().unwrap_or_default();
            for option in ["awslogs-group", "awslogs-region"] {
                if options.get(option).is_none() {
                    let hint = "the driver awslogs needs awslogs-group and awslogs-region";
                    found.missing(&options, &at.name("options"), option, hint);
                }
            }
        }
        _ => {}
    }
}
