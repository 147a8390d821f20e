//! One child process: started, killed from outside or by itself, started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use shipway_runtime::Clock;

/// A program of ours as a process, with what it is started with.
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    program: &'static str,
    args: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
    /// When it is to be started again.
    again: Option<Instant>,
}

/// The death of a process, and when the next one of its name was started: by the time of day, in
/// milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    pub(crate) name: &'static str,
    pub(crate) at: u64,
    pub(crate) back: Option<u64>,
    /// Whether it killed itself at its point.
    pub(crate) at_point: bool,
}

impl Machine {
    pub(crate) fn new(
        name: &'static str,
        program: &'static str,
        args: Vec<String>,
        folder: &Path,
    ) -> Self {
        Self {
            name,
            program,
            args,
            log: folder.join(format!("{name}.log")),
            child: None,
            again: None,
        }
    }

    /// Replaces what it is started with the next time.
    pub(crate) fn set_args(&mut self, args: Vec<String>) {
        self.args = args;
    }

    /// Starts it, to die at `failpoint` if that is given.
    pub(crate) fn start(&mut self, failpoint: Option<&str>) {
        let log = File::options().create(true).append(true).open(&self.log);
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-multi"));
        command
            .arg(self.program)
            .args(&self.args)
            .env("AWS_ACCESS_KEY_ID", crate::world::TOOLS)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("SHIPWAY_FAILPOINT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap());
        if let Some(failpoint) = failpoint {
            command.env("SHIPWAY_FAILPOINT", format!("{failpoint}=kill"));
        }
        self.child = Some(command.spawn().unwrap());
        self.again = None;
    }

    /// Kills it and waits until it is dead.
    pub(crate) fn kill(&mut self) -> Option<Death> {
        let mut child = self.child.take()?;
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_killed(self.name, status);
        Some(self.died(false))
    }

    /// Notices that it died by itself.
    pub(crate) fn look(&mut self) -> Option<Death> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        assert_killed(self.name, status);
        Some(self.died(true))
    }

    /// Asks it to end in good order, as a service manager does.
    pub(crate) fn terminate(&self) {
        let child = self.child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), Signal::TERM).unwrap();
    }

    /// How it ended by itself, when it has.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        Some(status)
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.take().expect("it runs").wait().unwrap()
    }

    /// Starts it again after a while.
    pub(crate) fn start_after(&mut self, wait: Duration) {
        self.again = Some(Instant::now() + wait);
    }

    /// Whether it is time to start it again.
    pub(crate) fn is_due(&self) -> bool {
        self.again.is_some_and(|at| at <= Instant::now())
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn died(&self, at_point: bool) -> Death {
        Death {
            name: self.name,
            at: Clock::system().millis(),
            back: None,
            at_point,
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Nothing of ours ends by itself but by a kill: a panic or an error is a failure of the round.
fn assert_killed(name: &str, status: std::process::ExitStatus) {
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(status.signal(), Some(9), "{name} ended with {status}");
}
