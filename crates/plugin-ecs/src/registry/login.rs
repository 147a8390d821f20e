//! Logins: GetAuthorizationToken (ecs-facts 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shipway_plugin::{ErrorKind, Login, PlatformError, Secret};

use crate::clients::Clients;
use crate::operation::GET_AUTHORIZATION_TOKEN;

/// A login that was made just now. The deprecated `registryIds` is not sent.
pub(super) async fn fresh(clients: &Clients) -> Result<Login, PlatformError> {
    let answer = clients
        .call(&GET_AUTHORIZATION_TOKEN, |services| {
            services.ecr.get_authorization_token().send()
        })
        .await?;
    let data = answer.authorization_data().first();
    data.and_then(|data| login(data.authorization_token()?, data.proxy_endpoint()?))
        .ok_or_else(|| {
            PlatformError::new(
                GET_AUTHORIZATION_TOKEN.action(),
                ErrorKind::Other,
                "the answer holds no usable login",
            )
        })
}

/// The token is base64 of `user:password`; the endpoint is a URL.
fn login(token: &str, endpoint: &str) -> Option<Login> {
    let pair = STANDARD.decode(token).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (scheme, host) = endpoint.split_once("://")?;
    Some(Login {
        host: host.trim_end_matches('/').to_owned(),
        user: String::from_utf8(pair[..colon].to_vec()).ok()?,
        password: Secret::new(&pair[colon + 1..]),
        plain_http: scheme == "http",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_holds_user_and_password_and_the_endpoint_the_host() {
        let token = STANDARD.encode("AWS:pass:word");
        let seen = login(&token, "https://1.dkr.ecr.eu-west-1.amazonaws.com").expect("a login");
        assert_eq!(
            (seen.user.as_str(), seen.password.expose()),
            ("AWS", &b"pass:word"[..])
        );
        assert_eq!(seen.host, "1.dkr.ecr.eu-west-1.amazonaws.com");
        assert!(!seen.plain_http);
        let plain = login(&token, "http://127.0.0.1:5001/").expect("a login");
        assert_eq!(
            (plain.host.as_str(), plain.plain_http),
            ("127.0.0.1:5001", true)
        );
        assert!(login("%", "https://x").is_none());
        assert!(login(&STANDARD.encode("AWS"), "https://x").is_none());
        assert!(login(&token, "no-url").is_none());
    }
}
