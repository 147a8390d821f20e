//! Pushes one tag with a login of its own, and asks once more when the login was refused.

use shipway_plugin::{BuildError, ErrorKind, Login, LoginSource, PlatformError};

use crate::engine::EngineError;
use crate::refusal;

/// Why a registry did not take an image, in the engine's or our words.
pub(crate) fn refused(image: &str, message: String) -> BuildError {
    if refusal::is_authorisation(&message) {
        return BuildError::Push {
            image: image.to_owned(),
            message,
            authorisation: true,
        };
    }
    if refusal::is_passing(&message) {
        return BuildError::Interrupted(format!("the push to {image} broke off: {message}"));
    }
    BuildError::Push {
        image: image.to_owned(),
        message,
        authorisation: false,
    }
}

/// A failed engine call on the way to the registry.
pub(crate) fn call_failed(image: &str, error: EngineError) -> BuildError {
    match error {
        EngineError::Refused { message, .. } => refused(image, message),
        gone => gone.into_build_error(),
    }
}

/// A fresh login for a push to `image`.
pub(crate) async fn login(source: &dyn LoginSource, image: &str) -> Result<Login, BuildError> {
    source
        .login()
        .await
        .map_err(|error| no_login(image, &error))
}

/// The platform gave no login.
pub(crate) fn no_login(image: &str, error: &PlatformError) -> BuildError {
    let message = format!("there is no login for it: {error}");
    if error.kind.is_passing() || error.kind == ErrorKind::TimedOut {
        BuildError::Interrupted(format!("the push to {image} broke off: {message}"))
    } else {
        BuildError::Push {
            image: image.to_owned(),
            message,
            authorisation: matches!(error.kind, ErrorKind::Credentials | ErrorKind::Denied),
        }
    }
}

/// Whether a fresh login may help.
pub(crate) const fn wants_new_login(error: &BuildError) -> bool {
    matches!(
        error,
        BuildError::Push {
            authorisation: true,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        assert!(wants_new_login(&refused(
            "h/a",
            "no basic auth credentials".to_owned()
        )));
        assert!(matches!(
            refused("h/a", "connection refused".to_owned()),
            BuildError::Interrupted(_)
        ));
        assert!(matches!(
            refused("h/a", "tag is immutable".to_owned()),
            BuildError::Push {
                authorisation: false,
                ..
            }
        ));
    }

    #[test]
    fn a_missing_login_is_a_matter_of_rights_or_of_time() {
        let error = |kind| no_login("h/a", &PlatformError::new("ecr:Get", kind, "no"));
        assert!(wants_new_login(&error(ErrorKind::Denied)));
        assert!(matches!(
            error(ErrorKind::Throttled),
            BuildError::Interrupted(_)
        ));
        assert!(matches!(
            error(ErrorKind::TimedOut),
            BuildError::Interrupted(_)
        ));
    }
}
