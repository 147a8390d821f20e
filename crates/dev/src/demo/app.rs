//! The example app as a git repository of its own, with its program built for the image.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::process::Command;

/// Files that make the app.
const FILES: [&str; 5] = [
    "Dockerfile",
    ".dockerignore",
    ".gitignore",
    "shipway.toml",
    "task-definition.json",
];
/// How the image says to the simulator that its tasks end at once.
const SCRIPT: &str = r#"{"kind":"exit","exit_code":1,"after_seconds":2}"#;

/// What a program that needs nothing beside it needs to be built.
const STATIC: &str = "the example could not be linked statically: that takes the C library as an \
                      archive (Debian: libc6-dev, Fedora: glibc-static)";

/// A working copy of the example.
#[derive(Debug)]
pub(super) struct App {
    folder: PathBuf,
    builder: String,
}

impl App {
    /// Copies the example and builds its program.
    pub(super) async fn make(folder: &Path, builder: &str) -> anyhow::Result<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let example = workspace.join("deploy/examples/hello");
        std::fs::create_dir_all(folder.join("bin"))?;
        for file in FILES {
            std::fs::copy(example.join(file), folder.join(file))
                .with_context(|| format!("{} is missing", example.join(file).display()))?;
        }
        name_processor(&folder.join("task-definition.json"))?;
        let program = build(&workspace).await?;
        std::fs::copy(&program, folder.join("bin/hello"))
            .with_context(|| format!("{} is missing", program.display()))?;
        let app = Self {
            folder: folder.to_owned(),
            builder: builder.to_owned(),
        };
        if builder == "layers" {
            app.use_layers("")?;
        }
        app.git(&["init", "--quiet", "--initial-branch=main"])
            .await?;
        app.git(&["config", "user.name", "Demo"]).await?;
        app.git(&["config", "user.email", "demo@example.com"])
            .await?;
        Ok(app)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Commits a version of the app.
    pub(super) async fn release(&self, version: &str, subject: &str) -> anyhow::Result<()> {
        let config = serde_json::json!({"version": version, "greeting": "Hello from Shipway"});
        std::fs::write(self.folder.join("config.json"), format!("{config:#}\n"))?;
        self.commit(subject).await
    }

    /// Commits a version whose program cannot start; says what the program says when it is run.
    pub(super) async fn break_it(&self) -> anyhow::Result<String> {
        let config = self.folder.join("config.json");
        std::fs::write(
            &config,
            "{ \"version\": \"3.0.0\", \"greting\": \"Hello\" }\n",
        )?;
        if self.builder == "layers" {
            self.use_layers(&format!("labels = {{ \"aws-sim.script\" = '{SCRIPT}' }}"))?;
        } else {
            let dockerfile = self.folder.join("Dockerfile");
            let mut text = std::fs::read_to_string(&dockerfile)?;
            text.push_str(&format!("LABEL aws-sim.script='{SCRIPT}'\n"));
            std::fs::write(&dockerfile, text)?;
        }
        self.commit("A release with a slip in its configuration")
            .await?;
        let output = Command::new(self.folder.join("bin/hello"))
            .env("HELLO_CONFIG", &config)
            .kill_on_drop(true)
            .output()
            .await
            .context("the program could not be run")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said
            .trim()
            .replace(&format!("{}/", self.folder.display()), "");
        let code = output.status.code().unwrap_or_default();
        Ok(format!("exit code {code}: {said}"))
    }

    /// Lets the manifest build from files instead of a Dockerfile.
    fn use_layers(&self, more: &str) -> anyhow::Result<()> {
        let path = self.folder.join("shipway.toml");
        let text = std::fs::read_to_string(&path)?;
        let from = text.find("[build]").context("the example has no [build]")?;
        let to = text.find("[image]").context("the example has no [image]")?;
        let build = format!(
            "[build]\nbuilder = \"layers\"\n\n[build.layers]\n\
             files = [{{ from = \"bin/hello\", to = \"/hello\" }}, \
             {{ from = \"config.json\", to = \"/config.json\" }}]\n\
             entrypoint = [\"/hello\"]\nports = [\"8080/tcp\"]\n{more}\n\n"
        );
        std::fs::write(&path, format!("{}{build}{}", &text[..from], &text[to..]))?;
        Ok(())
    }

    async fn commit(&self, subject: &str) -> anyhow::Result<()> {
        self.git(&["add", "--all"]).await?;
        self.git(&["commit", "--quiet", "--no-gpg-sign", "-m", subject])
            .await
    }

    async fn git(&self, args: &[&str]) -> anyhow::Result<()> {
        let mut git = Command::new("git");
        git.args(["-c", "core.hooksPath=/dev/null", "-C"])
            .arg(&self.folder)
            .args(args);
        // Where git itself runs the demo (in a hook), these name the repository of the hook.
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(variable);
        }
        run(&mut git, "git").await
    }
}

/// Names the processor that the program is built for, where it is not the usual one.
fn name_processor(path: &Path) -> anyhow::Result<()> {
    if std::env::consts::ARCH == "aarch64" {
        let mut definition: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path)?)?;
        definition["runtimePlatform"] =
            serde_json::json!({"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"});
        std::fs::write(path, format!("{definition:#}\n"))?;
    }
    Ok(())
}

/// Builds the example's program for the image: static, so that it needs nothing beside it.
async fn build(workspace: &Path) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(
        cfg!(all(target_os = "linux", target_env = "gnu")),
        "the demo builds a static Linux program for the image, which needs Linux and a Rust that \
         targets glibc"
    );
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = workspace.join("target/hello");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace)
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "hello",
            "--target",
            &target,
        ])
        .arg("--target-dir")
        .arg(&folder)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env(
            "RUSTFLAGS",
            "-C target-feature=+crt-static -C strip=symbols",
        );
    run(&mut command, "cargo build of the example")
        .await
        .map_err(|error| {
            if error.to_string().contains("linking with") {
                error.context(STATIC)
            } else {
                error
            }
        })?;
    Ok(folder.join(target).join("release/hello"))
}

async fn run(command: &mut Command, what: &str) -> anyhow::Result<()> {
    let output = command
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("{what} could not be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{what} failed:\n{}", said.trim());
    Ok(())
}
