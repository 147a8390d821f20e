//! What a registry meant, from the text in which an engine wraps it (build-facts 7, "Errors").

/// Whether a login was missing, wrong or not enough.
pub(crate) fn is_authorisation(message: &str) -> bool {
    has_any(
        message,
        &[
            "no basic auth credentials",
            "401 unauthorized",
            "403 forbidden",
            "unauthorized:",
            "unauthorized",
            "authentication required",
            "authorization failed",
            "authorization token has expired",
            "not authorized",
            "access denied",
            "access is denied",
            "denied:",
        ],
    )
}

/// Whether the same may work in a moment: the way to the registry, or the registry, was broken.
pub(crate) fn is_passing(message: &str) -> bool {
    has_any(
        message,
        &[
            "dial tcp",
            "connection refused",
            "connection reset",
            "no such host",
            "i/o timeout",
            "handshake timeout",
            "client.timeout",
            "deadline exceeded",
            "broken pipe",
            "unexpected eof",
            ": eof",
            "temporary failure in name resolution",
            "toomanyrequests",
            "429 too many requests",
            "500 internal server error",
            "502 bad gateway",
            "503 service unavailable",
            "504 gateway timeout",
            "context canceled",
        ],
    )
}

fn has_any(message: &str, texts: &[&str]) -> bool {
    let message = message.to_lowercase();
    texts.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_say_a_missing_login_in_several_ways() {
        for message in [
            "no basic auth credentials",
            "push access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
            "failed to authorize: failed to fetch anonymous token: 401 Unauthorized",
            "denied: Your authorization token has expired. Reauthenticate and try again.",
            "denied: User: arn:aws:iam::123456789012:user/x is not authorized to perform: ecr:InitiateLayerUpload",
        ] {
            assert!(is_authorisation(message), "{message}");
            assert!(!is_passing(message), "{message}");
        }
    }

    #[test]
    fn a_broken_way_is_no_refusal() {
        for message in [
            "Get \"https://127.0.0.1:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused",
            "received unexpected HTTP status: 503 Service Unavailable",
            "Put \"https://h/v2/\": EOF",
        ] {
            assert!(is_passing(message), "{message}");
            assert!(!is_authorisation(message), "{message}");
        }
    }

    #[test]
    fn an_immutable_tag_is_neither() {
        let message = "tag invalid: The image tag 'r-1' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.";
        assert!(!is_passing(message) && !is_authorisation(message));
    }
}
