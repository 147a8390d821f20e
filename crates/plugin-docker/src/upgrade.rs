//! Turns a call to the engine into a bare HTTP/2 connection (build-facts 3, "Shape").

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::engine::{Engine, EngineError};

/// Longest head of an answer.
const MAX_HEAD: usize = 16 * 1024;

impl Engine {
    /// Asks for an upgrade of `path` to h2c; after status 101 the socket speaks HTTP/2.
    pub(crate) async fn upgrade(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<UnixStream, EngineError> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");

        let mut socket = self.connect().await?;
        let head =
            exchange(&mut socket, &request)
                .await
                .map_err(|source| EngineError::BrokeOff {
                    call: format!("POST {path}"),
                    source: source.into(),
                })?;
        match status(&head) {
            Some(101) => Ok(socket),
            status => Err(EngineError::Refused {
                call: format!("POST {path}"),
                status: status.unwrap_or_default(),
                message: "it does not offer BuildKit there".to_owned(),
            }),
        }
    }
}

/// Sends the request and reads the head of the answer. Byte by byte, so that nothing of what
/// follows the blank line is taken from the HTTP/2 connection.
async fn exchange(socket: &mut UnixStream, request: &str) -> io::Result<Vec<u8>> {
    socket.write_all(request.as_bytes()).await?;
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Err(io::Error::other("the head of the answer does not end"));
        }
        head.push(socket.read_u8().await?);
    }
    Ok(head)
}

/// The status of an HTTP/1 head.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    line.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(
            status(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: h2c\r\n\r\n"),
            Some(101)
        );
        assert_eq!(status(b"HTTP/1.1 404 Not Found\r\n\r\n"), Some(404));
        assert_eq!(status(b"nonsense\r\n\r\n"), None);
    }
}
