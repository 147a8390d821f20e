//! What is wrong with a service, for people.

use shipway_domain::diagnose::{Diagnosis, Latest};
use shipway_domain::ids::Target;
use shipway_domain::time::Timestamp;

use crate::text::finding;
use crate::text::line::{Line, Tone};
use crate::text::words::{self, ago, short_arn};

/// The lines of one service.
pub(crate) fn lines(
    target: &Target,
    account: Option<&str>,
    seen: &Result<Diagnosis, String>,
    now: Timestamp,
    width: usize,
) -> Vec<Line> {
    let head = Line::default().and(Tone::Strong, words::target(target, account));
    let seen = match seen {
        Ok(seen) => seen,
        Err(problem) => {
            return vec![
                head.and(Tone::Warn, format!("   not seen: {problem}")),
                Line::default(),
            ];
        }
    };
    let tasks = format!("{} of {} tasks run", seen.now.running, seen.now.desired);
    let all_run = seen.now.running >= seen.now.desired;
    let (tone, word) = match (seen.is_well(), seen.now.moving) {
        (true, true) => (Tone::Active, "moving"),
        (true, false) => (Tone::Good, "well"),
        (false, _) if all_run => (Tone::Warn, "serves, with trouble"),
        (false, _) => (Tone::Bad, "not well"),
    };
    let serves = short_arn(&seen.now.task_definition);
    let mut lines = vec![
        head.and(tone, format!("   {word}"))
            .and(Tone::Plain, format!("   {serves}, {tasks}")),
    ];
    lines.extend(seen.latest.as_ref().map(|latest| deployment(latest, now)));
    if !seen.findings.is_empty() {
        lines.push(Line::default());
        for (place, one) in seen.findings.iter().enumerate() {
            lines.extend(finding::lines(one, place, width));
        }
    } else if !seen.is_well() {
        let text = "   no stopped task and no event says why; ECS forgets them after about an hour";
        lines.push(Line::plain(text));
    }
    lines.push(Line::default());
    lines
}

fn deployment(latest: &Latest, now: Timestamp) -> Line {
    let brings = match latest.task_definition.as_str() {
        "" => String::new(),
        arn => format!(" of {}", short_arn(arn)),
    };
    let breaker = match latest.threshold {
        0 => String::new(),
        threshold => format!(", {} of {threshold} failures", latest.failures),
    };
    let reason = match latest.reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    let began = ago(latest.began, now);
    Line::plain("   ").and_hanging(
        Tone::Plain,
        format!(
            "newest deployment{brings}, begun {began}, is {}{breaker}{reason}",
            latest.status
        ),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use shipway_domain::standing::ServiceNow;
    use shipway_domain::verdict::Finding;

    use super::*;

    fn text(seen: &Result<Diagnosis, String>) -> String {
        let target = "111122223333/eu-west-1/main/web".parse().expect("a target");
        let now = Timestamp::from_millis(1_795_424_129_000);
        let lines = lines(&target, Some("prod"), seen, now, 100);
        let lines = lines.into_iter().flat_map(|line| line.fit(100));
        lines
            .map(|line| format!("{}\n", line.render(false).trim_end()))
            .collect()
    }

    fn seen() -> Diagnosis {
        let definition = |revision: u32| {
            format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:{revision}")
        };
        Diagnosis {
            now: ServiceNow {
                status: "ACTIVE".to_owned(),
                task_definition: definition(41),
                desired: 3,
                running: 3,
                pending: 0,
                moving: false,
                changed: None,
            },
            latest: Some(Latest {
                arn: "arn:aws:ecs:x:service-deployment/main/web/d".to_owned(),
                task_definition: definition(42),
                status: "ROLLBACK_SUCCESSFUL".to_owned(),
                reason: "the circuit breaker threshold was exceeded".to_owned(),
                failures: 3,
                threshold: 3,
                began: Timestamp::from_millis(1_795_423_889_000),
            }),
            findings: vec![Finding {
                code: "container-exits".to_owned(),
                cause: "the new container exits with code 1".to_owned(),
                evidence: vec![
                    "task 8c1f, container web, exit 1 about 2 s after it started".to_owned(),
                ],
                remedy: "read the container's first lines of output".to_owned(),
            }],
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_evidence_and_remedy() {
        expect![[r#"
            prod eu-west-1 main/web   serves, with trouble   web:41, 3 of 3 tasks run
               newest deployment of web:42, begun 4 m ago, is ROLLBACK_SUCCESSFUL, 3 of 3 failures: the circuit
               breaker threshold was exceeded

               Why      the new container exits with code 1 [container-exits]
               Evidence task 8c1f, container web, exit 1 about 2 s after it started
               Remedy   read the container's first lines of output

        "#]].assert_eq(&text(&Ok(seen())));
        crate::text::shown_in_the_readme(&text(&Ok(seen())));
    }

    #[test]
    fn a_service_that_is_well_needs_two_lines() {
        let mut seen = seen();
        seen.findings.clear();
        seen.latest = seen.latest.map(|latest| Latest {
            status: "SUCCESSFUL".to_owned(),
            reason: String::new(),
            threshold: 0,
            ..latest
        });
        expect![[r#"
            prod eu-west-1 main/web   well   web:41, 3 of 3 tasks run
               newest deployment of web:42, begun 4 m ago, is SUCCESSFUL

        "#]]
        .assert_eq(&text(&Ok(seen.clone())));
        seen.now.running = 1;
        assert!(text(&Ok(seen)).contains("no stopped task and no event says why"));
    }

    #[test]
    fn what_could_not_be_seen_says_why() {
        expect![[r#"
            prod eu-west-1 main/web   not seen: no agent serves the account

        "#]]
        .assert_eq(&text(&Err("no agent serves the account".to_owned())));
    }
}
