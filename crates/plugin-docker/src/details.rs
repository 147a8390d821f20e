//! What newer engines add to a failed solve: typed details, as JSON inside protobuf (build-facts 3,
//! "Errors"). 20.10 adds none.

use bollard_buildkit_proto::google::rpc;
use prost::Message;
use serde_json::Value;

/// The details that we use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    /// First line of the failing instruction in the Dockerfile, from 1.
    pub(crate) line: Option<u64>,
    /// Digest of the failing vertex.
    pub(crate) vertex: Option<String>,
    /// Exit code of the failing program.
    pub(crate) exit_code: Option<i32>,
}

impl Details {
    /// Reads the details of a gRPC status; what is not understood is left out.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut details = Self::default();
        let Ok(status) = rpc::Status::decode(bytes) else {
            return details;
        };
        for any in status.details {
            let Ok(json) = serde_json::from_slice::<Value>(&any.value) else {
                continue;
            };
            if any.type_url.contains("errdefs.Source") {
                details.line = json["ranges"][0]["start"]["line"].as_u64().or(details.line);
            } else if any.type_url.contains("errdefs.Vertex") {
                details.vertex = json["digest"].as_str().map(str::to_owned);
            } else if any.type_url.contains("ExitMessage") {
                let code = json["Code"].as_i64().or_else(|| json["code"].as_i64());
                details.exit_code = code.and_then(|code| i32::try_from(code).ok());
            }
        }
        details
    }
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::google::protobuf::Any;

    use super::*;

    fn any(kind: &str, json: &str) -> Any {
        Any {
            type_url: format!("github.com/moby/buildkit/{kind}+json"),
            value: json.as_bytes().to_vec(),
        }
    }

    #[test]
    fn line_vertex_and_exit_code_are_read() {
        let status = rpc::Status {
            code: 2,
            message: String::new(),
            details: vec![
                any("stack.Stack", r#"{"frames":[]}"#),
                any("errdefs.Vertex", r#"{"digest":"sha256:ab"}"#),
                any("gatewayapi.ExitMessage", r#"{"Code":3}"#),
                any(
                    "errdefs.Source",
                    r#"{"info":{"filename":"Dockerfile"},"ranges":[{"start":{"line":4},"end":{"line":5}}]}"#,
                ),
            ],
        };
        assert_eq!(
            Details::read(&status.encode_to_vec()),
            Details {
                line: Some(4),
                vertex: Some("sha256:ab".to_owned()),
                exit_code: Some(3),
            }
        );
    }

    #[test]
    fn an_old_engine_has_none() {
        assert_eq!(Details::read(b""), Details::default());
        assert_eq!(Details::read(b"\xff\xff"), Details::default());
    }
}
