//! Connections as they come in: counted, and cut when they have nothing to say.
//!
//! Half-open connections cost memory and file handles. Those that have made no call are few and
//! short-lived whatever a peer does; those that have are counted.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// A pause after a connection could not be taken, such as for want of file handles: trying again at
/// once would only burn a core.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections of this listener, at most `most` at once; those beyond are closed at once.
pub(crate) fn incoming(
    listener: TcpListener,
    most: usize,
    strangers: usize,
    first_call: Duration,
) -> impl Stream<Item = io::Result<Line>> {
    let hall = Arc::new(Hall {
        places: Arc::new(Semaphore::new(most)),
        strangers,
        waiting: AtomicUsize::new(0),
        queue: Mutex::default(),
    });
    stream::unfold((listener, hall), move |(listener, hall)| async move {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(life) = hall.admit() else {
                        tracing::warn!(%peer, most, "too many connections; this one is closed");
                        continue;
                    };
                    // One that is cut off already is found out by its first read.
                    stream.set_nodelay(true).ok();
                    return Some((Ok(Line::new(stream, life, first_call)), (listener, hall)));
                }
                Err(error) if of_the_peer(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

/// The peer was gone before it was taken: nothing is wrong here.
fn of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Where connections are that have made no call.
#[derive(Debug)]
struct Hall {
    places: Arc<Semaphore>,
    strangers: usize,
    waiting: AtomicUsize,
    /// Oldest first; with some that have spoken or gone meanwhile.
    queue: Mutex<VecDeque<Weak<Life>>>,
}

impl Hall {
    /// Lets one more in, if there is a place; the oldest that has nothing to say may have to go.
    fn admit(self: &Arc<Self>) -> Option<Arc<Life>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if self.waiting.load(Ordering::Relaxed) >= self.strangers
            || self.places.available_permits() == 0
        {
            let stranger = |life: &Arc<Life>| !life.spoke.load(Ordering::Relaxed);
            while let Some(oldest) = queue.pop_front() {
                if let Some(life) = oldest.upgrade().filter(stranger) {
                    life.cut.cancel();
                    break;
                }
            }
        }
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let life = Arc::new(Life {
            spoke: AtomicBool::new(false),
            cut: CancellationToken::new(),
            hall: Arc::clone(self),
            _place: place,
        });
        if queue.len() > self.strangers.saturating_mul(2) {
            queue.retain(|life| {
                life.upgrade()
                    .is_some_and(|life| !life.spoke.load(Ordering::Relaxed))
            });
        }
        queue.push_back(Arc::downgrade(&life));
        Some(life)
    }
}

/// What is known of a connection; each of its calls has it among its extensions.
#[derive(Debug)]
pub(crate) struct Life {
    spoke: AtomicBool,
    cut: CancellationToken,
    hall: Arc<Hall>,
    _place: OwnedSemaphorePermit,
}

impl Life {
    /// It has made a call that was let in: it stays as long as its peer answers.
    pub(crate) fn speaks(&self) {
        // Most calls are not the first.
        if !self.spoke.load(Ordering::Relaxed) && !self.spoke.swap(true, Ordering::Relaxed) {
            self.hall.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if !*self.spoke.get_mut() {
            self.hall.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    life: Arc<Life>,
    /// Until its first call.
    patience: Option<Box<Patience>>,
}

#[derive(Debug)]
struct Patience {
    ends: Pin<Box<Sleep>>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Line {
    fn new(stream: TcpStream, life: Arc<Life>, first_call: Duration) -> Self {
        let patience = Patience {
            ends: Box::pin(tokio::time::sleep(first_call)),
            cut: Box::pin(life.cut.clone().cancelled_owned()),
        };
        Self {
            stream,
            life,
            patience: Some(Box::new(patience)),
        }
    }

    /// Fails once it has been silent for too long, or its place is needed.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(patience) = &mut self.patience else {
            return Ok(());
        };
        if self.life.spoke.load(Ordering::Relaxed) {
            self.patience = None;
            return Ok(());
        }
        let over =
            patience.ends.as_mut().poll(cx).is_ready() || patience.cut.as_mut().poll(cx).is_ready();
        if over {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no call was made on this connection",
            ));
        }
        Ok(())
    }
}

impl Connected for Line {
    type ConnectInfo = Arc<Life>;

    fn connect_info(&self) -> Arc<Life> {
        Arc::clone(&self.life)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
