//! What people see of a solve.

use std::sync::Mutex;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::VertexStatus;
use shipway_plugin::Secret;

use super::*;

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl BuildProgress for Seen {
    fn pushing(&self) {
        self.0.lock().unwrap().push("pushing".to_owned());
    }
    fn line(&self, stream: LogStream, line: &str) {
        self.0.lock().unwrap().push(format!("{stream:?} {line}"));
    }
    fn stage(&self, name: &str, cached: bool, done: bool) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{name} cached={cached} done={done}"));
    }
}

fn vertex(digest: &str, name: &str, cached: bool, done: bool, error: &str) -> StatusResponse {
    let time = Timestamp::default();
    StatusResponse {
        vertexes: vec![Vertex {
            digest: digest.to_owned(),
            name: name.to_owned(),
            cached,
            started: Some(time),
            completed: done.then_some(time),
            error: error.to_owned(),
            ..Vertex::default()
        }],
        ..StatusResponse::default()
    }
}

fn log(vertex: &str, stream: i64, msg: &str) -> StatusResponse {
    StatusResponse {
        logs: vec![VertexLog {
            vertex: vertex.to_owned(),
            timestamp: None,
            stream,
            msg: msg.as_bytes().to_vec(),
        }],
        ..StatusResponse::default()
    }
}

#[test]
fn a_stage_is_told_once_per_change_and_its_output_comes_before_its_end() {
    let seen = Seen::default();
    let redact = Redactor::new(&[Secret::new("hunter2")]);
    let mut watch = Watch::new(&seen, &redact);
    watch.apply(vertex("a", "[1/2] RUN make", false, false, ""));
    watch.apply(vertex("a", "[1/2] RUN make", false, false, ""));
    watch.apply(log("a", 1, "compil"));
    watch.apply(log("a", 2, "oh hunt"));
    watch.apply(log("a", 1, "ing\nhalf"));
    watch.apply(log("a", 2, "er2\n"));
    watch.apply(vertex("a", "[1/2] RUN make", false, true, ""));
    watch.apply(vertex("a", "[1/2] RUN make", true, true, ""));
    watch.finish();
    assert_eq!(
        *seen.0.lock().unwrap(),
        [
            "[1/2] RUN make cached=false done=false",
            "Out compiling",
            "Err oh [redacted]",
            "Out half",
            "[1/2] RUN make cached=false done=true",
        ]
    );
}

#[test]
fn only_steps_of_the_dockerfile_are_counted() {
    let seen = Seen::default();
    let redact = Redactor::new([]);
    let mut watch = Watch::new(&seen, &redact);
    watch.apply(vertex(
        "a",
        "[internal] load metadata for x",
        false,
        true,
        "",
    ));
    watch.apply(vertex("b", "http://buildkit-session/1", false, true, ""));
    watch.apply(vertex("c", "[1/2] COPY a /", true, true, ""));
    watch.apply(vertex("d", "[2/2] RUN b", false, true, ""));
    watch.apply(vertex("e", "exporting to image", false, true, ""));
    assert_eq!(watch.counts(), (2, 1));
}

#[test]
fn the_failed_step_is_the_one_with_an_error_of_its_own() {
    let seen = Seen::default();
    let redact = Redactor::new([]);
    let mut watch = Watch::new(&seen, &redact);
    watch.apply(vertex(
        "a",
        "[a 1/1] RUN slow",
        false,
        true,
        "context canceled",
    ));
    for n in 0..20 {
        watch.apply(log("b", 1, &format!("line {n}\n")));
    }
    watch.apply(vertex("b", "[b 1/1] RUN make", false, true, "exit code: 2"));
    let step = watch.failed_step(None).unwrap();
    assert_eq!(step.name, "[b 1/1] RUN make");
    assert_eq!(step.output.len(), KEPT_LINES);
    assert_eq!(step.output.last().unwrap(), "line 19");
    assert_eq!(
        watch.failed_step(Some("a")).unwrap().name,
        "[a 1/1] RUN slow"
    );
}

#[test]
fn a_push_inside_the_solve_is_noticed_once() {
    let seen = Seen::default();
    let redact = Redactor::new([]);
    let mut watch = Watch::new(&seen, &redact);
    for id in [
        "exporting layers",
        "pushing layers",
        "pushing manifest for x",
    ] {
        watch.apply(StatusResponse {
            statuses: vec![VertexStatus {
                id: id.to_owned(),
                ..VertexStatus::default()
            }],
            ..StatusResponse::default()
        });
    }
    assert_eq!(*seen.0.lock().unwrap(), ["pushing"]);
}
