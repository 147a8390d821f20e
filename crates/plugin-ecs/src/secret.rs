//! Build secrets from Secrets Manager and SSM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shipway_domain::spec::SecretSource;
use shipway_plugin::{ErrorKind, PlatformError, Secret};

use crate::clients::Clients;
use crate::operation::{GET_PARAMETER, GET_SECRET_VALUE, Operation};
use crate::signed::send;

/// The value of the secret.
pub(crate) async fn read(clients: &Clients, from: &SecretSource) -> Result<Secret, PlatformError> {
    match from {
        SecretSource::SecretsManager(id) => {
            let order = json!({"SecretId": id});
            let answer = send(clients, &GET_SECRET_VALUE, None, &order).await?;
            secret_value(&answer).ok_or_else(|| empty(&GET_SECRET_VALUE, id))
        }
        SecretSource::Ssm(name) => {
            let order = json!({"Name": name, "WithDecryption": true});
            let answer = send(clients, &GET_PARAMETER, None, &order).await?;
            let value = answer["Parameter"]["Value"].as_str();
            value
                .map(Secret::new)
                .ok_or_else(|| empty(&GET_PARAMETER, name))
        }
        SecretSource::Env(name) | SecretSource::File(name) => Err(PlatformError::new(
            "secret",
            ErrorKind::Invalid,
            format!("{name} is a variable or file of the agent, not a secret of AWS"),
        )),
    }
}

/// A secret is text or, in base64, bytes.
fn secret_value(answer: &Value) -> Option<Secret> {
    if let Some(text) = answer["SecretString"].as_str() {
        return Some(Secret::new(text));
    }
    let bytes = STANDARD.decode(answer["SecretBinary"].as_str()?).ok()?;
    Some(Secret::new(bytes))
}

fn empty(operation: &Operation, name: &str) -> PlatformError {
    let message = format!("{name} holds no value");
    PlatformError::new(operation.action(), ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_or_bytes() {
        let text = secret_value(&json!({"SecretString": "s3cret"})).expect("a value");
        assert_eq!(text.expose(), b"s3cret");
        let bytes = secret_value(&json!({"SecretBinary": "AAEC"})).expect("a value");
        assert_eq!(bytes.expose(), [0, 1, 2]);
        assert!(secret_value(&json!({})).is_none());
    }
}
