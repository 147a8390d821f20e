//! Programs that others deploy with.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::field::ACCOUNT;
use crate::figures::root;

/// A program.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// `aws ecs`, with its waiter.
    AwsCli,
    /// The Python package `ecs-deploy`.
    EcsDeploy,
}

/// All that are known.
pub const fn all() -> [Tool; 2] {
    [Tool::AwsCli, Tool::EcsDeploy]
}

/// A program that is here.
#[derive(Debug)]
pub struct Installed {
    tool: Tool,
    program: PathBuf,
}

impl Tool {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsCli => "awscli and its waiter",
            Self::EcsDeploy => "ecs-deploy (Python)",
        }
    }

    /// Finds it, or installs it below `target`.
    pub fn installed(self) -> Option<Installed> {
        let program = match self {
            Self::AwsCli => PathBuf::from("aws"),
            Self::EcsDeploy => {
                let venv = root().join("target/tmp/ecs-deploy-venv");
                let program = venv.join("bin/ecs");
                if !program.exists() {
                    quiet(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
                    quiet(Command::new(venv.join("bin/pip")).args([
                        "install",
                        "-q",
                        "ecs-deploy",
                    ]))?;
                }
                program
            }
        };
        let asks = if matches!(self, Self::AwsCli) {
            "--version"
        } else {
            "--help"
        };
        quiet(Command::new(&program).arg(asks))?;
        Some(Installed {
            tool: self,
            program,
        })
    }
}

fn quiet(command: &mut Command) -> Option<()> {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok()?.success().then_some(())
}

impl Installed {
    /// What people call it.
    pub const fn name(&self) -> &'static str {
        self.tool.name()
    }

    /// Deploys to a service of cluster `bench`, and returns when the program says that it is done.
    pub fn deploy(
        &self,
        aws: &str,
        service: &str,
        image: &str,
        definition: &Value,
    ) -> anyhow::Result<()> {
        match self.tool {
            Tool::AwsCli => {
                let text = definition.to_string();
                let args = ["ecs", "register-task-definition", "--cli-input-json", &text];
                let made: Value = serde_json::from_slice(&self.run(aws, &args)?)?;
                let revision = made["taskDefinition"]["taskDefinitionArn"].as_str();
                let place = [
                    "--cluster",
                    "bench",
                    "--service",
                    service,
                    "--task-definition",
                ];
                let update = [
                    &["ecs", "update-service"][..],
                    &place,
                    &[revision.unwrap_or("?")],
                ];
                self.run(aws, &update.concat())?;
                let place = ["--cluster", "bench", "--services", service];
                self.run(
                    aws,
                    &[&["ecs", "wait", "services-stable"][..], &place].concat(),
                )?;
            }
            Tool::EcsDeploy => {
                let args = [
                    "deploy",
                    "bench",
                    service,
                    "-i",
                    "app",
                    image,
                    "--timeout",
                    "120",
                ];
                self.run(aws, &args)?;
            }
        }
        Ok(())
    }

    fn run(&self, aws: &str, args: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = Command::new(&self.program)
            .args(args)
            .env("AWS_ENDPOINT_URL", aws)
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_DEFAULT_OUTPUT", "json")
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "{args:?}: {} {said}",
            output.status
        );
        Ok(output.stdout)
    }
}
