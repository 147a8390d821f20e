//! Who this process is: a random incarnation, and proof that the one before is dead.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::Context as _;
use shipway_domain::ids::Incarnation;
use shipway_runtime::Random;

/// The lock on the agent's folder; it ends with the process.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) incarnation: Incarnation,
    /// The life that held the lock before: getting the lock proves that it is dead.
    pub(crate) predecessor: Option<Incarnation>,
    _lock: File,
}

impl Identity {
    /// Takes the folder for this process alone.
    pub(crate) fn take(folder: &Path, random: &Random) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
        let path = folder.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "another agent uses {}; give each its own data folder",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error).context("could not lock"),
        }
        let file = folder.join("incarnation");
        let predecessor = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map(Incarnation);
        // 0 means none on the wire.
        let incarnation = Incarnation(random.number().max(1));
        shipway_runtime::ready::write(&file, &incarnation.0.to_string())
            .with_context(|| format!("could not write {}", file.display()))?;
        Ok(Self {
            incarnation,
            predecessor,
            _lock: lock,
        })
    }
}
