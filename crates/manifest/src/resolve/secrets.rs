//! Secrets of a build: names only, the agent finds the values.

use shipway_domain::document::Pointer;
use shipway_domain::spec::{BuildSecret, SecretSource};

use super::Resolver;
use crate::file::SecretFile;

impl Resolver<'_> {
    pub(super) fn secrets(&mut self) -> Vec<BuildSecret> {
        let at = Pointer::root().name("build").name("secrets");
        let mut secrets = Vec::new();
        for (id, file) in &self.file().build.secrets {
            let at = at.name(id.as_str());
            let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if id.is_empty() || !id.chars().all(named) {
                let message = format!("{id:?} is no id of a secret");
                self.error(
                    &at,
                    message,
                    ["an id has letters, digits, '_', '-' and '.'"],
                );
            } else if let Some(from) = self.secret(&at, file) {
                secrets.push(BuildSecret {
                    id: id.clone(),
                    from,
                });
            }
        }
        secrets
    }

    fn secret(&mut self, at: &Pointer, file: &SecretFile) -> Option<SecretSource> {
        let sources = [
            file.env.clone().map(SecretSource::Env),
            file.file.clone().map(SecretSource::File),
            file.secrets_manager
                .clone()
                .map(SecretSource::SecretsManager),
            file.ssm.clone().map(SecretSource::Ssm),
        ];
        let mut sources = sources.into_iter().flatten();
        if let (Some(source), None) = (sources.next(), sources.next()) {
            return Some(source);
        }
        let message = "a secret comes from exactly one place";
        self.error(
            at,
            message,
            ["permitted: one of env, file, secrets_manager, ssm"],
        );
        None
    }
}
