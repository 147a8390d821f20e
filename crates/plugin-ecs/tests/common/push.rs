//! Pushes images by plain requests of the registry protocol.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_plugin::Login;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

/// One request; status and headers of the answer.
async fn http(login: &Login, request: &str, kind: &str, body: &[u8]) -> (u16, String) {
    let pair = [login.user.as_bytes(), b":", login.password.expose()].concat();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        login.host,
        STANDARD.encode(pair),
        body.len()
    );
    let mut stream = TcpStream::connect(&login.host).await.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answered");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), answer)
}

async fn blob(login: &Login, name: &RepositoryName, bytes: &[u8]) -> Digest {
    let digest = Digest::of(bytes);
    let start = format!("POST /v2/{name}/blobs/uploads/");
    let (status, answer) = http(login, &start, "application/octet-stream", b"").await;
    assert_eq!(status, 202, "{answer}");
    let location = answer
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .starts_with("location:")
                .then(|| line[9..].trim())
        })
        .expect("a location");
    let path = location
        .strip_prefix(&format!("http://{}", login.host))
        .unwrap_or(location);
    let mark = if path.contains('?') { '&' } else { '?' };
    let finish = format!("PUT {path}{mark}digest={digest}");
    let (status, answer) = http(login, &finish, "application/octet-stream", bytes).await;
    assert_eq!(status, 201, "{answer}");
    digest
}

/// A manifest or an index; with an empty reference, by its digest.
pub(crate) async fn manifest(
    login: &Login,
    name: &RepositoryName,
    kind: &str,
    reference: &str,
    text: &str,
) -> Digest {
    let digest = Digest::of(text.as_bytes());
    let reference = if reference.is_empty() {
        digest.as_str()
    } else {
        reference
    };
    let put = format!("PUT /v2/{name}/manifests/{reference}");
    let (status, answer) = http(login, &put, kind, text.as_bytes()).await;
    assert_eq!(status, 201, "{answer}");
    digest
}

/// An image of one layer.
pub(crate) async fn image(
    login: &Login,
    name: &RepositoryName,
    reference: &str,
    layer: &[u8],
) -> Digest {
    let config = blob(login, name, br#"{"os":"linux","architecture":"amd64"}"#).await;
    let layer_digest = blob(login, name, layer).await;
    // Spaced as no serialiser does it: the bytes must survive.
    let text = format!(
        r#"{{ "schemaVersion":2,  "mediaType":"{OCI}",
        "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":37}},
        "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer_digest}","size":{}}}] }}"#,
        layer.len()
    );
    manifest(login, name, OCI, reference, &text).await
}
