//! Addresses of layers, as S3 serves them: they need no token, and their errors are S3's.

use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde_json::Value;

use super::Registry;
use super::error::RegistryError;
use crate::calls::{Call, milliseconds};
use crate::ecr::{BadAddress, Presigned};
use crate::faults::{DROPPED, INJECTED, Refused, Strike, Struck, broken};
use crate::wire::form;

/// What stands behind a download in IAM's words, for the log and for faults.
const ACTION: &str = "GetObject";
/// The same among the operations of the protocol.
const OPERATION: &str = "get-layer";

/// Repository and digest of a path to a layer.
pub(super) fn layer(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/layers/")?.rsplit_once('/')
}

/// What S3 refuses with: status, code and text.
struct S3Error(StatusCode, &'static str, String);

impl Registry {
    /// Answers a request for a layer by an address that carries its own right.
    pub(super) async fn presigned(
        &self,
        (name, digest): (&str, &str),
        parts: &Parts,
        begin: Instant,
        id: &str,
    ) -> Response {
        let resource = format!("{}@{digest}", self.place(name).arn());
        let strike = self.shared.faults.strike(
            &Struck {
                service: "registry",
                actions: &[ACTION, OPERATION],
                account: &self.account,
                resource: Some(&resource),
            },
            &mut self.shared.world().ids,
        );
        let answer = match &strike {
            Some(Strike::DropBefore) => Err(S3Error(
                StatusCode::INTERNAL_SERVER_ERROR,
                DROPPED,
                INJECTED.to_owned(),
            )),
            Some(Strike::Refuse(refused)) => Err(injected(refused)),
            _ => self.layer(name, digest, parts).await,
        };
        let error = answer.as_ref().err().map(|error| error.1.to_owned());
        let response = answer.unwrap_or_else(|error| error.response());
        let late = match &strike {
            Some(Strike::Late(late)) => Some(*late),
            _ => None,
        };
        let drops = matches!(strike, Some(Strike::DropBefore | Strike::DropAfter));
        self.shared.calls.push(Call {
            time: self.shared.clock.now().epoch_seconds(),
            account: Some(self.account.clone()),
            principal: None,
            service: "registry".to_owned(),
            action: ACTION.to_owned(),
            resource: Some(resource),
            error,
            status: (!drops).then(|| response.status().as_u16()),
            request_id: id.to_owned(),
            duration_ms: milliseconds(begin.elapsed() + late.unwrap_or_default()),
        });
        if let Some(late) = late {
            tokio::time::sleep(late).await;
        }
        if drops { broken() } else { response }
    }

    async fn layer(&self, name: &str, digest: &str, parts: &Parts) -> Result<Response, S3Error> {
        if ![Method::GET, Method::HEAD].contains(&parts.method) {
            return Err(S3Error(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.".to_owned(),
            ));
        }
        let query = form::parse(parts.uri.query().unwrap_or_default());
        let text = |name: &str| query.get(name).and_then(Value::as_str).unwrap_or_default();
        let address = Presigned {
            digest,
            expires: text("Expires"),
            signature: text("Signature"),
        };
        let now = self.shared.clock.now();
        let good = self
            .shared
            .world()
            .check_presigned(self.place(name), address, now);
        let forbidden = |code, text: &str| S3Error(StatusCode::FORBIDDEN, code, text.to_owned());
        good.map_err(|bad| match bad {
            BadAddress::Unknown => forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
            BadAddress::Expired => forbidden("AccessDenied", "Request has expired"),
        })?;
        self.bytes(name, digest, parts).await.map_err(S3Error::from)
    }
}

impl From<RegistryError> for S3Error {
    fn from(error: RegistryError) -> Self {
        let code = match error.code {
            "BLOB_UNKNOWN" => "NoSuchKey",
            "SIZE_INVALID" => "InvalidRange",
            _ => "InternalError",
        };
        Self(error.status, code, error.message)
    }
}

fn injected(refused: &Refused) -> S3Error {
    let (status, code) = match refused {
        Refused::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Refused::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        Refused::Throttled => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        Refused::Expired => (StatusCode::FORBIDDEN, "AccessDenied"),
    };
    S3Error(status, code, INJECTED.to_owned())
}

impl S3Error {
    fn response(&self) -> Response {
        let Self(status, code, text) = self;
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{escaped}</Message></Error>"
        );
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/xml")
            .body(Body::from(body))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::layer;

    #[test]
    fn a_path_ends_with_the_digest() {
        assert_eq!(layer("/layers/a/b/sha256:0"), Some(("a/b", "sha256:0")));
        assert_eq!(layer("/layers/a"), None);
        assert_eq!(layer("/v2/a/blobs/sha256:0"), None);
    }
}
