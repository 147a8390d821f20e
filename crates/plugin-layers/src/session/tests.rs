//! Spans of calls of a registry, and what is told of URLs in them.

use std::sync::Arc;

use shipway_plugin::Secret;
use shipway_plugin::contract::calls::{Call, Calls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

/// A registry that answers everything alike: status with reason, and further headers. Outside of it, at its host, nobody
/// is let in, and behind `/gone` nothing is said at all.
struct Registry {
    host: String,
    _traffic: JoinSet<()>,
}

impl Registry {
    async fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let answer: Arc<str> = format!(
            "HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            answer.replace("HOST", &host)
        )
        .into();
        let mut traffic = JoinSet::new();
        traffic.spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let read = client.read(&mut asked).await.unwrap_or_default();
                let asked = String::from_utf8_lossy(&asked[..read]);
                let answer = match asked.split(' ').nth(1).unwrap_or_default() {
                    path if path.starts_with("/v2/") => &answer,
                    path if path.starts_with("/gone") => "",
                    _ => CLOSED,
                };
                let _sent = client.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            host,
            _traffic: traffic,
        }
    }

    async fn session(&self) -> Session {
        let login = Login {
            host: self.host.clone(),
            user: "AWS".to_owned(),
            password: Secret::new("secret"),
            plain_http: true,
        };
        let opened = Session::open(&login, None, CancellationToken::new()).await;
        opened.expect("opened")
    }

    fn image(&self, repository: &str) -> Reference {
        format!("{}/{repository}:r-1", self.host)
            .parse()
            .expect("an image")
    }
}

const CLOSED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn one(calls: &Calls) -> Call {
    let calls = calls.named("registry.call");
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls.into_iter().next().expect("one")
}

#[tokio::test]
async fn where_a_registry_sends_its_clients_is_in_no_span_and_no_error() {
    // As ECR does it: blobs lie in S3, at an address that bears the right to read them.
    let away = "http://HOST/layer?X-Amz-Signature=s3cret";
    let registry = Registry::start(&format!("307 Elsewhere\r\nLocation: {away}")).await;
    let session = registry.session().await;
    let (calls, _guard) = Calls::watch();
    let asked = session.small_blob(&registry.image("app"), DIGEST).await;
    let fault = asked.expect_err("refused");
    let call = one(&calls);
    assert!(call.is_failed(), "{call:?}");
    assert!(
        !format!("{call:?} {fault:?}").contains("s3cret"),
        "{call:?}"
    );
    assert_eq!(call.text("otel.status_description"), fault.to_string());
    assert!(fault.to_string().ends_with("/layer"), "{fault}");
    assert_eq!(call.text("error.type"), "authorisation");
}

#[tokio::test]
async fn where_an_upload_goes_on_is_in_no_span_and_no_error() {
    let gone = "202 Accepted\r\nLocation: http://u:s3cret@HOST/gone?_state=s3cret";
    let registry = Registry::start(gone).await;
    let session = registry.session().await;
    let (calls, _guard) = Calls::watch();
    let sent = session.upload(&registry.image("app"), DIGEST, b"abc").await;
    let fault = sent.expect_err("no answer");
    let told = format!("{:?} {fault:?}", one(&calls));
    assert!(told.contains("/gone") && !told.contains("s3cret"), "{told}");
}

#[tokio::test]
async fn a_registry_that_is_asked_again_is_counted_in_numbers() {
    let registry = Registry::start("503 Later").await;
    let session = registry.session().await;
    let (calls, _guard) = Calls::watch();
    let sent = session.upload(&registry.image("app"), DIGEST, b"abc").await;
    let call = one(&calls);
    assert!(matches!(sent, Err(Fault::Passing(_))), "{sent:?}");
    assert_eq!(call.number("http.request.resend_count"), Some(2));
    assert_eq!(call.number("http.request.body.size"), Some(3));
    assert_eq!(call.text("error.type"), "passing");
}

#[tokio::test]
async fn an_upload_instead_of_a_mount_is_no_failure() {
    let accepted = "202 Accepted\r\nLocation: http://HOST/v2/app/blobs/uploads/1?_state=abc";
    let registry = Registry::start(accepted).await;
    let session = registry.session().await;
    let (calls, _guard) = Calls::watch();
    let (at, from) = (registry.image("app"), registry.image("base"));
    let mounted = session.mount(&at, &from, DIGEST).await;
    assert!(!mounted.expect("answered"));
    let call = one(&calls);
    assert!(!call.is_failed(), "{call:?}");
    assert_eq!(call.text("error.type"), "");
    assert_eq!(call.number("http.request.resend_count"), None);
    assert_eq!(call.number("http.request.body.size"), Some(0));
}

#[tokio::test]
async fn a_call_that_is_stopped_has_not_failed() {
    let registry = Registry::start("200 OK").await;
    let session = registry.session().await;
    let (calls, _guard) = Calls::watch();
    session.stop.cancel();
    let asked = session.has_blob(&registry.image("app"), DIGEST).await;
    assert!(matches!(asked, Err(Fault::Stopped)), "{asked:?}");
    assert!(!one(&calls).is_failed());
}
