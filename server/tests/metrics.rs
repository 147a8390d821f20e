//! The endpoint for Prometheus: what it answers, whom it keeps waiting, and where it does not listen.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::net::SocketAddr;
use std::time::Duration;

use shipway_runtime::Clock;
use shipway_server::config::{BadConfig, MetricsConfig};
use shipway_server::{Server, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const FREE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// Runs a coordinator that tells metrics around `test`, and sees it end in good order.
async fn with_metrics<F: Future<Output = ()>>(test: impl FnOnce(String) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        listen: FREE.into(),
        data: folder.path().to_owned(),
        metrics: Some(MetricsConfig {
            listen: FREE.into(),
        }),
        ..ServerConfig::default()
    };
    let server = Server::start(config, Clock::system()).await.unwrap();
    let url = server.metrics_url().unwrap();
    let address = url.strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/metrics").unwrap().to_owned();
    let stop = CancellationToken::new();
    let ending = stop.clone();
    let test = async move {
        test(address).await;
        ending.cancel();
    };
    let ended = server.run(stop, Duration::from_secs(5));
    let (ended, ()) = tokio::join!(ended, test);
    ended.unwrap();
}

/// Sends a request and gives the whole answer.
async fn ask(address: &str, head: &str) -> String {
    let mut line = TcpStream::connect(address).await.unwrap();
    let request = format!("{head} HTTP/1.1\r\nHost: here\r\n\r\n");
    line.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn get_metrics_gives_openmetrics_and_nothing_else_is_there() {
    with_metrics(|address| async move {
        let answer = ask(&address, "GET /metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("content-type: application/openmetrics-text"));
        for line in [
            "shipway_queue_jobs{reason=\"no-agent\"} 0.0",
            "shipway_agents{state=\"connected\"} 0.0",
            "shipway_leases_expired_total 0.0",
            "shipway_store_errors_total{what=\"commit\"} 0.0",
        ] {
            assert!(answer.contains(line), "{line}\n{answer}");
        }
        assert!(answer.contains("\n# EOF"), "{answer}");
        let other = ask(&address, "GET /").await;
        assert!(other.starts_with("HTTP/1.1 404 "), "{other}");
        let post = ask(&address, "POST /metrics").await;
        assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
        assert!(post.contains("allow: GET"), "{post}");
    })
    .await;
}

#[tokio::test]
async fn who_sends_nothing_is_cut_off_and_holds_up_nobody_for_long() {
    with_metrics(|address| async move {
        let mut silent = Vec::new();
        for _ in 0..40 {
            let mut line = TcpStream::connect(&address).await.unwrap();
            // Some say a little; those beyond the bound are closed.
            drop(line.write_all(b"GET /met").await);
            silent.push(line);
        }
        let answered = async {
            loop {
                let mut line = TcpStream::connect(&address).await.unwrap();
                let request = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";
                let mut answer = Vec::new();
                if line.write_all(request).await.is_ok()
                    && line.read_to_end(&mut answer).await.is_ok()
                    && answer.starts_with(b"HTTP/1.1 200 ")
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), answered)
            .await
            .expect("a place becomes free");
        for mut line in silent {
            let mut rest = Vec::new();
            // Closed, or reset: it is over.
            let over = tokio::time::timeout(Duration::from_secs(30), line.read_to_end(&mut rest));
            drop(over.await.expect("the line is closed"));
        }
    })
    .await;
}

#[test]
fn metrics_are_told_on_loopback_only() {
    let open: SocketAddr = ([0, 0, 0, 0], 9465).into();
    let config = ServerConfig {
        metrics: Some(MetricsConfig { listen: open }),
        ..ServerConfig::default()
    };
    assert_eq!(config.validate(), Err(BadConfig::OpenMetrics(open)));
}
