//! The engine of this machine, looked at from outside.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream as AsyncStream};
use tokio::task::JoinSet;

use super::wire;

/// The socket of a living engine, or what is missing.
pub(crate) fn engine() -> Result<PathBuf, String> {
    let socket = super::socket();
    match UnixStream::connect(&socket) {
        Ok(stream) if wire::get(&stream, "/_ping", &[]).status == 200 => Ok(socket),
        Ok(_) => Err(format!("the engine at {} is not well", socket.display())),
        Err(error) => Err(format!("no Docker Engine at {}: {error}", socket.display())),
    }
}

/// Whether the engine keeps its images in the classic store.
pub(crate) fn store_is_classic() -> bool {
    let stream = UnixStream::connect(super::socket()).unwrap();
    let info = wire::get(stream, "/info", &[]).json();
    !info["DriverStatus"].to_string().contains("io.containerd")
}

/// Names of local images that contain `text`.
pub(crate) fn local_names(text: &str) -> Vec<String> {
    let stream = UnixStream::connect(super::socket()).unwrap();
    let images = wire::get(stream, "/images/json?all=1", &[]).json();
    let images = images.as_array().unwrap().iter();
    images
        .flat_map(|image| [&image["RepoTags"], &image["RepoDigests"]])
        .flat_map(|names| names.as_array().into_iter().flatten())
        .filter_map(|name| name.as_str())
        .filter(|name| name.contains(text))
        .map(str::to_owned)
        .collect()
}

/// Number of processes that were started with this argument: steps of builds are no containers that
/// the engine would list.
pub(crate) fn running_tools(argument: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .filter(|line| {
            let mut words = line.split(|byte| *byte == 0);
            words.next() == Some(b"/tool") && words.any(|word| word == argument.as_bytes())
        })
        .count()
}

/// A socket that leads to the engine until it is cut.
pub(crate) struct Proxy {
    folder: tempfile::TempDir,
    traffic: JoinSet<()>,
}

impl Proxy {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let mut traffic = JoinSet::new();
        traffic.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                connections.spawn(async move {
                    let mut engine = AsyncStream::connect(super::socket()).await.unwrap();
                    // How a connection ends is not the proxy's business.
                    tokio::io::copy_bidirectional(&mut client, &mut engine)
                        .await
                        .ok();
                });
            }
        });
        Self { folder, traffic }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        Path::join(self.folder.path(), "docker.sock")
    }

    /// Breaks all connections; nobody listens any more.
    pub(crate) async fn cut(&mut self) {
        self.traffic.shutdown().await;
    }
}
