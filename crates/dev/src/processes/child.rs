//! A child process: started, seen to answer, started again when it dies, ended.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::sync::CancellationToken;

use super::part::Role;
use super::pids::Pids;
use crate::stack::TOOLS;

/// First and longest wait before a process that died is started again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A process that lived so long did not die of its start: the waits begin anew.
const LIVED: Duration = Duration::from_secs(10);
/// Until when a process answers after its start.
const ANSWERS: Duration = Duration::from_secs(30);
/// How long a process may take to end in good order; an agent hands its jobs over meanwhile.
const ENDS: Duration = Duration::from_secs(40);

/// What a process is started with, the first time and each time after.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Its name among people.
    pub(super) name: &'static str,
    /// Its place among the process ids.
    pub(super) place: usize,
    pub(super) role: Role,
    pub(super) args: Vec<OsString>,
    /// The file that it writes once it answers.
    pub(super) ready: Option<PathBuf>,
}

/// A process under way.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pid: u32,
    /// Its end tells the process that its parent is gone.
    lifeline: Option<ChildStdin>,
    began: tokio::time::Instant,
}

impl Plan {
    /// Starts the process.
    pub(super) fn start(&self) -> anyhow::Result<Running> {
        if let Some(file) = &self.ready {
            // What an earlier life wrote.
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("could not remove {}", file.display()));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let program = std::env::current_exe().context("this program was not found")?;
        let mut command = Command::new(program);
        command.arg("part").arg(self.role.word()).args(&self.args);
        // What the user has set is meant for other programs than these.
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("SHIPWAY_") || name_text.starts_with("AWS_") {
                command.env_remove(&name);
            }
        }
        command
            .env("AWS_ACCESS_KEY_ID", TOOLS)
            .env("AWS_SECRET_ACCESS_KEY", "simulated")
            .env("AWS_REGION", crate::stack::REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Ctrl-C in a terminal reaches the parent alone, which ends all in good order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("{} could not be started", self.name))?;
        let pid = child.id().context("it ended at once")?;
        let lifeline = child.stdin.take();
        Ok(Running {
            child,
            pid,
            lifeline,
            began: tokio::time::Instant::now(),
        })
    }

    /// Waits until the process answers, and gives what its ready file says under `key`.
    pub(super) async fn answers(&self, running: &mut Running, key: &str) -> anyhow::Result<String> {
        let Some(file) = &self.ready else {
            return Ok(String::new());
        };
        let answers = async {
            loop {
                if let Ok(text) = std::fs::read_to_string(file) {
                    let said: Value = serde_json::from_str(&text)?;
                    let said = said[key].as_str().map(str::to_owned);
                    return said.with_context(|| format!("{} says no {key}", file.display()));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            said = tokio::time::timeout(ANSWERS, answers) => {
                said.with_context(|| format!("{} did not answer in time", self.name))?
            }
            ended = running.child.wait() => {
                anyhow::bail!("{} {} before it answered", self.name, how(ended))
            }
        }
    }

    /// Keeps the process up until `stop`, then ends it in good order.
    pub(super) async fn keep(
        self,
        mut running: Running,
        pids: Pids,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut wait = AGAIN.0;
        loop {
            let ended = tokio::select! {
                ended = running.child.wait() => ended,
                () = stop.cancelled() => return self.end(running).await,
            };
            if running.began.elapsed() > LIVED {
                wait = AGAIN.0;
            }
            let mut died = format!("{} (process {}) {}", self.name, running.pid, how(ended));
            running = loop {
                say(&format!(
                    "{died}; it is started again in {:.1} s",
                    wait.as_secs_f64()
                ));
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = stop.cancelled() => return Ok(()),
                }
                wait = (wait * 2).min(AGAIN.1);
                match self.start_again(&pids, &stop).await {
                    Ok(Some(running)) => break running,
                    Ok(None) => return Ok(()),
                    Err(error) => died = format!("{error:#}"),
                }
            };
            say(&format!(
                "{} runs again as process {}",
                self.name, running.pid
            ));
        }
    }

    /// Starts it once more; `None` when there was a wish to stop meanwhile.
    async fn start_again(
        &self,
        pids: &Pids,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Running>> {
        let mut running = self.start()?;
        let key = match self.role {
            Role::Server => "grpc",
            Role::Agent | Role::Aws => "aws",
        };
        tokio::select! {
            answers = self.answers(&mut running, key) => drop(answers?),
            () = stop.cancelled() => {
                self.end(running).await?;
                return Ok(None);
            }
        }
        pids.set(self.place, running.pid)?;
        Ok(Some(running))
    }

    /// Asks the process to end, and waits until it has.
    async fn end(&self, mut running: Running) -> anyhow::Result<()> {
        let pid = i32::try_from(running.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself; then there is only its status to be read.
            kill_process(pid, Signal::TERM).ok();
        }
        let ended = tokio::time::timeout(ENDS, running.child.wait()).await;
        drop(running.lifeline);
        let status = ended
            .with_context(|| format!("{} did not end in time and was killed", self.name))?
            .with_context(|| format!("{} could not be waited for", self.name))?;
        anyhow::ensure!(status.success(), "{} {}", self.name, how(Ok(status)));
        Ok(())
    }
}

impl Running {
    /// Id of the process.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }
}

/// How a process ended, in words.
fn how(ended: std::io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match ended {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(signal)) => format!("was killed by signal {signal}"),
            (None, None) => "ended".to_owned(),
        },
        Err(error) => format!("could not be waited for ({error})"),
    }
}

#[expect(clippy::print_stderr, reason = "who watches wants to see it")]
fn say(line: &str) {
    eprintln!("{line}");
}
