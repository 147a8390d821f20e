//! Reads what the engine says during a push: JSON objects, one after another (build-facts 7).

use std::collections::HashMap;

use serde_json::Value;
use shipway_domain::ids::Digest;
use shipway_plugin::without_queries;

/// Collects the output of one push.
#[derive(Debug, Default)]
pub(crate) struct PushOutput {
    rest: Vec<u8>,
    digest: Option<Digest>,
    error: Option<String>,
    /// Bytes of each layer that was sent (not compressed, as the engine counts).
    sent: HashMap<String, u64>,
}

impl PushOutput {
    /// Takes a piece; `line` gets a sentence for each layer that is done.
    pub(crate) fn take(&mut self, chunk: &[u8], mut line: impl FnMut(&str)) {
        self.rest.extend_from_slice(chunk);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let object: Vec<u8> = self.rest.drain(..=end).collect();
            if let Ok(object) = serde_json::from_slice(&object) {
                self.object(&object, &mut line);
            }
        }
    }

    /// What came out: the digest and the bytes sent, or the engine's complaint, which comes inside
    /// a stream with status 200.
    pub(crate) fn result(mut self) -> Result<(Digest, u64), String> {
        self.take(b"\n", |_| {});
        if let Some(error) = self.error {
            return Err(error);
        }
        let digest = self
            .digest
            .ok_or("the engine ended the push without a digest: unexpected EOF")?;
        Ok((digest, self.sent.values().sum()))
    }

    fn object(&mut self, object: &Value, line: &mut impl FnMut(&str)) {
        let error = object["errorDetail"]["message"]
            .as_str()
            .or_else(|| object["error"].as_str());
        if let Some(error) = error {
            // It quotes URLs of the registry, with what gives a right there.
            self.error = Some(without_queries(error));
        }
        if let Some(digest) = object["aux"]["Digest"].as_str() {
            self.digest = digest.parse().ok();
        }
        let status = object["status"].as_str().unwrap_or_default();
        if self.digest.is_none() {
            // Every engine says it in this line, only the classic store in `aux` too.
            self.digest = digest_of(status);
        }
        let Some(id) = object["id"].as_str() else {
            return;
        };
        match status {
            "Pushing" => {
                if let Some(current) = object["progressDetail"]["current"].as_u64() {
                    let sent = self.sent.entry(id.to_owned()).or_default();
                    *sent = current.max(*sent);
                }
            }
            "Pushed" | "Layer already exists" => line(&format!("{id}: {status}")),
            mounted if mounted.starts_with("Mounted from") => line(&format!("{id}: {status}")),
            _ => {}
        }
    }
}

/// The digest in `<tag>: digest: sha256:… size: n`.
fn digest_of(status: &str) -> Option<Digest> {
    let (_, rest) = status.split_once(": digest: ")?;
    rest.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Reads `text` in pieces of `size` bytes.
    fn read(text: &str, size: usize) -> (Result<(Digest, u64), String>, Vec<String>) {
        let mut output = PushOutput::default();
        let mut lines = Vec::new();
        for chunk in text.as_bytes().chunks(size) {
            output.take(chunk, |line| lines.push(line.to_owned()));
        }
        (output.result(), lines)
    }

    fn good() -> String {
        [
            r#"{"status":"The push refers to repository [127.0.0.1:5000/app]"}"#,
            r#"{"status":"Preparing","progressDetail":{},"id":"aa"}"#,
            r#"{"status":"Pushing","progressDetail":{"current":512,"total":700},"id":"aa"}"#,
            r#"{"status":"Pushing","progressDetail":{"current":1024},"id":"aa"}"#,
            r#"{"status":"Pushed","progressDetail":{},"id":"aa"}"#,
            r#"{"status":"Layer already exists","progressDetail":{},"id":"bb"}"#,
            &format!(r#"{{"status":"r-1: digest: {DIGEST} size: 527"}}"#),
        ]
        .join("\r\n")
    }

    #[test]
    fn the_digest_is_in_the_status_line_wherever_the_stream_is_cut() {
        for size in [1, 7, 64, 10_000] {
            let (result, lines) = read(&good(), size);
            assert_eq!(result, Ok((DIGEST.parse().unwrap(), 1024)));
            assert_eq!(lines, ["aa: Pushed", "bb: Layer already exists"]);
        }
    }

    #[test]
    fn the_aux_object_is_taken_too() {
        let text = format!(r#"{{"progressDetail":{{}},"aux":{{"Tag":"a","Digest":"{DIGEST}"}}}}"#);
        assert_eq!(read(&text, 100).0, Ok((DIGEST.parse().unwrap(), 0)));
    }

    #[test]
    fn an_error_inside_the_stream_is_an_error() {
        let text = format!(
            "{}\r\n{}",
            good(),
            r#"{"errorDetail":{"message":"no basic auth credentials"},"error":"no basic"}"#
        );
        assert_eq!(
            read(&text, 50).0,
            Err("no basic auth credentials".to_owned())
        );
    }

    #[test]
    fn a_stream_that_just_ends_is_no_success() {
        assert!(read(r#"{"status":"Preparing","id":"aa"}"#, 10).0.is_err());
        assert!(read("", 10).0.is_err());
    }
}
