//! A registry of our own: Debian's `docker-registry` on a free port of the loopback.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::wire::{self, Answer};

/// User of the protected registry.
pub(crate) const USER: &str = "AWS";
/// Repeated, it makes a password as long as those of ECR.
const PHRASE: &str = "correct horse battery staple ";
/// bcrypt of the password (it looks at 72 bytes only).
const HASH: &str = "$2y$05$abcdefghijklmnopqrstuuAPw2rNiUMneBUw6xyfpajBSgGuFax4G";
/// All kinds of manifests: without a matching one the registry answers 404 (build-facts 10).
const ACCEPT: &str = "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// Password of the protected registry, 2146 bytes.
pub(crate) static PASSWORD: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| PHRASE.repeat(74));

/// A running registry; it ends when dropped.
pub(crate) struct Registry {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
    protected: bool,
}

impl Registry {
    /// Starts one, or says what is missing.
    pub(crate) fn start(protected: bool) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        // Free now; should somebody take it before the registry does, the registry ends at once.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let port = port.map_err(|error| error.to_string())?.port();
        let config = folder.path().join("config.yml");
        std::fs::write(&config, Self::config(&folder, port, protected)).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("docker-registry cannot be started: {error}"))?;
        let mut registry = Self {
            process,
            folder,
            port,
            protected,
        };
        registry.wait();
        Ok(registry)
    }

    fn config(folder: &tempfile::TempDir, port: u16, protected: bool) -> String {
        let mut config = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n",
            folder.path().join("data").display()
        );
        if protected {
            let users = folder.path().join("htpasswd");
            std::fs::write(&users, format!("{USER}:{HASH}\n")).unwrap();
            let path = users.display();
            write!(config, "auth:\n  htpasswd: {{realm: test, path: {path}}}\n").unwrap();
        }
        config
    }

    fn wait(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none() && start.elapsed() < Duration::from_secs(20),
                "docker-registry does not come up: {}",
                std::fs::read_to_string(self.folder.path().join("log")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `host:port`.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn get(&self, path: &str) -> Answer {
        let mut headers = vec![ACCEPT.to_owned()];
        if self.protected {
            let login = STANDARD.encode(format!("{USER}:{}", *PASSWORD));
            headers.push(format!("Authorization: Basic {login}"));
        }
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        wire::get(stream, path, &headers)
    }

    /// Digest behind a tag, if it is there.
    pub(crate) fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        let answer = self.get(&format!("/v2/{repository}/manifests/{tag}"));
        let digest = answer.header("Docker-Content-Digest").map(str::to_owned);
        digest.filter(|_| answer.status == 200)
    }

    /// The manifest with this tag or digest.
    pub(crate) fn manifest(&self, repository: &str, reference: &str) -> Value {
        self.get(&format!("/v2/{repository}/manifests/{reference}"))
            .json()
    }

    /// A blob.
    pub(crate) fn blob(&self, repository: &str, digest: &str) -> Vec<u8> {
        let answer = self.get(&format!("/v2/{repository}/blobs/{digest}"));
        assert_eq!(answer.status, 200, "{digest}");
        answer.body
    }

    /// The config of the image with this tag.
    pub(crate) fn config_of(&self, repository: &str, tag: &str) -> Value {
        let manifest = self.manifest(repository, tag);
        let digest = manifest["config"]["digest"].as_str().unwrap();
        serde_json::from_slice(&self.blob(repository, digest)).unwrap()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
