//! Messages of the ECS service scheduler in plain words (ecs-facts 1.6).

/// How much of a task's id people need.
const ID: usize = 8;

/// What a message of a service says, short and without the name of the service; `None` for one that is not known:
/// it is shown as it came.
///
/// ```
/// use shipway_domain::event::in_plain_words;
///
/// let message = "(service web) has started 2 tasks: (task 8c1f0c2d9e6b4a17) (task 77aa).";
/// assert_eq!(in_plain_words(message).as_deref(), Some("started 2 tasks"));
/// ```
#[must_use]
pub fn in_plain_words(message: &str) -> Option<String> {
    let text = without_prefix(message);
    let sentence = text.trim_end_matches('.');
    counted(text).or_else(|| unhealthy(text)).or_else(|| {
        if let Some(reason) = text.strip_prefix("was unable to place a task. Reason: ") {
            return Some(format!(
                "cannot place a task: {}",
                reason.trim_end_matches('.')
            ));
        }
        if let Some(rest) = sentence.strip_prefix("was unable to place a task because ") {
            return Some(format!("cannot place a task: {rest}"));
        }
        if let Some(rest) = sentence.strip_prefix("deployment failed: ") {
            return Some(format!("deployment failed: {rest}"));
        }
        if sentence.starts_with("rolling back to deployment ") {
            return Some("rolling back".to_owned());
        }
        if text.contains("was unable to stop or start tasks during a deployment") {
            let words =
                "can neither stop nor start a task: minimum and maximum percent leave no room";
            return Some(words.to_owned());
        }
        let words = match sentence {
            "has reached a steady state" => "reached a steady state",
            "deployment completed" => "deployment completed",
            "is unable to consistently start tasks successfully" => {
                "tasks keep failing to start: the next try waits longer"
            }
            _ => return None,
        };
        Some(words.to_owned())
    })
}

/// Without `(service web)`, `(service web, taskSet …)`, `(deployment …)` in front.
fn without_prefix(message: &str) -> &str {
    let mut text = message.trim();
    for prefix in ["(service ", "(deployment "] {
        let end = text.strip_prefix(prefix).and_then(|rest| rest.find(") "));
        text = end.map_or(text, |end| &text[prefix.len() + end + 2..]);
    }
    text
}

/// Messages about a number of tasks.
fn counted(text: &str) -> Option<String> {
    const KNOWN: [(&str, &str, &str); 5] = [
        ("has started ", " task", "started"),
        ("registered ", " target", "at the load balancer"),
        ("has begun draining connections on ", " task", "draining"),
        ("deregistered ", " target", "off the load balancer"),
        ("has stopped ", " running task", "stopped"),
    ];
    let (start, what, words) = KNOWN.iter().find(|(start, ..)| text.starts_with(start))?;
    let rest = &text[start.len()..];
    let (number, rest) = rest.split_once(' ')?;
    let count: u32 = number.parse().ok()?;
    let rest = rest.strip_prefix(what.trim_start())?;
    let about = match task(rest) {
        // Of one its name says more than its number.
        Some(id) if count == 1 => format!("task {id}"),
        _ if count == 1 => "1 task".to_owned(),
        _ => format!("{count} tasks"),
    };
    Some(if what.contains("target") {
        format!("{about} {words}")
    } else {
        format!("{words} {about}")
    })
}

/// A failing check of a task or a port.
fn unhealthy(text: &str) -> Option<String> {
    let (who, rest) = text.split_once(" is unhealthy ")?;
    let (place, reason) = rest.split_once("due to (reason ")?;
    let reason = reason.trim_end_matches('.').strip_suffix(')')?;
    let who = match task(who) {
        Some(id) => format!("task {id}"),
        None => who.replace(['(', ')'], ""),
    };
    let by = if place.contains("target-group") {
        " to the load balancer"
    } else {
        ""
    };
    Some(format!("{who} unhealthy{by}: {reason}"))
}

/// The id of the first task that a text names, cut.
fn task(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("(task ")?;
    let (id, _) = rest.split_once(')')?;
    Some(id.get(..ID).unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use super::in_plain_words;

    #[test]
    fn known_messages_are_short_and_others_are_left_alone() {
        let group = "(target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/0)";
        let id = "8c1f0c2d9e6b4a178c1f0c2d9e6b4a17";
        let table = [
            ("has started 2 tasks: (task 8c1f) (task 77aa).".to_owned(), "started 2 tasks"),
            (format!("has started 1 tasks: (task {id})."), "started task 8c1f0c2d"),
            (format!("registered 1 targets in {group}"), "1 task at the load balancer"),
            (format!("deregistered 2 targets in {group}"), "2 tasks off the load balancer"),
            ("has begun draining connections on 1 tasks.".to_owned(), "draining 1 task"),
            (format!("has stopped 1 running tasks: (task {id})."), "stopped task 8c1f0c2d"),
            ("has reached a steady state.".to_owned(), "reached a steady state"),
            ("(deployment ecs-svc/123) deployment completed.".to_owned(), "deployment completed"),
            (
                "(deployment ecs-svc/123) deployment failed: tasks failed to start.".to_owned(),
                "deployment failed: tasks failed to start",
            ),
            (
                "(deployment ecs-svc/2) rolling back to deployment ecs-svc/1.".to_owned(),
                "rolling back",
            ),
            (
                "was unable to place a task. Reason: Capacity is unavailable at this time.".to_owned(),
                "cannot place a task: Capacity is unavailable at this time",
            ),
            (
                "was unable to place a task because no container instance met all of its requirements. \
                 The closest matching container-instance 1f has insufficient memory available."
                    .to_owned(),
                "cannot place a task: no container instance met all of its requirements. \
                 The closest matching container-instance 1f has insufficient memory available",
            ),
            (
                "is unable to consistently start tasks successfully.".to_owned(),
                "tasks keep failing to start: the next try waits longer",
            ),
            (
                "was unable to stop or start tasks during a deployment because of the service deployment \
                 configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
                    .to_owned(),
                "can neither stop nor start a task: minimum and maximum percent leave no room",
            ),
            (
                format!("(task {id}) is unhealthy in {group} due to (reason Health checks failed with these codes: [502])"),
                "task 8c1f0c2d unhealthy to the load balancer: Health checks failed with these codes: [502]",
            ),
            (
                format!("(port 8080) is unhealthy in {group} due to (reason Request timed out)."),
                "port 8080 unhealthy to the load balancer: Request timed out",
            ),
            (
                format!("(task {id}) is unhealthy due to (reason container checks failed)"),
                "task 8c1f0c2d unhealthy: container checks failed",
            ),
        ];
        for prefix in ["(service web) ", "(service web, taskSet ecs-svc/9) "] {
            for (message, words) in &table {
                let message = format!("{prefix}{message}");
                assert_eq!(
                    in_plain_words(&message).as_deref(),
                    Some(*words),
                    "{message}"
                );
            }
        }
        for other in [
            "(service web) operations are being throttled on elb. Will try again later.",
            "(service web) has started many tasks",
            "(service web) was unable to reach steady state because 1 task is protected",
            "",
        ] {
            assert_eq!(in_plain_words(other), None, "{other}");
        }
    }
}
