//! A registry of our own: Debian's `docker-registry` on a free port of the loopback.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// User of the protected registry.
pub(crate) const USER: &str = "AWS";
/// Password of the protected registry.
pub(crate) const PASSWORD: &str = "secret";
const HASH: &str = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

/// A running registry; it ends when dropped.
pub(crate) struct Registry {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Registry {
    /// Starts one, or says what is missing.
    pub(crate) fn start(protected: bool) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        // Free now; should somebody take it before the registry does, the registry ends at once.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let data = folder.path().join("data");
        let mut config = format!(
            "version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n\
             storage:\n  filesystem: {{rootdirectory: {}}}\n",
            data.display()
        );
        if protected {
            let users = folder.path().join("htpasswd");
            fs::write(&users, format!("{USER}:{HASH}\n")).unwrap();
            config += &format!(
                "auth:\n  htpasswd: {{realm: test, path: {}}}\n",
                users.display()
            );
        }
        let path = folder.path().join("config.yml");
        fs::write(&path, config).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(path)
            .stdout(Stdio::from(
                File::create(folder.path().join("access")).unwrap(),
            ))
            .stderr(Stdio::from(
                File::create(folder.path().join("log")).unwrap(),
            ))
            .spawn()
            .map_err(|error| format!("docker-registry cannot be started: {error}"))?;
        let mut registry = Self {
            process,
            folder,
            port,
        };
        registry.wait();
        Ok(registry)
    }

    fn wait(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none() && start.elapsed() < Duration::from_secs(20),
                "docker-registry does not come up: {}",
                fs::read_to_string(self.folder.path().join("log")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `host:port`.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Requests so far that began with this ("PUT /v2/app/blobs"), as the registry logged them.
    pub(crate) fn requests(&self, start: &str) -> usize {
        let log = fs::read_to_string(self.folder.path().join("access")).unwrap();
        log.matches(&format!("\"{start}")).count()
    }

    /// Requests so far that bring something in.
    pub(crate) fn writes(&self) -> usize {
        ["PUT", "POST", "PATCH"]
            .iter()
            .map(|m| self.requests(m))
            .sum()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
