//! What a client must not send as a gate.

use super::{Gates, TaskGate, When};

impl Gates {
    /// Checks what types alone do not say.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn check(&self) -> Result<(), String> {
        for when in When::ALL {
            if let Some(gate) = self.at(when) {
                gate.check()
                    .map_err(|problem| format!("task {} the rollout: {problem}", when.as_str()))?;
            }
        }
        Ok(())
    }
}

impl TaskGate {
    /// Checks what types alone do not say.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if self.container.is_empty() {
            return Err("it names no container; name the one that runs the command".to_owned());
        }
        if self.command.first().is_none_or(|word| word.is_empty()) {
            return Err("it has no command; say what the container is to run".to_owned());
        }
        if self.environment.iter().any(|(name, _)| name.is_empty()) {
            return Err("a variable of its environment has no name".to_owned());
        }
        let environment = self.environment.iter();
        let bytes: usize = environment
            .map(|(name, value)| name.len() + value.len())
            .chain(self.command.iter().map(String::len))
            .sum();
        if bytes > Self::BYTES {
            return Err(format!(
                "command and environment have {bytes} bytes; at most {} are possible",
                Self::BYTES
            ));
        }
        let (shortest, longest) = Self::TIMEOUTS;
        if !(shortest..=longest).contains(&self.timeout) {
            return Err(format!(
                "its timeout is {} s; {} to {} s are possible",
                self.timeout.as_secs(),
                shortest.as_secs(),
                longest.as_secs()
            ));
        }
        Ok(())
    }
}
