//! Pulling blobs: where their bytes are, and the bytes, whole or a range of them.

use std::path::PathBuf;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use http::request::Parts;
use http::{Method, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

use super::Registry;
use super::error::RegistryError;
use super::handle::Answer;

/// Bytes read from a file at a time.
const CHUNK: usize = 256 << 10;

impl Registry {
    /// `HEAD` of a blob, and `GET`: where its bytes are (ecs-facts 7.8).
    pub(super) async fn blob(&self, name: &str, digest: &str, parts: &Parts) -> Answer {
        let redirects = self.shared.world().choices.layer_redirects;
        if parts.method == Method::HEAD || !redirects {
            return self.bytes(name, digest, parts).await;
        }
        self.find(name, digest).await?;
        let now = self.shared.clock.now();
        let address = self.shared.world().presign(self.place(name), digest, now);
        let response = Response::builder()
            .status(StatusCode::TEMPORARY_REDIRECT)
            .header(header::LOCATION, format!("http://{}{address}", self.host));
        Ok(response.body(Body::empty()).unwrap_or_default())
    }

    /// Size and file of a blob.
    async fn find(&self, name: &str, digest: &str) -> Result<(u64, PathBuf), RegistryError> {
        let (size, path) = {
            let mut world = self.shared.world();
            let size = world
                .repository(&self.account, &self.region, name)
                .and_then(|repository| repository.blobs.get(digest).copied());
            (size, world.files.blob(digest))
        };
        let size = size.ok_or_else(|| RegistryError::blob_unknown(digest))?;
        // A world that was saved elsewhere knows of blobs whose bytes are not here.
        if !tokio::fs::try_exists(&path).await? {
            return Err(RegistryError::blob_unknown(digest));
        }
        Ok((size, path))
    }

    /// The bytes of a blob, or as many as are asked for.
    pub(super) async fn bytes(&self, name: &str, digest: &str, parts: &Parts) -> Answer {
        let (size, path) = self.find(name, digest).await?;
        let range = parts
            .headers
            .get(header::RANGE)
            .and_then(|value| value.to_str().ok());
        let (start, end) = match range.and_then(|range| parse_range(range, size)) {
            Some(Ok(range)) => range,
            Some(Err(())) => {
                return Err(RegistryError::new(
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    "SIZE_INVALID",
                    format!("The blob has {size} bytes"),
                ));
            }
            None => (0, size),
        };
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, end - start)
            .header(header::ACCEPT_RANGES, "bytes")
            .header("docker-content-digest", digest);
        if end - start < size {
            let range = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
            response = response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, range);
        }
        let body = if parts.method == Method::HEAD {
            Body::empty()
        } else {
            let mut file = tokio::fs::File::open(path).await?;
            file.seek(SeekFrom::Start(start)).await?;
            let part = file.take(end - start);
            Body::from_stream(ReaderStream::with_capacity(part, CHUNK).boxed())
        };
        Ok(response.body(body).unwrap_or_default())
    }
}

/// Start and end (exclusive) of a single `bytes=` range; `None` for what is to be ignored.
fn parse_range(range: &str, size: u64) -> Option<Result<(u64, u64), ()>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = if first.is_empty() {
        (size.saturating_sub(last.parse().ok()?), size)
    } else if last.is_empty() {
        (first.parse().ok()?, size)
    } else {
        let last: u64 = last.parse().ok()?;
        (first.parse().ok()?, last.saturating_add(1).min(size))
    };
    Some(if start < end {
        Ok((start, end))
    } else {
        Err(())
    })
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_are_inclusive_and_end_with_the_blob() {
        for (range, expected) in [
            ("bytes=0-3", Some(Ok((0, 4)))),
            ("bytes=4-", Some(Ok((4, 10)))),
            ("bytes=-3", Some(Ok((7, 10)))),
            ("bytes=8-99", Some(Ok((8, 10)))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=0-1,4-5", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(parse_range(range, 10), expected, "{range}");
        }
    }
}
