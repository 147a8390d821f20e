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
        let place = place(&lock).context("could not look at the lock")?;
        let file = folder.join("incarnation");
        let predecessor = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| predecessor(&text, &place));
        // 0 means none on the wire.
        let incarnation = Incarnation(random.number().max(1));
        shipway_runtime::ready::write(&file, &format!("{} {place}", incarnation.0))
            .with_context(|| format!("could not write {}", file.display()))?;
        Ok(Self {
            incarnation,
            predecessor,
            _lock: lock,
        })
    }
}

/// The very file that is locked: device, inode, and the boot of the machine. A copied folder has another
/// one, also on a copied disk: its lock proves nothing about who lives in the original.
fn place(lock: &File) -> std::io::Result<String> {
    use std::os::unix::fs::MetadataExt as _;
    let lock = lock.metadata()?;
    // Linux only; without it, a copied disk in another machine cannot be told from this one.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Ok(format!("{}:{}:{}", lock.dev(), lock.ino(), boot.trim()))
}

/// The life that held this very lock before.
fn predecessor(text: &str, place: &str) -> Option<Incarnation> {
    let (life, held) = text.trim().split_once(' ')?;
    (held == place)
        .then(|| life.parse().ok().map(Incarnation))
        .flatten()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn who_gets_the_lock_knows_who_held_it_before() {
        let folder = TempDir::new().expect("a folder");
        let first = Identity::take(folder.path(), &Random::system()).expect("it is free");
        assert_eq!(first.predecessor, None);
        assert!(Identity::take(folder.path(), &Random::system()).is_err());
        let before = first.incarnation;
        drop(first);
        let second = Identity::take(folder.path(), &Random::system()).expect("it is free again");
        assert_eq!(second.predecessor, Some(before));
    }

    #[test]
    fn a_copied_folder_proves_nothing_about_the_original() {
        let (folder, copy) = (
            TempDir::new().expect("a folder"),
            TempDir::new().expect("a folder"),
        );
        let _living = Identity::take(folder.path(), &Random::system()).expect("it is free");
        for file in ["lock", "incarnation"] {
            std::fs::copy(folder.path().join(file), copy.path().join(file)).expect("copied");
        }
        let copied = Identity::take(copy.path(), &Random::system()).expect("it is free");
        assert_eq!(copied.predecessor, None);
    }
}
