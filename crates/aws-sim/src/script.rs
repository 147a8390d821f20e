//! Failure scripts: what goes wrong with the tasks of an image or family.

use serde::{Deserialize, Serialize};

use crate::glob;

/// What shall happen to tasks that run a certain image, or are of a certain family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Image it applies to: a part of the reference, tag or digest, or a pattern with `*` for
    /// all of one of them. Empty in a script that an image carries as a label.
    #[serde(rename = "match", default)]
    pub pattern: String,
    /// Family of task definitions it applies to, or a pattern with `*`. With `match` both must fit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Only tasks that RunTask started with a command for the container that has this in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// What happens.
    pub kind: ScriptKind,
    /// Exit code, for `exit`. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Simulated seconds after RUNNING (`exit`, `oom`, the unhealthy kinds). Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<f64>,
    /// Text that replaces the usual reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Lines that a container logs when it reaches RUNNING, if its log driver is `awslogs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

/// The ways in which tasks fail; texts as in ecs-facts section 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptKind {
    /// The essential container exits with `exit_code` after `after_seconds`.
    Exit,
    /// The image cannot be pulled.
    CannotPull,
    /// The container cannot be started (bad command or user).
    CannotStart,
    /// The container is killed for its memory use.
    OutOfMemory,
    /// The container health check fails.
    Unhealthy,
    /// The load balancer finds the task unhealthy.
    TargetUnhealthy,
    /// There is no capacity to place the task.
    NoCapacity,
    /// The subnet has no free address.
    SubnetFull,
    /// A secret cannot be read by the execution role.
    SecretsDenied,
    /// The image was built for another architecture.
    WrongArchitecture,
    /// The tasks run, and report the digest of another image than their reference names.
    AnotherImage,
}

impl Script {
    /// Whether it names what it is for.
    pub(crate) fn is_aimed(&self) -> bool {
        !(self.pattern.is_empty() && self.family.is_empty())
    }

    /// Whether it is meant for a task of this family that was started with this command, with an image known by
    /// these names (reference, digests).
    pub(crate) fn applies_to<'a>(
        &self,
        family: &str,
        command: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        self.is_aimed()
            && command.contains(&self.command)
            && (self.family.is_empty() || glob::matches(&self.family, family))
            && (self.pattern.is_empty() || glob::any_part(&self.pattern, names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(pattern: &str) -> Script {
        serde_json::from_value(serde_json::json!({"match": pattern, "kind": "exit"})).unwrap()
    }

    #[test]
    fn a_script_matches_by_part_or_by_pattern() {
        let names = ["127.0.0.1:5000/hello:broken", "sha256:abc"];
        assert!(script("hello:broken").applies_to("web", "", names));
        assert!(script("sha256:abc").applies_to("web", "", names));
        assert!(script("*:broken").applies_to("web", "", names));
        assert!(!script("*:broke").applies_to("web", "", names));
        assert!(!script("").applies_to("web", "", names));
    }

    #[test]
    fn a_script_for_a_family_wants_the_whole_name_and_the_image_too_if_it_has_one() {
        let names = ["app:v1"];
        let family = |family: &str, pattern: &str| {
            let mut script = script(pattern);
            family.clone_into(&mut script.family);
            script
        };
        assert!(family("web", "").applies_to("web", "", names));
        assert!(!family("web", "").applies_to("website", "", names));
        assert!(family("web*", "").applies_to("website", "", names));
        assert!(family("web", "app:v1").applies_to("web", "", names));
        assert!(!family("web", "app:v2").applies_to("web", "", names));
        assert!(!family("api", "app:v1").applies_to("web", "", names));
    }
    #[test]
    fn a_script_for_a_command_is_for_tasks_that_were_started_with_it() {
        let mut script = script("app:v1");
        script.command = "migrate".to_owned();
        assert!(script.applies_to("web", "./migrate up", ["app:v1"]));
        assert!(!script.applies_to("web", "./smoke", ["app:v1"]));
        assert!(!script.applies_to("web", "", ["app:v1"]));
        assert!(!script.applies_to("web", "./migrate up", ["app:v2"]));
    }
}
