//! A small HTTP service to deploy: `/health` says status and version; SIGTERM drains it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// What the service reads at its start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Version that `/health` tells.
    version: String,
    /// Words of the front page.
    greeting: String,
    /// Port to listen on; the variable PORT goes before it.
    #[serde(default = "usual_port")]
    port: u16,
}

const fn usual_port() -> u16 {
    8080
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(&format!("error: {problem}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let config = read_config()?;
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port(config.port)?));
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    say(&format!("hello {} listens on {bound}", config.version));
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let app = Router::new()
        .route("/", get(front))
        .route("/health", get(health))
        .route("/slow", get(slow))
        .with_state(config);
    // On SIGTERM no new connection is taken; requests that are open get their answers.
    let drain = async move {
        terminate.recv().await;
        say("SIGTERM: draining");
    };
    axum::serve(listener, app)
        .with_graceful_shutdown(drain)
        .await
        .map_err(|error| error.to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the example has no configuration library"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn read_config() -> Result<Config, String> {
    let path = PathBuf::from(variable("HELLO_CONFIG").unwrap_or_else(|| "/config.json".to_owned()));
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is broken: {error}", path.display()))
}

fn port(configured: u16) -> Result<u16, String> {
    variable("PORT").map_or(Ok(configured), |text| {
        text.parse()
            .map_err(|_| format!("PORT is {text:?}, which is no port"))
    })
}

async fn front(State(config): State<Config>) -> String {
    format!("{}\n", config.greeting)
}

async fn health(State(config): State<Config>) -> impl IntoResponse {
    let body = json!({"status": "ok", "version": config.version});
    ([(CONTENT_TYPE, "application/json")], format!("{body}\n"))
}

/// A request that takes a while, to see that draining waits for it.
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(1)).await;
    "done\n"
}

#[expect(clippy::print_stderr, reason = "the log of the service")]
fn say(line: &str) {
    eprintln!("{line}");
}
