//! awscli and the Python package ecs-deploy, in a virtual environment, at one tenth of AWS's pace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use shipway_tests::python::{self, ran};
use tempfile::TempDir;

use super::Said;
use super::scene::definition_of;
use crate::case::STAGING;

/// The programs, and the waiter of awscli with its pause divided by ten.
pub(super) struct Programs {
    bin: PathBuf,
    models: TempDir,
}

/// The programs; that they are not there is loud, and a failure where they must be there. Their environment is that of the
/// simulator's tests with real clients.
pub(super) fn find() -> Option<Programs> {
    let bin = python::environment(
        env!("CARGO_TARGET_TMPDIR"),
        "requirements.txt",
        "boto3, ecs_deploy",
        "the table with awscli and ecs-deploy",
    )?;
    let models = TempDir::new().expect("a folder");
    quicken(&bin, models.path()).expect("botocore has the waiters of ECS");
    Some(Programs { bin, models })
}

/// The versions of `requirements.txt`, as `ecs-deploy 1.17.0`.
pub(super) fn version(of: &str) -> String {
    let text =
        fs::read_to_string(python::clients().join("requirements.txt")).expect("the requirements");
    let mut lines = text.lines().filter_map(|line| line.split_once("=="));
    let (name, version) = lines.find(|(name, _)| *name == of).expect("it is pinned");
    format!("{name} {version}")
}

/// Writes the waiters of ECS as botocore has them, each pause divided by ten, to where botocore looks first.
fn quicken(bin: &Path, models: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    let ask = "import botocore, os; print(os.path.dirname(botocore.__file__))";
    let found = ran(Command::new(bin.join("python3")).args(["-c", ask]))?;
    let folder = Path::new(found.trim()).join("data/ecs/2014-11-13/waiters-2.json");
    let text = fs::read_to_string(folder).map_err(told)?;
    let mut waiters: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    for waiter in waiters["waiters"].as_object_mut().into_iter().flatten() {
        let pause = waiter.1["delay"].as_f64().unwrap_or_default();
        waiter.1["delay"] = json!(pause / 10.0);
    }
    let folder = models.join("ecs/2014-11-13");
    fs::create_dir_all(&folder).map_err(told)?;
    fs::write(folder.join("waiters-2.json"), waiters.to_string()).map_err(told)
}

fn words(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}\n{}", String::from_utf8_lossy(&output.stderr))
}

impl Programs {
    /// `ecs deploy`, with its timeout of 300 s divided by ten.
    pub(super) async fn ecs_deploy(&self, aws: &str) -> Said {
        let deploy = [
            "deploy",
            "--region",
            "eu-west-1",
            "main",
            "web",
            "--image",
            "app",
            "shop:2",
        ];
        let output = self
            .run(aws, "ecs", &[&deploy[..], &["--timeout", "30"]].concat())
            .await;
        said(&output)
    }

    /// `aws ecs update-service` and `aws ecs wait services-stable`.
    pub(super) async fn awscli(&self, aws: &str) -> Said {
        let definition = definition_of("shop:2").to_string();
        let register = [
            "ecs",
            "register-task-definition",
            "--cli-input-json",
            &definition,
        ];
        let update = [
            "ecs",
            "update-service",
            "--cluster",
            "main",
            "--service",
            "web",
            "--task-definition",
            "web",
        ];
        let wait = [
            "ecs",
            "wait",
            "services-stable",
            "--cluster",
            "main",
            "--services",
            "web",
        ];
        for begin in [&register[..], &update] {
            let output = self.run(aws, "aws", begin).await;
            assert!(output.status.success(), "{begin:?}: {}", words(&output));
        }
        said(&self.run(aws, "aws", &wait).await)
    }

    async fn run(&self, aws: &str, program: &str, arguments: &[&str]) -> Output {
        let nowhere = "/dev/null";
        // By the interpreter itself: the first line of a program names the folder in which it was made.
        let mut command = tokio::process::Command::new(self.bin.join("python3"));
        command
            .arg(self.bin.join(program))
            .args(arguments)
            .env_clear()
            .env("PATH", &self.bin)
            .env("LC_ALL", "C.UTF-8")
            .env("AWS_ENDPOINT_URL", aws)
            .env("AWS_ACCESS_KEY_ID", STAGING)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_DATA_PATH", self.models.path())
            // Nothing of whoever runs this has a say.
            .env("AWS_CONFIG_FILE", nowhere)
            .env("AWS_SHARED_CREDENTIALS_FILE", nowhere)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command.output().await.expect("the program runs")
    }
}

/// What a program says at its end: what it says of the deployment, or else its last words.
fn said(output: &Output) -> Said {
    let wrote = if output.status.success() {
        &output.stdout
    } else {
        &output.stderr
    };
    let text = String::from_utf8_lossy(wrote);
    let lines = || text.lines().map(str::trim).rev();
    let of_it = lines().find(|line| line.starts_with("Deployment"));
    let line = of_it.or_else(|| lines().find(|line| !line.is_empty()));
    let line = line.unwrap_or_default();
    // Which look it was that met the end is chance.
    let line = line.split(": For expression").next().unwrap_or(line);
    Said {
        code: output.status.code().unwrap_or(-1),
        words: line.to_owned(),
    }
}
