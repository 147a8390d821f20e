//! Calls over HTTP/1.1, without any SDK: one connection each.

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends a request to `http://HOST` and gives the body of a good answer.
pub async fn send(
    url: &str,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<String> {
    let host = url.trim_start_matches("http://");
    let mut request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
    let good = head.get(9..10) == Some("2");
    anyhow::ensure!(good, "{line} {headers:?}: {answer}");
    Ok(body.to_owned())
}

/// Calls an AWS service as the root of an account; `target` is what `X-Amz-Target` says.
pub async fn aws(url: &str, account: &str, target: &str, input: &Value) -> anyhow::Result<Value> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/eu-west-1/any/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("X-Amz-Target", target),
        ("Authorization", authorization.as_str()),
    ];
    let answer = send(url, "POST /", &headers, &input.to_string()).await?;
    Ok(serde_json::from_str(&answer)?)
}

/// Calls ECS.
pub async fn ecs(url: &str, account: &str, action: &str, input: &Value) -> anyhow::Result<Value> {
    let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
    aws(url, account, &target, input).await
}
