//! Other people's tools that look at what was pushed.

use std::process::{Command, Output};

use super::found;

fn run(program: &str, arguments: &[&str]) -> Result<Output, String> {
    let output = Command::new(program).args(arguments).output();
    output.map_err(|error| format!("{program} cannot be started: {error}"))
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs docker, which must succeed, and returns what it said.
pub(crate) fn docker(arguments: &[&str]) -> String {
    said("docker", arguments)
}

/// Whether an engine answers; says loudly that the test is skipped when none does.
pub(crate) fn engine() -> bool {
    let answer = run("docker", &["version"]).and_then(|output| match output.status.success() {
        true => Ok(()),
        false => Err("no Docker Engine answers".to_owned()),
    });
    found(answer).is_some()
}

pub(crate) mod skopeo {
    //! The registry through skopeo's eyes.

    use serde_json::Value;

    /// Whether skopeo is there.
    pub(crate) fn probe() -> Result<(), String> {
        super::run("skopeo", &["--version"]).map(drop)
    }

    fn inspect(image: &str, flags: &[&str]) -> Value {
        let image = format!("docker://{image}");
        let mut arguments = vec!["inspect", "--tls-verify=false"];
        arguments.extend(flags);
        arguments.push(&image);
        serde_json::from_str(&super::said("skopeo", &arguments)).unwrap()
    }

    /// Its manifest or index.
    pub(crate) fn manifest(image: &str) -> Value {
        inspect(image, &["--raw"])
    }

    /// Its config.
    pub(crate) fn config(image: &str) -> Value {
        inspect(image, &["--config", "--raw"])
    }

    /// Its digest.
    pub(crate) fn digest(image: &str) -> String {
        inspect(image, &[])["Digest"].as_str().unwrap().to_owned()
    }

    /// The files of one of its layers: path, mode and link of each.
    pub(crate) fn files(image: &str, layer: usize) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let to = format!("dir:{}", folder.path().display());
        let from = format!("docker://{image}");
        super::said("skopeo", &["copy", "--src-tls-verify=false", &from, &to]);
        let manifest = manifest(image);
        let digest = manifest["layers"][layer]["digest"].as_str().unwrap();
        let blob = folder.path().join(digest.trim_start_matches("sha256:"));
        let tar = flate2::read::GzDecoder::new(std::fs::File::open(blob).unwrap());
        let mut archive = tar::Archive::new(tar);
        let lines = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.header().mode().unwrap();
            format!("{} {mode:o}", entry.path().unwrap().display())
        });
        lines.collect()
    }
}
