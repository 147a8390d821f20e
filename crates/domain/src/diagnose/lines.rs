//! The last words of a dead container: where they are, and how they become evidence.

use super::{exit, of_task, short};
use crate::document::Document;
use crate::observe::{LogStream, TaskSeen};
use crate::verdict::Finding;

/// Lines that are shown.
pub const LINES: usize = 20;
/// Characters of a line that are shown.
const WIDTH: usize = 300;

/// The stream of the container whose words say most: of a task of ours that ran and failed, the newest first. `None`
/// when no task got so far, or its log driver is not `awslogs`.
#[must_use]
pub fn last_words(
    stopped: &[TaskSeen],
    task_definition: &str,
    definition: &Document,
) -> Option<LogStream> {
    let failed = stopped.iter().filter(|task| {
        let ours = task.task_definition == task_definition;
        ours && task.started_at.is_some() && of_task(task).is_some()
    });
    let newest = failed.max_by_key(|task| task.stopped_at)?;
    let container = exit::failed(newest).or_else(|| newest.containers.first())?;
    stream_of(newest, &container.name, definition)
}

/// Where the driver `awslogs` writes a container's lines: `prefix/container/task`.
pub(crate) fn stream_of(
    task: &TaskSeen,
    container: &str,
    definition: &Document,
) -> Option<LogStream> {
    let containers = definition.get("containerDefinitions")?.items();
    let named = |item: &&Document| item.get("name").and_then(Document::as_str) == Some(container);
    let log = containers.iter().find(named)?.get("logConfiguration")?;
    if log.get("logDriver").and_then(Document::as_str) != Some("awslogs") {
        return None;
    }
    let option = |name: &str| {
        let options = log.get("options")?;
        Some(options.get(name)?.as_str()?.to_owned())
    };
    let id = task.arn.rsplit('/').next()?;
    Some(LogStream {
        task: short(task).to_owned(),
        group: option("awslogs-group")?,
        region: option("awslogs-region"),
        stream: format!("{}/{container}/{id}", option("awslogs-stream-prefix")?),
    })
}

/// Adds the lines to the finding that names the task, else to the first.
pub fn quote(findings: &mut [Finding], task: &str, lines: &[String]) {
    let names = |finding: &Finding| finding.evidence.iter().any(|line| line.contains(task));
    let at = findings.iter().position(names).unwrap_or(0);
    let Some(finding) = findings.get_mut(at) else {
        return;
    };
    let first = lines.len().saturating_sub(LINES);
    for line in &lines[first..] {
        let line = line.trim_end();
        let shown: String = line.chars().take(WIDTH).collect();
        let cut = if shown.len() < line.len() { "…" } else { "" };
        finding.evidence.push(format!("| {shown}{cut}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::ContainerSeen;
    use crate::time::Timestamp;

    const OURS: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2";

    fn definition(driver: &str) -> Document {
        let text = format!(
            r#"{{"containerDefinitions":[{{"name":"proxy"}},{{"name":"app","logConfiguration":{{"logDriver":"{driver}",
            "options":{{"awslogs-group":"/ecs/web","awslogs-region":"eu-west-1","awslogs-stream-prefix":"web"}}}}}}]}}"#
        );
        Document::parse(&text).expect("a document")
    }

    fn dead(id: &str, stopped: u64) -> TaskSeen {
        let container = |name: &str, exit_code| ContainerSeen {
            name: name.to_owned(),
            exit_code,
            ..ContainerSeen::default()
        };
        TaskSeen {
            arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{id}"),
            task_definition: OURS.to_owned(),
            stop_code: Some("EssentialContainerExited".to_owned()),
            started_at: Some(Timestamp::from_millis(1000)),
            stopped_at: Some(Timestamp::from_millis(stopped)),
            containers: vec![container("proxy", Some(143)), container("app", Some(1))],
            ..TaskSeen::default()
        }
    }

    #[test]
    fn the_newest_task_that_ran_and_failed_has_the_last_words() {
        let mut never_ran = dead("0123456789c", 9000);
        never_ran.started_at = None;
        let mut theirs = dead("0123456789d", 9000);
        theirs.task_definition.push('9');
        let stopped = [
            dead("0123456789a", 2000),
            dead("0123456789b", 3000),
            never_ran,
            theirs,
        ];
        let found = last_words(&stopped, OURS, &definition("awslogs")).expect("a stream");
        assert_eq!(
            (found.group.as_str(), found.region.as_deref()),
            ("/ecs/web", Some("eu-west-1"))
        );
        assert_eq!(found.stream, "web/app/0123456789b");
        assert_eq!(last_words(&stopped, OURS, &definition("splunk")), None);
        assert_eq!(last_words(&[], OURS, &definition("awslogs")), None);
    }

    #[test]
    fn lines_are_quoted_under_the_finding_of_their_task_the_last_of_them_and_cut() {
        let finding = |evidence: &str| Finding {
            code: "c".to_owned(),
            cause: String::new(),
            evidence: vec![evidence.to_owned()],
            remedy: String::new(),
        };
        let mut findings = [
            finding("task aaaaaaaa, exit 1"),
            finding("task bbbbbbbb, exit 2"),
        ];
        let mut lines: Vec<String> = (0..30).map(|n| format!("line {n}\n")).collect();
        lines.push("é".repeat(301));
        quote(&mut findings, "bbbbbbbb", &lines);
        assert_eq!(findings[0].evidence.len(), 1);
        assert_eq!(findings[1].evidence.len(), 1 + LINES);
        assert_eq!(findings[1].evidence[1], "| line 11");
        assert!(findings[1].evidence[LINES].ends_with("é…"));
        quote(&mut findings, "cccccccc", &["x".to_owned()]);
        assert_eq!(findings[0].evidence[1], "| x");
        quote(&mut [], "cccccccc", &["x".to_owned()]);
    }
}
