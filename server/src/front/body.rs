//! The body of a request on its way in: so much and no more, and in time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use shipway_proto::status::{Class, Failure};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tonic::Status;
use tonic::body::Body;

/// What a body may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Bytes at most.
    pub(crate) bytes: u64,
    /// It is here within this ...
    pub(crate) time: Duration,
    /// ... and so many bytes more each second; 0 for no more time.
    pub(crate) pace: u64,
}

/// A body that is received within its allowance. It holds its place until it is here.
#[derive(Debug)]
pub(crate) struct Received {
    inner: Body,
    allowed: Allowance,
    began: Instant,
    got: u64,
    /// Made only when it has to be waited for.
    timer: Option<Pin<Box<Sleep>>>,
    place: Option<OwnedSemaphorePermit>,
}

impl Received {
    pub(crate) fn new(inner: Body, allowed: Allowance, place: OwnedSemaphorePermit) -> Self {
        Self {
            inner,
            allowed,
            began: Instant::now(),
            got: 0,
            timer: None,
            place: Some(place),
        }
    }

    fn until(&self) -> Instant {
        let more = self.got.checked_div(self.allowed.pace).unwrap_or_default();
        self.began + self.allowed.time + Duration::from_secs(more)
    }

    fn refuse(&mut self, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.place = None;
        Poll::Ready(Some(Err(failure.into())))
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.got = self.got.saturating_add(bytes as u64);
                if self.got > self.allowed.bytes {
                    let text = format!(
                        "the request is too large: at most {} bytes are taken",
                        self.allowed.bytes
                    );
                    return self.refuse(Failure::new(Class::Exhausted, text));
                }
                if self.inner.is_end_stream() {
                    self.place = None;
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(end) => {
                self.place = None;
                Poll::Ready(end)
            }
            Poll::Pending => loop {
                let until = self.until();
                let timer = self
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
                if timer.deadline() < until {
                    timer.as_mut().reset(until);
                }
                ready!(timer.as_mut().poll(cx));
                if self.until() > Instant::now() {
                    continue;
                }
                let text = format!(
                    "the request did not come in time: {} bytes in {} s",
                    self.got,
                    self.began.elapsed().as_secs()
                );
                return self.refuse(Failure::new(Class::Unavailable, text));
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
