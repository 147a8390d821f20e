//! Peers that open connections and mean no good: others are served all the while.

use std::time::Duration;

use shipway_proto::v1;
use shipway_tests::patiently;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::node::Node;
use super::submit::{ACCOUNT, client, submit};

const HALF_OPEN: usize = 10_000;
/// Of those that have made no call, the coordinator keeps so many (docs/limits.md).
const STRANGERS: usize = 1024;
/// Memory of a connection that has made no call, in KiB: an HTTP/2 connection with its buffers.
const PER_STRANGER: u64 = 64;
/// What a burst leaves behind in queues and allocators, in KiB.
const SLACK: u64 = 64 * 1024;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![size[1], size[2], size[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// HEADERS of a call: literals without Huffman, never indexed.
fn headers(path: &str) -> Vec<u8> {
    let mut block = Vec::new();
    let pairs = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    for (name, value) in pairs {
        block.push(0x10);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// Reads until the coordinator closes the connection.
async fn closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    let end = async {
        // A reset is as good as an end.
        drop(stream.read_to_end(&mut read).await);
    };
    patiently("the connection is closed", end).await;
    read
}

/// A client that knows nothing of the others is served, and so is one that was there before.
async fn serves(url: &str, old: &mut v1::shipway_client::ShipwayClient<tonic::transport::Channel>) {
    for client in [&mut client(url).await, old] {
        let queue = client.queue(v1::QueueRequest {});
        let answer = patiently("an answer", queue).await;
        drop(answer.expect("others are served"));
    }
}

#[tokio::test]
async fn ten_thousand_half_open_connections_keep_nobody_from_being_served() {
    shipway_runtime::files::raise_limit();
    let possible = shipway_runtime::files::limit().map_or(HALF_OPEN, |files| {
        usize::try_from(files.saturating_sub(500)).unwrap()
    });
    let count = HALF_OPEN.min(possible);
    if count < HALF_OPEN {
        eprintln!("ONLY {count} connections: the limit of open files permits no more");
    }
    let mut node = Node::start();
    let mut old = client(&node.url).await;
    let agent = shipway_tests::RawAgent::connect(&node.url, "agent-1", ACCOUNT, 1).await;
    serves(&node.url, &mut old).await;
    let before = (node.status("VmRSS"), node.open_files());
    let mut open = Vec::new();
    for number in 0..count {
        let mut stream = patiently("a connection", TcpStream::connect(node.address()))
            .await
            .unwrap();
        // Some say nothing, some begin a handshake, some end it and say nothing more.
        let said: &[u8] = match number % 3 {
            0 => b"",
            1 => &PREFACE[..10],
            _ => &[PREFACE, SETTINGS].concat(),
        };
        // It may have been cut already for newer ones.
        stream.write_all(said).await.ok();
        open.push(stream);
        if number % 1000 == 0 {
            serves(&node.url, &mut old).await;
            let files = node.open_files();
            assert!(files <= before.1 + STRANGERS + 200, "{files} open files");
        }
    }
    serves(&node.url, &mut old).await;
    let release = submit(&node.url, "meanwhile").await;
    assert!(release < u64::MAX);
    let peak = node.status("VmHWM");
    println!(
        "{count} half-open: peak {peak} KiB, before {} KiB",
        before.0
    );
    assert!(peak <= before.0 + STRANGERS as u64 * PER_STRANGER + SLACK);
    // Those that are left are cut when they have had their time.
    let gone = async {
        while node.open_files() > before.1 + 50 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    patiently("the half-open connections go", gone).await;
    serves(&node.url, &mut old).await;
    node.is_well();
    drop(agent);
}

#[tokio::test]
async fn garbage_is_answered_with_the_end_of_its_connection_alone() {
    let mut node = Node::start();
    let mut old = client(&node.url).await;
    let good = [PREFACE, SETTINGS].concat();
    let then = |bytes: &[u8]| [&good[..], bytes].concat();
    let queue = headers("/shipway.v1.Shipway/Queue");
    let said: Vec<(&str, Vec<u8>)> = vec![
        ("HTTP/1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("TLS", [0x16, 3, 1, 2, 0, 1].repeat(100)),
        (
            "noise",
            (0..4096_u32).map(|n| ((n * 7919) >> 3) as u8).collect(),
        ),
        (
            "a frame of 16 MiB",
            then(&[255, 255, 255, 0, 0, 0, 0, 0, 1]),
        ),
        ("data of no stream", then(&frame(0, 0, 7, b"x"))),
        ("headers that are none", then(&frame(1, 4, 1, &[0xff; 200]))),
        ("settings of another size", then(&frame(4, 0, 0, &[0; 5]))),
        ("headers of stream 0", then(&frame(1, 4, 0, &queue))),
        ("a push", then(&frame(5, 4, 1, &[0, 0, 0, 2]))),
        ("a window beyond all", {
            let most = frame(8, 0, 0, &0x7fff_ffff_u32.to_be_bytes());
            then(&[most.clone(), most].concat())
        }),
    ];
    for (what, bytes) in said {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        drop(closed(&mut stream).await);
        serves(&node.url, &mut old).await;
        println!("{what}: closed");
    }
    node.is_well();
}

#[tokio::test]
async fn floods_of_frames_end_their_connection_and_memory_stays() {
    let mut node = Node::start();
    let mut old = client(&node.url).await;
    serves(&node.url, &mut old).await;
    let before = node.status("VmRSS");
    let queue = headers("/shipway.v1.Shipway/Queue");
    // Rapid reset: calls that are opened and given up at once.
    let resets = |at: u32| {
        let stream = at * 2 + 1;
        let reset = frame(3, 0, stream, &8_u32.to_be_bytes());
        [frame(1, 4, stream, &queue), reset].concat()
    };
    // Headers that never end.
    let endless = |at: u32| match at {
        0 => frame(1, 0, 1, &queue),
        _ => frame(
            9,
            0,
            1,
            &[[0x10, 1, b'a', 100].as_slice(), &[b'b'; 100]].concat(),
        ),
    };
    let settings = |_| SETTINGS.to_vec();
    let empty = |at: u32| match at {
        0 => frame(1, 4, 1, &queue),
        _ => frame(0, 0, 1, b""),
    };
    type Flood<'a> = &'a dyn Fn(u32) -> Vec<u8>;
    let floods: [(&str, Flood<'_>); 4] = [
        ("rapid reset", &resets),
        ("endless headers", &endless),
        ("settings", &settings),
        ("empty data", &empty),
    ];
    for (what, flood) in floods {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(PREFACE).await.unwrap();
        stream.write_all(SETTINGS).await.unwrap();
        let mut sent = 0_u32;
        let pour = async {
            // The peer does not read, either.
            while sent < 2_000_000 {
                let frames: Vec<u8> = (sent..sent + 100).flat_map(flood).collect();
                if stream.write_all(&frames).await.is_err() {
                    return;
                }
                sent += 100;
            }
        };
        patiently(what, pour).await;
        println!("{what}: ended after about {sent} frames");
        assert!(sent < 2_000_000, "{what} went on for ever");
        serves(&node.url, &mut old).await;
    }
    let peak = node.status("VmHWM");
    println!("floods: peak {peak} KiB, before {before} KiB");
    assert!(peak <= before + SLACK);
    node.is_well();
}

#[tokio::test]
async fn beyond_max_connections_a_peer_is_closed_and_those_within_stay() {
    let mut node = Node::start_with(&[("SHIPWAY_MAX_CONNECTIONS", "8")]);
    let mut within = Vec::new();
    for _ in 0..8 {
        let mut client = client(&node.url).await;
        drop(client.queue(v1::QueueRequest {}).await.unwrap());
        within.push(client);
    }
    let mut ninth = TcpStream::connect(node.address()).await.unwrap();
    assert!(closed(&mut ninth).await.is_empty());
    for client in &mut within {
        drop(client.queue(v1::QueueRequest {}).await.unwrap());
    }
    // A place that is free again is given again.
    drop(within.pop());
    let again = async {
        loop {
            let client = v1::shipway_client::ShipwayClient::connect(node.url.clone()).await;
            if let Ok(mut client) = client
                && client.queue(v1::QueueRequest {}).await.is_ok()
            {
                return;
            }
        }
    };
    patiently("a place", again).await;
    node.is_well();
}
