//! One request: which, changed how, and what kind of answer it must get.

use std::fmt::{Debug, Formatter};

use serde_json::Value;

use super::mutate::{self, Pool};
use super::others::{CONTROL, QUERY, REGISTRY};
use super::rng::Rng;
use super::seeds::{CLOUDWATCH, JSON};

/// Content types of answers.
pub(crate) const JSON_11: &str = "application/x-amz-json-1.1";
pub(crate) const JSON_10: &str = "application/x-amz-json-1.0";
pub(crate) const XML: &str = "text/xml";
pub(crate) const CBOR: &str = "application/cbor";

const CBOR_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";
const ACCOUNT: &str = "111111111111";
const REGION: &str = "eu-west-1";

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// AWS and the control API.
    Aws,
    /// The registry of [`ACCOUNT`].
    Registry,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) host: Host,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The content type of its answer, where nothing about the frame was changed.
    pub(crate) answered_in: Option<&'static str>,
}

impl Debug for Request {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(to, "{} {} ({:?})", self.method, self.path, self.host)?;
        for (name, value) in &self.headers {
            writeln!(to, "{name}: {value:?}")?;
        }
        let body = &self.body[..self.body.len().min(6000)];
        write!(to, "\n{} ({} bytes)", body.escape_ascii(), self.body.len())
    }
}

/// The next request.
pub(crate) fn any(rng: &mut Rng, pool: &Pool, token: &str) -> Request {
    let mut request = match rng.below(100) {
        0..60 => json(rng, pool),
        60..72 => query(rng, pool),
        72..77 => cbor(rng, pool),
        77..87 => control(rng, pool),
        _ => registry(rng, pool, token),
    };
    if rng.chance(12) {
        mutate::bytes(rng, &mut request.body);
    }
    if rng.chance(12) {
        frame(rng, pool, &mut request);
    }
    tame(&mut request);
    request
}

fn aws(method: &str, path: &str, body: Vec<u8>) -> Request {
    Request {
        host: Host::Aws,
        method: method.to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
        body,
        answered_in: None,
    }
}

fn sign(rng: &mut Rng, pool: &Pool, request: &mut Request) {
    let key = match rng.below(100) {
        0..88 => ACCOUNT.to_owned(),
        88..92 => "000000000000".to_owned(),
        92..96 => "222222222222".to_owned(),
        _ => pool
            .get(rng, "AccessKeyId")
            .unwrap_or_else(|| "AKIAUNKNOWN".to_owned()),
    };
    let region = if rng.chance(3) { "us-east-1" } else { REGION };
    if let Some(token) = pool
        .get(rng, "SessionToken")
        .filter(|_| key.starts_with("ASIA"))
    {
        request.set("x-amz-security-token", token);
    }
    request.set(
        "authorization",
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261101/{region}/any/aws4_request, \
             SignedHeaders=host, Signature=00"
        ),
    );
}

fn json(rng: &mut Rng, pool: &Pool) -> Request {
    let (prefix, action, input) = *rng.pick(&JSON);
    let mut input: Value = serde_json::from_str(input).unwrap_or_default();
    mutate::input(rng, pool, &mut input);
    let mut request = aws("POST", "/", input.to_string().into_bytes());
    request.set("content-type", JSON_11);
    request.set("x-amz-target", format!("{prefix}{action}"));
    sign(rng, pool, &mut request);
    request.answered_in = Some(match prefix {
        CLOUDWATCH => JSON_10,
        _ => JSON_11,
    });
    request
}

fn query(rng: &mut Rng, pool: &Pool) -> Request {
    let seed = *rng.pick(QUERY);
    let form = mutate::form(rng, pool, seed);
    let mut request = aws("POST", "/", form.into_bytes());
    request.set("content-type", "application/x-www-form-urlencoded");
    sign(rng, pool, &mut request);
    request
}

fn cbor(rng: &mut Rng, pool: &Pool) -> Request {
    let calls: Vec<_> = JSON.iter().filter(|call| call.0 == CLOUDWATCH).collect();
    let (_, action, input) = **rng.pick(&calls);
    let mut input: Value = serde_json::from_str(input).unwrap_or_default();
    mutate::input(rng, pool, &mut input);
    let mut body = Vec::new();
    // Writing to memory does not fail.
    let _written = ciborium::into_writer(&input, &mut body);
    let mut request = aws("POST", &format!("{CBOR_PATH}{action}"), body);
    request.set("content-type", CBOR);
    request.set("smithy-protocol", "rpc-v2-cbor");
    sign(rng, pool, &mut request);
    request.answered_in = Some(CBOR);
    request
}

fn control(rng: &mut Rng, pool: &Pool) -> Request {
    let (method, path, input) = *rng.pick(CONTROL);
    let body = match serde_json::from_str::<Value>(input) {
        Ok(mut input) => {
            mutate::input(rng, pool, &mut input);
            input.to_string()
        }
        Err(_) => String::new(),
    };
    aws(method, path, body.into_bytes())
}

fn registry(rng: &mut Rng, pool: &Pool, token: &str) -> Request {
    let (method, path, kind, body) = *rng.pick(REGISTRY);
    let mut path = path.to_owned();
    if let Some(upload) = pool.get(rng, "upload") {
        path = path.replace("LOCATION", &upload);
    }
    if let Some((bare, query)) = path.clone().split_once('?') {
        path = format!("{bare}?{}", mutate::form(rng, pool, query));
    }
    let body = match serde_json::from_str::<Value>(body) {
        Ok(mut input) => {
            mutate::input(rng, pool, &mut input);
            input.to_string()
        }
        Err(_) => body.to_owned(),
    };
    let mut request = aws(method, &path, body.into_bytes());
    request.host = Host::Registry;
    if !kind.is_empty() {
        request.set("content-type", kind);
    }
    request.set("authorization", format!("Basic {token}"));
    if rng.chance(20) {
        let ranges = [
            "0-4",
            "5-9",
            "4-0",
            "0-18446744073709551615",
            "bytes=0-4",
            "bytes=9-",
            "x",
            "bytes=-1",
        ];
        let name = if rng.chance(50) {
            "range"
        } else {
            "content-range"
        };
        request.set(name, *rng.pick(&ranges));
    }
    request
}

/// Changes what is around the body: target, credentials, content type, path, method, query.
fn frame(rng: &mut Rng, pool: &Pool, request: &mut Request) {
    request.answered_in = None;
    match rng.below(9) {
        0 => {
            let (prefix, action, _) = *rng.pick(&JSON);
            let other = rng.pick(&JSON).0;
            let targets = [
                format!("{other}{action}"),
                format!("{prefix}{action}x"),
                prefix.to_owned(),
                action.to_owned(),
                "x".repeat(rng.below(5000)),
                format!("{prefix}{}", "Describe".repeat(rng.below(500))),
                String::new(),
            ];
            request.set("x-amz-target", rng.pick(&targets).clone());
        }
        1 => {
            let values = [
                "",
                "Basic QVdTOng=",
                "Basic ////",
                "Bearer x",
                "AWS4-HMAC-SHA256 Credential=/////aws4_request",
                "AWS4-HMAC-SHA256 Credential=111111111111/20261101/eu-west-1/ecs/aws4_request",
                "AWS4-HMAC-SHA256 Credential=111111111111/x//ecs/aws4_request, Signature=",
                "AWS4-HMAC-SHA256 Credential=111111111111/x/<&>\"%00/ecs/aws4_request, Signature=",
                "AWS4-HMAC-SHA256 Credential=11111111111é/x/eu-west-1/ecs/aws4_request",
                "AWS4-HMAC-SHA256 ",
            ];
            request.set("authorization", *rng.pick(&values));
        }
        2 => request.headers.retain(|(name, _)| name != "authorization"),
        3 => {
            let kinds = [
                "",
                "text/plain",
                "application/json",
                CBOR,
                "x/y; charset=utf-16",
                "\u{e9}",
            ];
            request.set("content-type", *rng.pick(&kinds));
        }
        4 => {
            let odd = mutate::percent(&mutate::odd_text(rng));
            let paths = [
                "/".to_owned(),
                "//".to_owned(),
                format!("/{odd}"),
                format!("{}/{odd}", request.path),
                format!("/_sim/{odd}"),
                format!("/v2/{odd}/manifests/{odd}"),
                format!("{CBOR_PATH}{odd}"),
                format!("/v2/app/blobs/{odd}"),
                "*".to_owned(),
            ];
            request.path.clone_from(rng.pick(&paths));
        }
        5 => {
            let methods = [
                "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "QUERY",
            ];
            (*rng.pick(&methods)).clone_into(&mut request.method);
        }
        6 => {
            let query = mutate::form(rng, pool, "n=1&last=x&digest=sha256:0&since=1e308&token=x");
            request.path = format!("{}?{query}", request.path.trim_end_matches('?'));
        }
        7 => {
            let values = ["rpc-v2-cbor", "rpc-v2-json", "", "x"];
            request.set("smithy-protocol", *rng.pick(&values));
        }
        _ => {
            let names = [
                "x-amz-security-token",
                "range",
                "accept",
                "expect",
                "content-encoding",
                "x-amz-date",
            ];
            let name = *rng.pick(&names);
            request.set(name, mutate::odd_text(rng));
        }
    }
}

/// Rules that shall fail calls, and limits, are real: they may not strike the others' requests.
fn tame(request: &mut Request) {
    let about = |part: &str| request.path.to_lowercase().contains(part);
    let (faults, limits) = (about("faults"), about("limits"));
    if !faults && !limits {
        return;
    }
    if let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) {
        match &mut body {
            Value::Object(members) if faults => {
                members.insert("account".to_owned(), "999999999999".into());
            }
            Value::Object(members) => {
                members.insert("enabled".to_owned(), false.into());
            }
            other => *other = Value::Array(Vec::new()),
        }
        request.body = body.to_string().into_bytes();
    }
}

impl Request {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
    }
}
