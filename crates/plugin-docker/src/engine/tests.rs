//! Spans of calls of an engine, as an exporter sees them.

use shipway_plugin::contract::calls::{Call, Calls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use super::*;

const PATH: &str = "/images/h/team/app@sha256:0123/push?tag=r-1";

/// A push, answered so by an engine of our own; `None` when nobody listens.
async fn push(answer: Option<&str>) -> (Result<Reply, EngineError>, Call) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("docker.sock");
    let mut traffic = JoinSet::new();
    if let Some(answer) = answer {
        let listener = UnixListener::bind(&socket).expect("a socket");
        let answer = answer.to_owned();
        traffic.spawn(async move {
            let (mut client, _) = listener.accept().await.expect("a client");
            let mut asked = [0; 4096];
            let _read = client.read(&mut asked).await;
            let _sent = client.write_all(answer.as_bytes()).await;
        });
    }
    let (calls, _guard) = Calls::watch();
    let route = Route::new("/images/{name}/push", PATH);
    let answer = Engine::new(socket).call(Method::POST, route, None).await;
    let calls = calls.named("docker.call");
    assert_eq!(calls.len(), 1, "{calls:?}");
    (answer, calls.into_iter().next().expect("one"))
}

#[tokio::test]
async fn names_of_spans_are_few_and_numbers_are_numbers() {
    let (answer, call) = push(Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).await;
    assert_eq!(answer.expect("answered").body, "ok");
    assert_eq!(call.text("otel.name"), "docker:POST /images/{name}/push");
    assert_eq!(call.text("url.template"), "/images/{name}/push");
    assert_eq!(call.text("url.path"), "/images/h/team/app@sha256:0123/push");
    assert_eq!(call.number("http.response.status_code"), Some(200));
    assert_eq!(call.number("http.response.body.size"), Some(2));
    assert!(!call.is_failed() && call.text("error.type").is_empty());
}

#[tokio::test]
async fn failures_have_a_class_and_quote_no_query() {
    let body = r#"{"message":"Put \"https://h/v2/uploads/1?_state=s3cret\": EOF"}"#;
    let head = "HTTP/1.1 500 Internal Server Error\r\nContent-Length:";
    let (answer, call) = push(Some(&format!("{head} {}\r\n\r\n{body}", body.len()))).await;
    let error = answer.err().expect("refused").to_string();
    assert!(
        error.starts_with(r#"Put "https://h/v2/uploads/1": EOF"#),
        "{error}"
    );
    assert!(call.is_failed());
    assert_eq!(call.text("otel.status_description"), error);
    assert_eq!(call.text("error.type"), "500");
    assert_eq!(call.number("http.response.status_code"), Some(500));

    let (_, call) = push(Some("")).await;
    assert_eq!(call.text("error.type"), "broken off");
    let (_, call) = push(None).await;
    assert_eq!(call.text("error.type"), "unreachable");
}
