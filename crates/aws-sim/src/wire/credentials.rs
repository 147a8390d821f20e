//! Who sends a request: the credential scope of SigV4. Signatures are not checked.

use http::HeaderMap;

use super::ApiError;
use crate::clock::SimTime;
use crate::iam::Principal;
use crate::world::{World, is_account_id};

/// What a signed request says about its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credentials<'a> {
    /// Access key id.
    pub(super) key: &'a str,
    /// Region of the credential scope.
    pub(super) region: &'a str,
    /// Service of the credential scope.
    pub(super) service: &'a str,
    /// `X-Amz-Security-Token`.
    token: Option<&'a str>,
}

/// Reads the `Authorization` header:
/// `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, ...`.
pub(super) fn read(headers: &HeaderMap) -> Option<Credentials<'_>> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let signature = text("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let scope = signature
        .split(',')
        .find_map(|part| part.trim().strip_prefix("Credential="))?;
    let mut parts = scope.rsplitn(5, '/');
    if parts.next()? != "aws4_request" {
        return None;
    }
    let (service, region, _date) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Credentials {
        key: parts.next()?,
        region,
        service,
        token: text("x-amz-security-token"),
    })
}

/// An error code and its HTTP status.
type Code = (&'static str, u16);

/// The errors of one protocol family: JSON services, STS and EC2 name them differently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusals {
    missing: Code,
    unknown: Code,
    expired: Code,
    denied: Code,
    throttled: Code,
}

/// awsJson1.1.
pub(super) const JSON: Refusals = Refusals {
    missing: ("MissingAuthenticationTokenException", 400),
    unknown: ("UnrecognizedClientException", 400),
    expired: ("ExpiredTokenException", 400),
    denied: ("AccessDeniedException", 400),
    throttled: ("ThrottlingException", 400),
};

/// awsQuery.
pub(super) const QUERY: Refusals = Refusals {
    missing: ("MissingAuthenticationToken", 403),
    unknown: ("InvalidClientTokenId", 403),
    expired: ("ExpiredToken", 403),
    denied: ("AccessDenied", 403),
    throttled: ("Throttling", 400),
};

/// ec2Query.
pub(super) const EC2: Refusals = Refusals {
    missing: ("AuthFailure", 401),
    unknown: ("AuthFailure", 401),
    expired: ("RequestExpired", 400),
    denied: ("UnauthorizedOperation", 403),
    throttled: ("RequestLimitExceeded", 503),
};

impl Refusals {
    /// The caller's session is over.
    pub(crate) fn expired(self) -> ApiError {
        refuse(
            self.expired,
            "The security token included in the request is expired",
        )
    }

    /// Too many calls.
    pub(crate) fn throttled(self) -> ApiError {
        refuse(self.throttled, "Rate exceeded")
    }

    /// The caller's policies do not allow it.
    pub(super) fn denied(self, message: impl Into<String>) -> ApiError {
        refuse(self.denied, message)
    }
}

fn refuse((code, status): Code, message: impl Into<String>) -> ApiError {
    ApiError {
        status,
        ..ApiError::client(code, message)
    }
}

/// The principal behind credentials: twelve digits act as the root of that account, a key from
/// AssumeRole as its session until it expires.
pub(super) fn identify(
    world: &World,
    credentials: Option<&Credentials<'_>>,
    now: SimTime,
    refusals: Refusals,
) -> Result<Principal, ApiError> {
    let Some(credentials) = credentials else {
        return Err(refuse(refusals.missing, "Missing Authentication Token"));
    };
    if is_account_id(credentials.key) {
        return Ok(Principal::root(credentials.key));
    }
    let known = world.sessions.get(credentials.key);
    let Some(session) = known.filter(|session| credentials.token == Some(&session.token)) else {
        return Err(refuse(
            refusals.unknown,
            "The security token included in the request is invalid.",
        ));
    };
    if session.expires <= now {
        return Err(refusals.expired());
    }
    Ok(session.principal.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credential_scope_gives_key_and_region() {
        let mut headers = HeaderMap::new();
        let value = "AWS4-HMAC-SHA256 Credential=111111111111/20261101/eu-west-1/ecs/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=00";
        headers.insert("authorization", value.parse().unwrap());
        let credentials = read(&headers).unwrap();
        assert_eq!(credentials.key, "111111111111");
        assert_eq!(credentials.region, "eu-west-1");
        headers.insert("authorization", "Basic QVdTOng=".parse().unwrap());
        assert_eq!(read(&headers), None);
    }
}
