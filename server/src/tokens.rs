//! Tokens of clients and agents: random, shown once, kept as hashes in a file of their own, so that
//! one can be made while the coordinator runs.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Submit, watch, cancel.
    Client,
    /// Run jobs.
    Agent,
}

/// Who presented a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Name of the token.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct TokenFile {
    /// Name → entry.
    tokens: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    role: Role,
    /// Lower-case hexadecimal sha256 of the token.
    sha256: String,
}

/// The tokens of a data folder.
#[derive(Debug)]
pub struct Tokens {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    read_at: Option<SystemTime>,
    by_hash: BTreeMap<String, Bearer>,
}

impl Tokens {
    /// The tokens kept in `data`.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self {
            path: data.join("tokens.json"),
            known: Mutex::default(),
        }
    }

    /// Makes a token of 256 random bits and keeps its hash; the token itself is only returned.
    /// One of the same name is replaced.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn make(&self, name: &str, role: Role) -> io::Result<String> {
        let token = format!("shipway_{}", shipway_runtime::random::hex(32));
        let mut file = self.read()?;
        file.tokens.insert(
            name.to_owned(),
            Entry {
                role,
                sha256: hash(&token),
            },
        );
        let text = serde_json::to_string_pretty(&file).map_err(io::Error::other)?;
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        shipway_runtime::ready::write(&self.path, &text)?;
        Ok(token)
    }

    /// Who bears this token. The file is read again when it has changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn bearer(&self, token: &str) -> io::Result<Option<Bearer>> {
        let changed = modified(&self.path)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.read_at.is_none() || known.read_at != changed {
            let file = self.read()?;
            known.by_hash = file
                .tokens
                .into_iter()
                .map(|(name, entry)| {
                    (
                        entry.sha256,
                        Bearer {
                            name,
                            role: entry.role,
                        },
                    )
                })
                .collect();
            known.read_at = changed;
        }
        // The key is a hash of what was presented: how long the search takes says nothing of it.
        Ok(known.by_hash.get(&hash(token)).cloned())
    }

    fn read(&self) -> io::Result<TokenFile> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                io::Error::other(format!("{} is damaged: {error}", self.path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(TokenFile::default()),
            Err(error) => Err(error),
        }
    }
}

fn modified(path: &Path) -> io::Result<Option<SystemTime>> {
    match std::fs::metadata(path) {
        Ok(metadata) => metadata.modified().map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_only_and_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let running = Tokens::of(folder.path());
        assert_eq!(running.bearer("shipway_guess").unwrap(), None);
        let token = Tokens::of(folder.path()).make("ci", Role::Client).unwrap();
        let bearer = Bearer {
            name: "ci".to_owned(),
            role: Role::Client,
        };
        assert_eq!(running.bearer(&token).unwrap(), Some(bearer));
        let kept = std::fs::read_to_string(folder.path().join("tokens.json")).unwrap();
        assert!(!kept.contains(&token));
    }
}
