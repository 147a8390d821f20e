//! Programs in Python: a virtual environment for each list of requirements, made once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::missing::{Demand, skip};

/// What to do where there is no Python to speak of.
const ADVICE: &str = "install python3 with venv (on Debian: apt-get install python3-venv); pip must reach a package index";

/// The folder of our own scripts and requirements.
#[must_use]
pub fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// The `bin` folder of an environment with these requirements (a file of [`clients`]), in which these modules can be
/// imported. That there is none is loud, and a failure with `SHIPWAY_REQUIRE_CLIENTS=1`; `room` is where it is kept.
///
/// # Panics
/// When it cannot be made and has to be there.
#[must_use]
pub fn environment(room: &str, requirements: &str, modules: &str, what: &str) -> Option<PathBuf> {
    match made(Path::new(room), &clients().join(requirements), modules) {
        Ok(bin) => Some(bin),
        Err(problem) => {
            skip(Demand::Clients, what, &format!("{ADVICE}\n{problem}"));
            None
        }
    }
}

/// Makes the virtual environment, if nobody has yet. It is built under another name: runs at the same time, and runs that
/// break off, are in nobody's way.
fn made(room: &Path, requirements: &Path, modules: &str) -> Result<PathBuf, String> {
    let told = |error: std::io::Error| error.to_string();
    let key = hex::encode(Sha256::digest(fs::read(requirements).map_err(told)?));
    let ready = room.join(format!("clients-{}", &key[..16]));
    let python = Path::new("bin/python3");
    let import = format!("import {modules}");
    if ran(Command::new(ready.join(python)).args(["-c", &import])).is_err() {
        let mut made = tempfile::Builder::new();
        let made = made.prefix("clients-in-the-making-").tempdir_in(room);
        let made = made.map_err(told)?;
        ran(Command::new("python3")
            .args(["-m", "venv"])
            .arg(made.path()))?;
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        ran(Command::new(made.path().join(python))
            .args(install)
            .arg("--requirement")
            .arg(requirements))?;
        match fs::rename(made.path(), &ready) {
            Ok(()) => drop(made.keep()),
            // Another process was first.
            Err(_) if ready.join(python).exists() => {}
            Err(error) => return Err(format!("{}: {error}", ready.display())),
        }
    }
    Ok(ready.join("bin"))
}

/// Runs a command; gives what it wrote.
///
/// # Errors
/// That and why it failed, with what it wrote.
pub fn ran(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{out}\n{err}", output.status))
}
