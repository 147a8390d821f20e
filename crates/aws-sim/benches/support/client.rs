//! A client with one kept connection, as thin as can be: what is measured is the simulator.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, ensure};
use serde_json::Value;

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    authorization: String,
}

impl Client {
    /// Connects; calls act as `account` in `region`.
    pub(crate) fn connect(host: &str, account: &str, region: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(1 << 20, stream),
            host: host.to_owned(),
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential={account}/20261101/{region}/ecs/aws4_request, \
                 SignedHeaders=host, Signature=00"
            ),
        })
    }

    /// A JSON call that has to succeed.
    pub(crate) fn call(&mut self, target: &str, input: &Value) -> anyhow::Result<Vec<u8>> {
        let headers = format!(
            "content-type: application/x-amz-json-1.1\r\nx-amz-target: {target}\r\n\
             authorization: {}\r\n",
            self.authorization
        );
        self.send("POST", "/", &headers, &input.to_string())
    }

    /// A request to the control API that has to succeed; null is no body.
    pub(crate) fn control(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Vec<u8>> {
        let body = match body {
            Value::Null => String::new(),
            other => other.to_string(),
        };
        self.send(method, path, "", &body)
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> anyhow::Result<Vec<u8>> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let well = line.starts_with("HTTP/1.1 200");
        let mut length = None;
        loop {
            let mut header = String::new();
            self.stream.read_line(&mut header)?;
            let header = header.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut answer = vec![0; length.context("an answer without a length")?];
        self.stream.read_exact(&mut answer)?;
        ensure!(well, "{line}{}", String::from_utf8_lossy(&answer));
        Ok(answer)
    }
}
