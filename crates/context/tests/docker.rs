//! The same trees through `docker build`: what docker sends and what we send must be the same.
#![allow(
    clippy::unwrap_used,
    reason = "a test may unwrap, and so may its helpers"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use shipway_context::{IgnoreFile, PackOptions, pack};

const FILES: &[&str] = &[
    "README.md",
    "README-secret.md",
    "a.txt",
    "foobar/x",
    "foo/bar/deep.txt",
    "foo/notes.md",
    "docs/a.md",
    "docs/sub/b.md",
    "docs/sub/image.png",
    "src/main.rs",
    "src/profile",
    "src/sub/profile/x",
    "a(b)c/d+e",
    "grün/ö.txt",
    ".hidden/x",
    ".env",
    "a*b",
    "axb",
];

/// Ignore files on which docker's clients, old and new, agree.
const IGNORE: &[&str] = &[
    "",
    "# nothing\n\n",
    "*.md",
    "*.md\n!README*.md\nREADME-secret.md",
    "*\n!src\nsrc/sub",
    "*\n!src/sub",
    "**/*.md\n!docs/sub",
    "docs/\n/foo/",
    "**/sub",
    "foo**",
    "foo/**",
    "**profile",
    "*/*/*.txt\n.*",
    "**\n!docs/*.md\n!docs",
    "a(b)c\n[g-h]rün",
    "a\\*b",
    "doc[^a-r]/sub\n?.txt",
    "./src/../docs//sub/\n",
    "  src  \r\n !src/main.rs\n",
    "**/b*\n**/*.png",
    "foo[^b]bar",
];

#[test]
fn docker_sends_what_we_send() {
    if !engine_answers() {
        return;
    }
    for (index, ignore) in IGNORE.iter().enumerate() {
        let tree = tempfile::tempdir().unwrap();
        for path in FILES {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::create_dir(tree.path().join("empty")).unwrap();
        fs::write(tree.path().join(".dockerignore"), ignore).unwrap();
        fs::write(
            tree.path().join("Dockerfile"),
            "FROM scratch\nCOPY . /ctx/\n",
        )
        .unwrap();
        let tag = format!("shipway-context-test:{}-{index}", std::process::id());
        assert_eq!(ours(tree.path()), dockers(tree.path(), &tag), "{ignore:?}");
    }
}

/// Paths of a tar without the two files that docker treats in its own way.
fn paths(tar: impl Read, below: &str) -> BTreeSet<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    let mut paths: BTreeSet<String> = entries
        .filter_map(|entry| {
            let path = entry.unwrap().path().unwrap().to_str().unwrap().to_owned();
            Some(path.strip_prefix(below)?.trim_end_matches('/').to_owned())
        })
        .collect();
    for own in ["", "Dockerfile", ".dockerignore"] {
        paths.remove(own);
    }
    paths
}

fn ours(root: &Path) -> BTreeSet<String> {
    let options = PackOptions {
        ignore: IgnoreFile::Auto,
        dockerfile: Some("Dockerfile".to_owned()),
        max_bytes: u64::MAX,
    };
    let mut tar = Vec::new();
    pack(root, &options, &mut tar).unwrap();
    paths(tar.as_slice(), "")
}

fn dockers(root: &Path, tag: &str) -> BTreeSet<String> {
    docker(&["build", "-q", "-t", tag, root.to_str().unwrap()]);
    let container = String::from_utf8(docker(&["create", tag, "none"])).unwrap();
    let tar = docker(&["export", container.trim()]);
    docker(&["rm", container.trim()]);
    docker(&["rmi", tag]);
    paths(tar.as_slice(), "ctx/")
}

fn docker(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("docker").args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {errors}");
    output.stdout
}

fn engine_answers() -> bool {
    let mut version = Command::new("docker");
    version
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return true;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the test run, not a setting"
    )]
    let required = std::env::var("SHIPWAY_REQUIRE_DOCKER").is_ok_and(|value| value == "1");
    assert!(!required, "no Docker Engine, but SHIPWAY_REQUIRE_DOCKER=1");
    // Past the harness, which keeps to itself what a test that passes prints.
    let said = "SKIPPED: no Docker Engine answers, the comparison with docker build is not made\n";
    drop(std::io::Write::write_all(
        &mut std::io::stderr(),
        said.as_bytes(),
    ));
    false
}
