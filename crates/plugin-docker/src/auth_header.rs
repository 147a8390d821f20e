//! The `X-Registry-Auth` header: a login that travels with one call (build-facts 4 and 7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;
use shipway_plugin::Login;

/// Name of the header.
pub(crate) const NAME: &str = "X-Registry-Auth";

/// Its value: URL-safe base64 with padding. A login without user means anonymous, which the engine
/// wants as an empty object: leaving the header away is an error on 20.10 (build-facts 7).
pub(crate) fn value(login: &Login) -> String {
    let object = if login.user.is_empty() {
        json!({})
    } else {
        json!({
            "username": login.user,
            "password": String::from_utf8_lossy(login.password.expose()),
            "serveraddress": login.host,
        })
    };
    URL_SAFE.encode(object.to_string())
}

#[cfg(test)]
mod tests {
    use shipway_plugin::Secret;

    use super::*;

    fn login(user: &str, password: &str) -> Login {
        Login {
            host: "127.0.0.1:5000".to_owned(),
            user: user.to_owned(),
            password: Secret::new(password),
            plain_http: true,
        }
    }

    #[test]
    fn nobody_is_an_empty_object() {
        assert_eq!(value(&login("", "")), "e30=");
    }

    #[test]
    fn the_alphabet_is_url_safe_and_padded() {
        // Plain base64 would give '+' or '/' at one of these places.
        for pad in ["", "a", "ab", "abc"] {
            let text = value(&login("AWS", &format!("{pad}???>>>~~~")));
            assert!(!text.contains(['+', '/']), "{text}");
            assert_eq!(text.len() % 4, 0);
            let json: serde_json::Value =
                serde_json::from_slice(&URL_SAFE.decode(text).unwrap()).unwrap();
            assert_eq!(json["password"], format!("{pad}???>>>~~~"));
            assert_eq!(json["username"], "AWS");
        }
    }
}
