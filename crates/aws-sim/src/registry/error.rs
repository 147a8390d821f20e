//! Errors of the distribution protocol: `{"errors": [{"code", "message"}]}`.

use axum::body::Body;
use axum::response::Response;
use http::{StatusCode, header};
use serde_json::json;

use crate::ecr::{Refusal, too_many_images, too_many_tags};
use crate::faults::{DROPPED, INJECTED, Refused};

/// A refusal of a registry.
#[derive(Clone, Debug)]
pub(super) struct RegistryError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Value of `WWW-Authenticate`.
    challenge: Option<String>,
}

impl RegistryError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            challenge: None,
        }
    }

    /// No credentials, or none of ours.
    pub(super) fn unauthorized(host: &str) -> Self {
        Self {
            challenge: Some(format!(
                "Basic realm=\"http://{host}/\",service=\"ecr.amazonaws.com\""
            )),
            ..Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized")
        }
    }

    /// The caller may not do this.
    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    pub(super) fn name_unknown(owner: &str, name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            format!(
                "The repository with name '{name}' does not exist in the registry with id '{owner}'"
            ),
        )
    }

    pub(super) fn blob_unknown(digest: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "BLOB_UNKNOWN",
            format!("The blob {digest} does not exist in the repository"),
        )
    }

    pub(super) fn manifest_unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
    }

    pub(super) fn upload_unknown(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "BLOB_UPLOAD_UNKNOWN",
            format!("There is no upload {id}"),
        )
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What an injected fault answers.
    pub(super) fn injected(refused: Refused, host: &str) -> Self {
        match refused {
            Refused::Internal => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", INJECTED),
            Refused::Unavailable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", INJECTED)
            }
            Refused::Throttled => Self::throttled(),
            Refused::Expired => Self {
                message: "Your authorization token has expired. Reauthenticate and try again."
                    .to_owned(),
                ..Self::unauthorized(host)
            },
        }
    }

    /// More requests than the rates of ECR allow.
    pub(super) fn throttled() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOOMANYREQUESTS",
            "Rate exceeded",
        )
    }

    /// What the log says of a request whose connection ended before anything was done.
    pub(super) fn dropped() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, DROPPED, INJECTED)
    }

    pub(super) fn unsupported() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "The operation is unsupported",
        )
    }

    /// A manifest that was not taken; `tag` is where it should have gone.
    pub(super) fn refused(refusal: &Refusal, owner: &str, name: &str, tag: &str) -> Self {
        match refusal {
            Refusal::TooManyTags => Self::denied(too_many_tags(tag, name, owner)),
            Refusal::TooManyImages => Self::denied(too_many_images(name, owner)),
            Refusal::Malformed(problem) => Self::bad("MANIFEST_INVALID", problem),
            Refusal::LayersMissing(digests) => Self::bad(
                "MANIFEST_BLOB_UNKNOWN",
                format!("Blobs unknown to the repository: {}", digests.join(", ")),
            ),
            Refusal::ChildrenMissing(digests) => Self::bad(
                "MANIFEST_BLOB_UNKNOWN",
                format!(
                    "Manifests unknown to the repository: {}",
                    digests.join(", ")
                ),
            ),
            Refusal::TagTaken { .. } => Self::bad(
                "TAG_INVALID",
                format!(
                    "The image tag '{tag}' already exists in the '{name}' repository and cannot \
                     be overwritten because the tag is immutable."
                ),
            ),
            Refusal::Unchanged(_) => Self::bad("TAG_INVALID", "The image already exists"),
        }
    }

    pub(super) fn response(&self) -> Response {
        let body = json!({"errors": [{"code": self.code, "message": self.message}]});
        let mut response = Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(challenge) = &self.challenge {
            response = response.header(header::WWW_AUTHENTICATE, challenge);
        }
        response
            .body(Body::from(body.to_string()))
            .unwrap_or_default()
    }
}

impl From<std::io::Error> for RegistryError {
    fn from(error: std::io::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNKNOWN",
            error.to_string(),
        )
    }
}
