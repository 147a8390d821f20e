//! The service as a process: it answers, drains on SIGTERM, and ends with a clear word when its
//! configuration is broken.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

struct Service {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn start(name: &str) -> Service {
    let folder = folder(name);
    let config = folder.join("config.json");
    std::fs::write(&config, r#"{"version": "1.2.3", "greeting": "hi"}"#).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hello"))
        .env("HELLO_CONFIG", &config)
        .env("PORT", "0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port = line.trim().rsplit(':').next().unwrap().to_owned();
    Service {
        child,
        address: format!("127.0.0.1:{port}"),
        folder,
    }
}

fn ask(address: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn health_tells_status_and_version() {
    let service = start("health");
    let text = answer(ask(&service.address, "/health"));
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(
        text.ends_with("{\"status\":\"ok\",\"version\":\"1.2.3\"}\n"),
        "{text}"
    );
}

#[test]
fn sigterm_lets_an_open_request_end_and_then_ends_the_service() {
    let mut service = start("drain");
    let open = ask(&service.address, "/slow");
    // The request is under way once a later one on the same thread was answered.
    answer(ask(&service.address, "/health"));
    let id = service.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(answer(open).ends_with("done\n"));
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broken_configuration_ends_it_with_code_1_and_says_why() {
    let config = folder("broken").join("config.json");
    std::fs::write(&config, r#"{"version": "1", "greting": "hi"}"#).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hello"))
        .env("HELLO_CONFIG", &config)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("unknown field `greting`, expected one of"),
        "{said}"
    );
}
