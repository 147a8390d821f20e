//! The one place where errors of AWS become [`PlatformError`]s.

use std::error::Error;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ecs::operation::RequestId;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shipway_plugin::{ErrorKind, PlatformError};

use crate::operation::{ASSUME_ROLE, Operation};

/// Codes that mean "slower" (ecs-facts 5.3); `LimitExceededException` is decided by its message.
const THROTTLING: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

const CREDENTIALS: [&str; 11] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "RequestExpired",
];

const CONFLICT: [&str; 4] = [
    "ConflictException",
    "ConcurrentUpdateException",
    "ConcurrentModificationException",
    "UpdateInProgressException",
];

/// What an answer of AWS means, by code, message and HTTP status.
pub(crate) fn classify(code: &str, message: &str, status: u16) -> ErrorKind {
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    if THROTTLING.contains(&code) || status == 429 {
        return ErrorKind::Throttled;
    }
    if CREDENTIALS.contains(&code) {
        return ErrorKind::Credentials;
    }
    if CONFLICT.contains(&code) {
        return ErrorKind::Conflict;
    }
    match code {
        // A quota in earnest uses the code of throttling (ecs-facts 5.3).
        "LimitExceededException" if says("rate exceeded") || says("too many requests") => {
            ErrorKind::Throttled
        }
        // Two registrations of one family at once (ecs-facts 5.3).
        "ClientException" if says("too many concurrent attempts") => ErrorKind::Conflict,
        // Denials of iam:PassRole come in this guise too (ecs-facts 9.4).
        "ClientException" if says("is not authorized to perform") => ErrorKind::Denied,
        // What DescribeTaskDefinition says of one that does not exist.
        "ClientException"
            if says("unable to describe task definition")
                || says("task definition does not exist") =>
        {
            ErrorKind::NotFound
        }
        "ServiceNotActiveException" | "ParameterNotFound" | "NoSuchEntity" => ErrorKind::NotFound,
        "RequestTimeout" | "RequestTimeoutException" => ErrorKind::TimedOut,
        "ServerException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => ErrorKind::Unreachable,
        "UnauthorizedOperation" | "RegionDisabledException" => ErrorKind::Denied,
        "ClientException" | "LimitExceededException" | "BlockedException" => ErrorKind::Invalid,
        _ if code.starts_with("AccessDenied") => ErrorKind::Denied,
        _ if code.contains("NotFound") => ErrorKind::NotFound,
        _ if code.contains("AlreadyExists") => ErrorKind::AlreadyExists,
        _ if [
            "Invalid",
            "Validation",
            "Unsupported",
            "Malformed",
            "Unknown",
            "Serialization",
        ]
        .iter()
        .any(|start| code.starts_with(start)) =>
        {
            ErrorKind::Invalid
        }
        _ if code.contains("Incompatib") || code.contains("DoesNotMatch") => ErrorKind::Invalid,
        _ if status >= 500 => ErrorKind::Unreachable,
        _ if status == 403 => ErrorKind::Denied,
        _ => ErrorKind::Other,
    }
}

/// The error of a call through an SDK client.
pub(crate) fn from_sdk<E>(operation: &Operation, error: SdkError<E, HttpResponse>) -> PlatformError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let mut mapped = describe(operation, &error);
    mapped.source = error.into_source().ok().map(Arc::from);
    mapped
}

fn describe<E>(operation: &Operation, error: &SdkError<E, HttpResponse>) -> PlatformError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let kind = match error {
        SdkError::ServiceError(context) => return answered(operation, error, context.err()),
        SdkError::TimeoutError(_) => ErrorKind::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => ErrorKind::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_user() => ErrorKind::Invalid,
        SdkError::ConstructionFailure(_) => ErrorKind::Invalid,
        // Not reached, or the answer broke off or could not be read.
        _ => ErrorKind::Unreachable,
    };
    if let Some(failed) = about_credentials(error) {
        return failed;
    }
    let mut mapped = PlatformError::new(operation.action(), kind, chain(error));
    mapped.request_id = error.request_id().unwrap_or_default().to_owned();
    mapped
}

fn answered<E: ProvideErrorMetadata>(
    operation: &Operation,
    error: &SdkError<E, HttpResponse>,
    answer: &E,
) -> PlatformError {
    let code = answer.code().unwrap_or_default();
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    let message = answer.message().map_or_else(
        || match code {
            "" => format!("answered with HTTP status {status}"),
            _ => code.to_owned(),
        },
        str::to_owned,
    );
    let mut mapped = PlatformError::new(
        operation.action(),
        classify(code, &message, status),
        message,
    );
    code.clone_into(&mut mapped.code);
    mapped.request_id = error.request_id().unwrap_or_default().to_owned();
    mapped
}

/// When the call failed because there were no credentials for it: why there were none. Then the
/// call itself was never sent.
fn about_credentials(error: &(dyn Error + 'static)) -> Option<PlatformError> {
    let mut cause = error.source();
    let mut none = None;
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>() {
            return Some(describe(&ASSUME_ROLE, refused));
        }
        if none.is_none() && inner.is::<CredentialsError>() {
            none = Some(PlatformError::new(
                "credentials",
                ErrorKind::Credentials,
                chain(inner),
            ));
        }
        cause = inner.source();
    }
    none
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_facts_say() {
        for (code, message, status, kind) in [
            (
                "ThrottlingException",
                "Rate exceeded",
                400,
                ErrorKind::Throttled,
            ),
            ("TooManyRequestsException", "", 400, ErrorKind::Throttled),
            ("", "", 429, ErrorKind::Throttled),
            (
                "LimitExceededException",
                "Rate exceeded",
                400,
                ErrorKind::Throttled,
            ),
            (
                "LimitExceededException",
                "500 services per cluster",
                400,
                ErrorKind::Invalid,
            ),
            ("ExpiredTokenException", "", 400, ErrorKind::Credentials),
            ("ExpiredToken", "", 403, ErrorKind::Credentials),
            (
                "UnrecognizedClientException",
                "",
                400,
                ErrorKind::Credentials,
            ),
            ("InvalidClientTokenId", "", 403, ErrorKind::Credentials),
            ("AccessDenied", "", 403, ErrorKind::Denied),
            ("AccessDeniedException", "", 400, ErrorKind::Denied),
            (
                "ClientException",
                "User: x is not authorized to perform: iam:PassRole on resource: y",
                400,
                ErrorKind::Denied,
            ),
            (
                "ClientException",
                "Too many concurrent attempts to create a new revision of the specified family.",
                400,
                ErrorKind::Conflict,
            ),
            (
                "ClientException",
                "Unable to describe task definition.",
                400,
                ErrorKind::NotFound,
            ),
            (
                "ClientException",
                "TaskDefinition is inactive",
                400,
                ErrorKind::Invalid,
            ),
            (
                "InvalidParameterException",
                "TaskDefinition is inactive",
                400,
                ErrorKind::Invalid,
            ),
            ("ClusterNotFoundException", "", 400, ErrorKind::NotFound),
            ("ServiceNotActiveException", "", 400, ErrorKind::NotFound),
            (
                "ServiceDeploymentNotFoundException",
                "",
                400,
                ErrorKind::NotFound,
            ),
            ("RepositoryNotFoundException", "", 400, ErrorKind::NotFound),
            ("ParameterNotFound", "", 400, ErrorKind::NotFound),
            (
                "RepositoryAlreadyExistsException",
                "",
                400,
                ErrorKind::AlreadyExists,
            ),
            (
                "ImageTagAlreadyExistsException",
                "",
                400,
                ErrorKind::AlreadyExists,
            ),
            ("ConflictException", "", 400, ErrorKind::Conflict),
            ("ConcurrentUpdateException", "", 400, ErrorKind::Conflict),
            ("ServerException", "", 500, ErrorKind::Unreachable),
            ("", "", 502, ErrorKind::Unreachable),
            ("ValidationException", "", 400, ErrorKind::Invalid),
            ("UnsupportedFeatureException", "", 400, ErrorKind::Invalid),
            (
                "ImageDigestDoesNotMatchException",
                "",
                400,
                ErrorKind::Invalid,
            ),
            ("SomethingNew", "", 400, ErrorKind::Other),
        ] {
            assert_eq!(
                classify(code, message, status),
                kind,
                "{code} {message} {status}"
            );
        }
    }

    #[test]
    fn a_refused_role_is_named_as_the_cause() {
        let refused: SdkError<AssumeRoleError, HttpResponse> = SdkError::timeout_error("slow");
        let credentials = CredentialsError::provider_error(refused);
        let error: SdkError<AssumeRoleError, HttpResponse> =
            SdkError::construction_failure(credentials);
        let mapped = from_sdk(&crate::operation::UPDATE_SERVICE, error);
        assert_eq!(mapped.call, "sts:AssumeRole");
        assert_eq!(mapped.kind, ErrorKind::TimedOut);
    }

    #[test]
    fn missing_credentials_are_no_network_trouble() {
        let error: SdkError<AssumeRoleError, HttpResponse> =
            SdkError::construction_failure(CredentialsError::not_loaded("no profile"));
        let mapped = from_sdk(&crate::operation::UPDATE_SERVICE, error);
        assert_eq!(mapped.kind, ErrorKind::Credentials);
        assert!(mapped.message.contains("no profile"), "{}", mapped.message);
    }
}
