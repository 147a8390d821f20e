//! What can go wrong between us and a registry, in the classes that the build acts upon.

use std::error::Error;
use std::fmt;

use oci_client::errors::{OciDistributionError, OciErrorCode};
use shipway_plugin::{BuildError, ErrorKind, PlatformError, without_queries};

/// A failure of a step of the build.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Login missing, wrong or without the right: a fresh login may help.
    Authorisation(String),
    /// It is not there.
    Absent(String),
    /// Not reached, cut off or overloaded: the same may work in a moment.
    Passing(String),
    /// Refused for good.
    Refused(String),
    /// The order cannot be carried out.
    Invalid(String),
    /// It was asked to stop.
    Stopped,
}

impl Fault {
    /// The build's error for it; `image` is what was pushed.
    pub(crate) fn into_error(self, image: &str) -> BuildError {
        let push = |message, authorisation| BuildError::Push {
            image: image.to_owned(),
            message,
            authorisation,
        };
        match self {
            Self::Authorisation(message) => push(message, true),
            Self::Absent(message) | Self::Refused(message) => push(message, false),
            Self::Passing(message) => BuildError::Interrupted(message),
            Self::Invalid(message) => BuildError::Invalid(message),
            Self::Stopped => BuildError::Stopped,
        }
    }

    /// Its class, as `error.type` of a call's span.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::Authorisation(_) => "authorisation",
            Self::Absent(_) => "absent",
            Self::Passing(_) => "passing",
            Self::Refused(_) => "refused",
            Self::Invalid(_) => "invalid",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorisation(words)
            | Self::Absent(words)
            | Self::Passing(words)
            | Self::Refused(words)
            | Self::Invalid(words) => f.write_str(words),
            Self::Stopped => f.write_str("it was asked to stop"),
        }
    }
}

impl From<PlatformError> for Fault {
    fn from(error: PlatformError) -> Self {
        let message = without_queries(&format!("no login to the registry: {error}"));
        match error.kind {
            ErrorKind::Credentials | ErrorKind::Denied => Self::Authorisation(message),
            kind if kind.is_passing() => Self::Passing(message),
            _ => Self::Refused(message),
        }
    }
}

impl From<OciDistributionError> for Fault {
    fn from(error: OciDistributionError) -> Self {
        use OciDistributionError as E;
        match &error {
            E::AuthenticationFailure(_) | E::UnauthorizedError { .. } => {
                Self::Authorisation(words(&error))
            }
            E::RegistryError { envelope, .. } => {
                let said = |code: OciErrorCode| envelope.errors.iter().any(|e| e.code == code);
                if said(OciErrorCode::Unauthorized) || said(OciErrorCode::Denied) {
                    Self::Authorisation(words(&error))
                } else if said(OciErrorCode::Toomanyrequests) {
                    Self::Passing(words(&error))
                } else if [
                    OciErrorCode::ManifestUnknown,
                    OciErrorCode::NameUnknown,
                    OciErrorCode::NotFound,
                    OciErrorCode::BlobUnknown,
                ]
                .into_iter()
                .any(said)
                {
                    Self::Absent(words(&error))
                } else {
                    Self::Refused(words(&error))
                }
            }
            E::ServerError { code, message, .. } => {
                by_status(*code, registry_words(message, *code))
            }
            E::RequestError(request) => match request.status() {
                Some(status) => by_status(status.as_u16(), words(&error)),
                None if request.is_builder() => Self::Refused(words(&error)),
                None => Self::Passing(words(&error)),
            },
            E::IoError(_) | E::DigestError(_) => Self::Passing(words(&error)),
            _ => Self::Refused(words(&error)),
        }
    }
}

fn by_status(code: u16, message: String) -> Fault {
    match code {
        401 | 403 => Fault::Authorisation(message),
        404 => Fault::Absent(message),
        408 | 429 | 500.. => Fault::Passing(message),
        _ => Fault::Refused(message),
    }
}

/// The registry's own sentence out of its answer: JSON by the specification, or anything.
fn registry_words(body: &str, code: u16) -> String {
    // Before it is cut: half a URL is not known for one.
    let body = &without_queries(body);
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let first = json.as_ref().and_then(|json| json.pointer("/errors/0"));
    let field = |name| first.and_then(|e| e.get(name)).and_then(|v| v.as_str());
    match (field("code"), field("message")) {
        (Some(kind), Some(message)) => format!("{kind}: {message} (HTTP {code})"),
        (Some(text), None) | (None, Some(text)) => format!("{text} (HTTP {code})"),
        (None, None) if body.trim().is_empty() => format!("HTTP {code}"),
        (None, None) => {
            let start: String = body.trim().chars().take(300).collect();
            format!("{start} (HTTP {code})")
        }
    }
}

/// An error with all that lies beneath it: the outer sentence alone often says nothing. Where a registry sends its
/// clients, the query is the right to read or write there: it is told to nobody.
fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    without_queries(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, message: &str) -> Fault {
        Fault::from(OciDistributionError::ServerError {
            code,
            url: "http://registry/v2/".to_owned(),
            message: message.to_owned(),
        })
    }

    #[test]
    fn answers_fall_into_the_classes_that_matter() {
        assert!(matches!(answer(401, ""), Fault::Authorisation(_)));
        assert!(matches!(answer(403, ""), Fault::Authorisation(_)));
        assert!(matches!(answer(404, ""), Fault::Absent(_)));
        assert!(matches!(answer(429, ""), Fault::Passing(_)));
        assert!(matches!(answer(503, ""), Fault::Passing(_)));
        assert!(matches!(answer(400, ""), Fault::Refused(_)));
    }

    #[test]
    fn what_gives_a_right_in_a_url_is_told_to_nobody() {
        let url = || "https://user:s3cret@bucket/key?X-Amz-Signature=s3cret".to_owned();
        let envelope = || serde_json::from_str(r#"{"errors":[{"code":"DENIED"}]}"#).expect("valid");
        for error in [
            OciDistributionError::UnauthorizedError { url: url() },
            OciDistributionError::RegistryError {
                envelope: envelope(),
                url: url(),
            },
            OciDistributionError::ServerError {
                code: 500,
                url: url(),
                message: format!("{}{}", "x".repeat(280), url()),
            },
            OciDistributionError::IoError(std::io::Error::other(url())),
            OciDistributionError::AuthenticationFailure(format!("see {}", url())),
            OciDistributionError::GenericError(Some(url())),
        ] {
            let fault = Fault::from(error);
            let told = format!("{fault} {fault:?}");
            assert!(!told.contains("s3cret"), "{told}");
            assert!(told.contains("https://"), "{told}");
        }
    }

    #[test]
    fn the_registry_is_quoted_with_its_own_words() {
        let body = r#"{"errors":[{"code":"TAG_INVALID","message":"the tag exists"}]}"#;
        for (body, want) in [
            (body, "TAG_INVALID: the tag exists (HTTP 400)"),
            ("plain", "plain (HTTP 400)"),
            ("", "HTTP 400"),
        ] {
            let Fault::Refused(message) = answer(400, body) else {
                panic!("not refused");
            };
            assert_eq!(message, want);
        }
    }
}
