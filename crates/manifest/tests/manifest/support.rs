//! A good manifest with its files, and ways to break them.

use std::collections::BTreeMap;
use std::io;

use expect_test::Expect;
use shipway_domain::ids::Digest;
use shipway_domain::spec::{Revision, Source};
use shipway_manifest::{Facts, Files, Manifest, ManifestError, Resolved};

/// A manifest that uses most keys.
pub(crate) const MANIFEST: &str = r#"app = "web"

[build]
target = "runtime"

[build.args]
PROFILE = "release"

[image]
account = "tools"
region = "eu-west-1"
tags = ["{sha}", "{env}-latest"]

[image.create]
mutable_tags = ["*-latest"]

[accounts]
tools = "000000000000"
staging = "111111111111"
prod = "222222222222"

[task_definition]
container = "web"

[task_definition.variables]
TTL = "60"

[env.staging]
targets = [
  { account = "staging", region = "eu-west-1", cluster = "main", service = "web" },
]

[env.prod]
strategy = "conservative"
health_check_grace_period = "60s"
circuit_breaker = true
timeout = "20m"

[env.prod.variables]
TTL = "90"

[[env.prod.targets]]
account = "prod"
region = "eu-west-1"
cluster = "main"
service = "web"

[[env.prod.targets]]
account = "222222222222"
region = "us-east-1"
cluster = "main"
service = "web"
wave = 1
"#;

/// The task definition of the manifest.
pub(crate) const DEFINITION: &str = r#"{
  "family": "web-${env}",
  "networkMode": "awsvpc",
  "requiresCompatibilities": ["FARGATE"],
  "cpu": "512",
  "memory": "1024",
  "executionRoleArn": "arn:aws:iam::222222222222:role/execution",
  "containerDefinitions": [
    {
      "name": "web",
      "image": "set by shipway",
      "environment": [
        {"name": "CACHE_TTL", "value": "${TTL}"},
        {"name": "SHELL_LIKE", "value": "$${HOME}"}
      ],
      "unknownField": 1.50
    },
    {
      "name": "proxy",
      "image": "envoy@sha256:7b1f0c2d9e6b4a178c1f0c2d9e6b4a177b1f0c2d9e6b4a178c1f0c2d9e6b4a17",
      "essential": false
    }
  ]
}
"#;

/// Files in memory.
pub(crate) struct Shelf(pub(crate) BTreeMap<String, String>);

impl Files for Shelf {
    fn read(&self, path: &str) -> io::Result<String> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "no such file");
        self.0.get(path).cloned().ok_or_else(missing)
    }
}

/// The good files.
pub(crate) fn shelf() -> Shelf {
    let files = [
        ("shipway.toml", MANIFEST),
        ("task-definition.json", DEFINITION),
        ("Dockerfile", "FROM scratch\n"),
    ];
    Shelf(
        files
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into(),
    )
}

impl Shelf {
    /// Replaces a piece of a file, which must be there.
    pub(crate) fn change(mut self, path: &str, old: &str, new: &str) -> Self {
        let text = self.0.get_mut(path).expect("the shelf has the file");
        assert!(text.contains(old), "{path} does not hold {old:?}");
        *text = text.replacen(old, new, 1);
        self
    }
}

/// The files with a piece of the manifest replaced.
pub(crate) fn manifest(old: &str, new: &str) -> Shelf {
    shelf().change("shipway.toml", old, new)
}

/// The files with a piece of the task definition replaced.
pub(crate) fn definition(old: &str, new: &str) -> Shelf {
    shelf().change("task-definition.json", old, new)
}

/// What is told when all environments are checked.
pub(crate) fn told(files: &Shelf) -> String {
    let warnings =
        Manifest::read("shipway.toml", files).and_then(|manifest| manifest.validate(files));
    match warnings {
        Ok(warnings) => {
            let warnings = warnings.iter().map(ToString::to_string);
            warnings.collect::<Vec<_>>().join("\n\n")
        }
        Err(error) => error.to_string(),
    }
}

/// Holds what is told against what is expected.
#[track_caller]
pub(crate) fn check(files: &Shelf, expected: &Expect) {
    expected.assert_eq(&told(files));
}

/// A commit.
pub(crate) fn revision(dirty: bool) -> Revision {
    Revision {
        commit: "4f1c2d9e0b7a4f1c2d9e0b7a4f1c2d9e0b7a4f1c".to_owned(),
        subject: "Faster cart".to_owned(),
        committed_at: 1_700_000_000,
        dirty,
        repository: None,
    }
}

/// An uploaded work tree.
pub(crate) fn context(revision: Option<Revision>) -> Source {
    Source::Context {
        blob: Digest::of(b"context"),
        revision,
    }
}

/// One environment of the files, with git tag v1.4.0.
pub(crate) fn resolve(
    files: &Shelf,
    env: &str,
    source: &Source,
) -> Result<Resolved, ManifestError> {
    let git_tags = ["nightly".to_owned(), "v1.4.0".to_owned()];
    let facts = Facts {
        source,
        git_tags: &git_tags,
    };
    Manifest::read("shipway.toml", files)?.resolve(env, &facts, files)
}
