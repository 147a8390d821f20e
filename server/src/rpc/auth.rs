//! Who calls: the token in `authorization: Bearer …`.

use std::sync::Arc;

use http::HeaderMap;
use shipway_proto::status::{Class, Failure};
use tonic::{Request, Status};

use crate::tokens::{Bearer, Role, Tokens};

/// Checks callers.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    tokens: Arc<Tokens>,
    /// Without TLS the coordinator listens on loopback only, and a caller needs no token there.
    required: bool,
}

impl Gate {
    pub(crate) const fn new(tokens: Arc<Tokens>, required: bool) -> Self {
        Self { tokens, required }
    }

    /// Whether every caller needs a token.
    pub(crate) const fn asks_for_tokens(&self) -> bool {
        self.required
    }

    /// The caller, if it may do what `role` may.
    pub(crate) fn admit<T>(&self, request: &Request<T>, role: Role) -> Result<Bearer, Status> {
        self.admit_headers(request.metadata().as_ref(), role)
    }

    /// The same by the headers of a call.
    pub(crate) fn admit_headers(&self, headers: &HeaderMap, role: Role) -> Result<Bearer, Status> {
        let Some(token) = token(headers) else {
            if self.required {
                let failure = Failure::new(Class::Unauthenticated, "no token was presented");
                return Err(failure
                    .hint("give one with --token-file or SHIPWAY_TOKEN")
                    .into());
            }
            return Ok(Bearer {
                name: "local".to_owned(),
                role,
            });
        };
        let known = self.tokens.bearer(token).map_err(|error| {
            tracing::error!(%error, "tokens cannot be read");
            Status::from(Failure::new(Class::Internal, "tokens cannot be read"))
        })?;
        match known {
            Some(bearer) if bearer.role == role => Ok(bearer),
            Some(_) => {
                let wanted = if role == Role::Agent {
                    "agents"
                } else {
                    "clients"
                };
                let text = format!("this is for {wanted}; the token has another role");
                Err(Failure::new(Class::Denied, text).into())
            }
            None => {
                let failure = Failure::new(Class::Unauthenticated, "the token is not known here");
                Err(failure
                    .hint("make one with: shipway-server token --name NAME")
                    .into())
            }
        }
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(http::header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}
