//! Saving the world to a file and loading it again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use tokio_util::sync::CancellationToken;

use crate::SimError;
use crate::shared::Shared;
use crate::world::World;

/// How long changes are gathered at least before they are saved together, in real time.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Saving takes at most one part in so many of the time.
const SHARE: u32 = 10;

/// The file in the data directory.
fn file(data: &Path) -> PathBuf {
    data.join("world.json")
}

/// Loads a saved world, if one was saved.
pub(crate) fn load(data: &Path) -> Result<Option<World>, SimError> {
    let path = file(data);
    let damaged = |source| SimError::Damaged {
        path: path.clone(),
        source,
    };
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(damaged),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SimError::Data { path, source }),
    }
}

/// Saves the world now.
fn save(shared: &Shared, data: &Path) -> Result<(), SimError> {
    let bytes = shared.write_world();
    let path = file(data);
    let failed = |source| SimError::Data {
        path: path.clone(),
        source,
    };
    write_atomically(&path, &bytes.map_err(|error| failed(error.into()))?).map_err(failed)
}

/// Writes a file that readers see whole or not at all.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

/// Saves after changes until `stop`; what comes after that, the caller saves when all has ended.
pub(crate) async fn run(shared: Arc<Shared>, data: PathBuf, stop: CancellationToken) {
    let mut pause = DEBOUNCE;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.save_now.notified() => {}
            () = shared.save.notified() => tokio::select! {
                () = stop.cancelled() => return,
                () = shared.save_now.notified() => {}
                () = tokio::time::sleep(pause) => {}
            },
        }
        let begin = Instant::now();
        let (shared, data) = (Arc::clone(&shared), data.clone());
        let saved = tokio::task::spawn_blocking(move || save_or_say(&shared, &data)).await;
        if saved.is_err() {
            return;
        }
        pause = DEBOUNCE.max(begin.elapsed() * SHARE);
    }
}

/// Saves the world, or says in the log why it cannot be saved.
pub(crate) fn save_or_say(shared: &Shared, data: &Path) {
    let waiting = shared.waiting();
    if let Err(error) = save(shared, data) {
        tracing::error!(%error, "the world could not be saved");
    }
    // After a failure, too: the world goes on, and the log says that it will not be there again.
    shared.saved(waiting);
}

/// Holds answers of what changes something until that is saved (`durable`).
#[derive(Clone)]
pub(crate) struct Hold {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: CancellationToken,
}

/// Marks the answer of a request that changed nothing, though its method may.
#[derive(Clone, Copy)]
pub(crate) struct Unchanged;

/// The layer around a router that holds its answers back.
pub(crate) async fn hold(State(hold): State<Hold>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = next.run(request).await;
    if !reads && response.extensions().get::<Unchanged>().is_none() {
        tokio::select! {
            () = hold.shared.until_saved() => {}
            // What is left is saved at the end.
            () = hold.stop.cancelled() => {}
        }
    }
    response
}
