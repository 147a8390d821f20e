//! Configuration in one order: defaults, file, environment, flags; unknown keys refused.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named does not exist.
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    /// A value is wrong; the text names key, place and what would be right.
    #[error("{0}")]
    Bad(String),
}

/// Reads a configuration of type `C`: its defaults, then the TOML file (when one is named), then
/// variables `<prefix>KEY` with `__` between nested keys, then the flags that were given.
///
/// `C` should be annotated with `#[serde(deny_unknown_fields)]`. `reserved` are variables with the
/// prefix that are meant for something else (in lower case, without the prefix; a `*` at the end
/// stands for anything).
///
/// # Errors
/// [`ConfigError`] names the key, where it was set, and what is wrong with it.
pub fn load<C, F>(
    file: Option<&Path>,
    prefix: &str,
    reserved: &[&str],
    flags: F,
) -> Result<C, ConfigError>
where
    C: Serialize + DeserializeOwned + Default,
    F: Serialize,
{
    let mut figment = Figment::from(Serialized::defaults(C::default()));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::Missing(file.to_owned()));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    let reserved: Vec<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
    let env = Env::prefixed(prefix)
        .filter(move |key| !is_reserved(key.as_str(), &reserved))
        .split("__");
    let figment = figment.merge(env).merge(Serialized::defaults(flags));
    figment
        .extract()
        .map_err(|errors| ConfigError::Bad(explain(errors)))
}

fn is_reserved(key: &str, reserved: &[String]) -> bool {
    let key = key.to_lowercase();
    reserved.iter().any(|name| match name.strip_suffix('*') {
        Some(start) => key.starts_with(start),
        None => key == *name,
    })
}

/// The effective configuration as TOML-like lines, for `--show-config`.
#[must_use]
pub fn show<C: Serialize>(config: &C) -> String {
    serde_json::to_string_pretty(config).unwrap_or_else(|error| error.to_string())
}

fn explain(errors: figment::Error) -> String {
    let lines: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let place = error
                .metadata
                .as_ref()
                .map_or_else(String::new, |metadata| {
                    let source = metadata.source.as_ref().map_or_else(
                        || metadata.name.to_string(),
                        |source| match source.file_path() {
                            Some(path) => path.display().to_string(),
                            None => metadata.name.to_string(),
                        },
                    );
                    format!(" in {source}")
                });
            let key = if error.path.is_empty() {
                String::new()
            } else {
                format!("{}: ", error.path.join("."))
            };
            format!("{key}{}{place}", error.kind)
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_other_programs_are_left_alone() {
        let reserved = ["agent_*".to_owned(), "ca".to_owned()];
        assert!(is_reserved("AGENT_ID", &reserved) && is_reserved("ca", &reserved));
        assert!(!is_reserved("cat", &reserved) && !is_reserved("listen", &reserved));
    }
}
