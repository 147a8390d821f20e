//! Tokens of OpenID Connect: their claims. Signatures are not checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// What a token claims, as far as STS looks at it.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    aud: Audiences,
    /// The one of several audiences that the token was made for.
    azp: Option<String>,
    /// When it ends, in epoch seconds.
    pub(super) exp: f64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Reads `header.payload.signature`; `None` for what is no such token.
    pub(super) fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok();
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        header.is_object().then_some(())?;
        serde_json::from_slice(&decode(payload)?).ok()
    }

    /// The audience that counts: `azp` where there is one.
    pub(super) fn audience(&self) -> &str {
        match (&self.azp, &self.aud) {
            (Some(party), _) => party,
            (None, Audiences::One(audience)) => audience,
            (None, Audiences::Many(audiences)) => audiences.first().map_or("", String::as_str),
        }
    }
}
