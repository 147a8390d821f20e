//! The one-off tasks of an environment.

use shipway_domain::document::{Document, Pointer};
use shipway_domain::gate::{Gates, TaskGate, When};

use super::Resolver;
use super::definition::Definition;
use crate::file::GateFile;

impl Resolver<'_> {
    /// `None` for a mistake.
    pub(super) fn gates(&mut self, definition: &Definition) -> Option<Gates> {
        let before = self.gate(When::Before, self.environment.before.as_ref(), definition);
        let after = self.gate(When::After, self.environment.after.as_ref(), definition);
        Some(Gates {
            before: before?,
            after: after?,
        })
    }

    /// Outer `None` for a mistake, inner for a table that is not there.
    fn gate(
        &mut self,
        when: When,
        file: Option<&GateFile>,
        definition: &Definition,
    ) -> Option<Option<TaskGate>> {
        let Some(file) = file else {
            return Some(None);
        };
        let at = self.at().name(when.as_str());
        let container = self.gate_container(&at, file, definition);
        let (shortest, longest) = TaskGate::TIMEOUTS;
        let timeout = file.timeout.as_deref();
        let timeout = self.duration_at(&at, "timeout", timeout, shortest, longest);
        let gate = TaskGate {
            container: container?,
            command: file.command.clone(),
            environment: file
                .environment
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            timeout: timeout?.unwrap_or(TaskGate::TIMEOUT),
        };
        if let Err(problem) = gate.check() {
            let message = format!("the task {} the rollout cannot be run", when.as_str());
            self.error(&at.name("command"), message, [problem]);
            return None;
        }
        Some(Some(gate))
    }

    /// The container whose command is another one: it exists, gets the image, and ends the task with its own end.
    fn gate_container(
        &mut self,
        at: &Pointer,
        file: &GateFile,
        definition: &Definition,
    ) -> Option<String> {
        let named = file.container.as_deref();
        let name = named.or_else(|| definition.containers.first().map(String::as_str))?;
        let place = named.map_or_else(|| at.clone(), |_| at.name("container"));
        if !definition.containers.iter().any(|known| known == name) {
            let message = format!("container {name} does not get the image of the release");
            let help = format!("these do: {}", definition.containers.join(", "));
            self.error(&place, message, [help]);
            return None;
        }
        let containers = definition.document.get("containerDefinitions");
        let text = |container: &Document| container.get("name")?.as_str().map(str::to_owned);
        let mut containers = containers.map_or(&[][..], Document::items).iter();
        let own = containers.find(|container| text(container).as_deref() == Some(name));
        let essential = own.and_then(|own| own.get("essential"));
        if essential.and_then(Document::as_bool) == Some(false) {
            let message =
                format!("container {name} is not essential: the task would not end with it");
            let help = "make it essential in the task definition, or name another one";
            self.error(&place, message, [help]);
            return None;
        }
        Some(name.to_owned())
    }
}
