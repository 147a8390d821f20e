//! What a load balancer finds of the targets of a service now.

use super::{Diagnosis, EVIDENCE, rules};
use crate::surroundings::TargetHealth;
use crate::verdict::Finding;

/// The code of the finding that targets are evidence for.
const CODE: &str = "load-balancer-health";

impl Diagnosis {
    /// The same with the unhealthy targets of these target groups (ARN, and what is in them) as evidence.
    #[must_use]
    pub fn with_targets(mut self, groups: &[(String, Vec<TargetHealth>)]) -> Self {
        with_targets(&mut self.findings, groups);
        self
    }

    /// The same with why a target group could not be looked at, where that would have told more.
    #[must_use]
    pub fn without_targets(mut self, why: &str) -> Self {
        without_targets(&mut self.findings, why);
        self
    }
}

/// Adds the unhealthy targets of these target groups to the causes.
pub(crate) fn with_targets(findings: &mut Vec<Finding>, groups: &[(String, Vec<TargetHealth>)]) {
    let unhealthy = groups.iter().flat_map(|(group, targets)| {
        let unhealthy = targets.iter().filter(|one| one.is_unhealthy());
        unhealthy.map(|target| of_target(group, target))
    });
    let lines: Vec<String> = unhealthy.take(EVIDENCE).collect();
    if lines.is_empty() {
        return;
    }
    let known = findings.iter_mut().find(|one| one.code == CODE);
    if let Some(finding) = known {
        finding.evidence.extend(lines);
    } else if let Some(rule) = rules::coded(CODE) {
        let mut finding = rule.finding(String::new());
        finding.evidence = lines;
        findings.push(finding);
    }
}

/// Adds why targets could not be looked at, where that would have told more.
pub(crate) fn without_targets(findings: &mut [Finding], why: &str) {
    if let Some(finding) = findings.iter_mut().find(|one| one.code == CODE) {
        let line = format!("(the health of targets could not be read: {why})");
        finding.evidence.push(line);
    }
}

/// What is wrong with a target. `arn:…:targetgroup/web/1a2b` is called `web`.
pub(crate) fn of_target(group: &str, target: &TargetHealth) -> String {
    let name = group.rsplit('/').nth(1).unwrap_or(group);
    let TargetHealth {
        id, port, reason, ..
    } = target;
    let words = match target.description.as_str() {
        "" => String::new(),
        words => format!(": {words}"),
    };
    format!("target {id}:{port} of target group {name} is unhealthy, {reason}{words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123456789abcdef";

    fn target(state: &str) -> TargetHealth {
        TargetHealth {
            id: "10.0.0.5".to_owned(),
            port: 8080,
            state: state.to_owned(),
            reason: "Target.ResponseCodeMismatch".to_owned(),
            description: "Health checks failed with these codes: [503]".to_owned(),
        }
    }

    fn seen(states: &[&str]) -> Vec<(String, Vec<TargetHealth>)> {
        let targets = states.iter().map(|state| target(state)).collect();
        vec![(GROUP.to_owned(), targets)]
    }

    #[test]
    fn an_unhealthy_target_is_a_finding_with_its_reason_though_no_task_has_stopped() {
        let found = Diagnosis::default().with_targets(&seen(&["healthy", "unhealthy", "initial"]));
        assert_eq!(found.findings.len(), 1);
        assert_eq!(found.findings[0].code, CODE);
        assert_eq!(
            found.findings[0].evidence,
            [
                "target 10.0.0.5:8080 of target group web is unhealthy, Target.ResponseCodeMismatch: Health checks failed \
                 with these codes: [503]"
            ]
        );
        assert!(!found.is_well());
        let well = Diagnosis::default().with_targets(&seen(&["healthy", "draining"]));
        assert_eq!(well.findings, []);
    }

    #[test]
    fn where_stopped_tasks_say_so_already_targets_are_more_evidence_and_not_without_end() {
        let known = Diagnosis {
            findings: vec![Finding {
                code: CODE.to_owned(),
                cause: "a cause".to_owned(),
                evidence: vec!["task 1".to_owned()],
                remedy: String::new(),
            }],
            ..Diagnosis::default()
        };
        let found = known.clone().with_targets(&seen(&["unhealthy"; 9]));
        assert_eq!(found.findings.len(), 1);
        assert_eq!(found.findings[0].evidence.len(), 1 + EVIDENCE);
        let told = known.without_targets("denied").findings.remove(0).evidence;
        assert!(told[1].contains("denied"), "{told:?}");
        assert_eq!(Diagnosis::default().without_targets("denied").findings, []);
    }
}
