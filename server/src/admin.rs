//! What the owner of the data folder may ask of the running coordinator: a socket in the folder, which no
//! network reaches.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shipway_runtime::{Tasks, chain};
use shipway_store::{DataDir, Store, export};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// How long a caller may take to say what it wants, and to read what it gets.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a caller says to get an archive.
pub(crate) const EXPORT: &str = "export\n";

/// The socket of a data folder.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("admin.sock")
}

/// Answers until `stop`. Without the socket the coordinator runs all the same, and says so.
pub(crate) fn serve(data: DataDir, store: Arc<dyn Store>, tasks: &Tasks, stop: CancellationToken) {
    let path = socket(data.path());
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "no exports while the coordinator runs");
            return;
        }
    };
    let of_callers = tasks.clone();
    drop(tasks.spawn("admin", async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else { continue };
            let (data, store) = (data.clone(), Arc::clone(&store));
            let stop = stop.clone();
            drop(of_callers.spawn("export", async move {
                tokio::select! {
                    answered = answer(stream, data, store) => if let Err(error) = answered {
                        tracing::warn!(error = chain(&*error), "an export failed");
                    },
                    () = stop.cancelled() => {}
                }
            }));
        }
    }));
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // Left by a process that was killed: the folder is locked, so nobody else listens there.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn answer(
    mut stream: UnixStream,
    data: DataDir,
    store: Arc<dyn Store>,
) -> anyhow::Result<()> {
    let owner = std::fs::metadata(socket(data.path()))?.uid();
    let caller = stream.peer_cred()?.uid();
    if caller != owner && caller != 0 {
        anyhow::bail!("user {caller} asked for an export, and the data belongs to user {owner}");
    }
    let mut wish = String::new();
    let mut lines = BufReader::new((&mut stream).take(EXPORT.len() as u64));
    tokio::time::timeout(PATIENCE, lines.read_line(&mut wish)).await??;
    if wish != EXPORT {
        anyhow::bail!("a caller asked for {wish:?}");
    }
    tracing::info!("an export begins");
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let work = move || {
        let out = io::BufWriter::with_capacity(256 << 10, stream);
        export(&*store, Some(&data), out, |_| {})
    };
    let contents = tokio::task::spawn_blocking(work).await??;
    tracing::info!(
        records = contents.records,
        blobs = contents.blobs,
        bytes = contents.bytes,
        "an export is complete"
    );
    Ok(())
}
