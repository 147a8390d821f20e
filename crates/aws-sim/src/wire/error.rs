//! Errors as AWS services answer them.

use thiserror::Error;

/// A refusal: code, text and HTTP status. The frame gives it the form of its protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub(crate) struct ApiError {
    /// For example `ServiceNotFoundException`.
    pub(crate) code: &'static str,
    /// Text for people.
    pub(crate) message: String,
    /// HTTP status; 400 for what the client did wrong.
    pub(crate) status: u16,
}

impl ApiError {
    /// A refusal with status 400, as nearly all of the JSON services' are.
    pub(crate) fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: 400,
        }
    }

    /// A refusal with status 403, as STS uses for credentials and permissions.
    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 403,
            ..Self::client(code, message)
        }
    }

    /// A failure of the service itself, status 500.
    pub(crate) fn server(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 500,
            ..Self::client(code, message)
        }
    }

    /// `InvalidParameterException` (ECS, ECR).
    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterException", message)
    }

    /// `ValidationException` (Auto Scaling, SSM).
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// The operation is not offered here, whether or not AWS has it.
    pub(crate) fn unknown_operation(action: &str) -> Self {
        Self::client(
            "UnknownOperationException",
            format!("The simulator does not offer the operation {action}"),
        )
    }
}
