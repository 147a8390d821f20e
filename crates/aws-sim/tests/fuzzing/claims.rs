//! What must hold for every answer: a status below 500, and a body of the protocol's shape.

use serde_json::Value;

use super::request::{CBOR, Host, JSON_10, JSON_11, Request, XML};
use crate::support::Answer;

/// What is wrong with an answer, if anything is.
pub(crate) fn check(request: &Request, answer: &Answer) -> Result<(), String> {
    if answer.status.as_u16() >= 500 {
        return Err(format!("status {}", answer.status));
    }
    let kind = answer.header("content-type");
    if let Some(expected) = request.answered_in
        && kind != expected
    {
        return Err(format!("content type {kind:?}, not {expected:?}"));
    }
    if request.method == "HEAD" {
        return Ok(());
    }
    let failed = answer.status.is_client_error();
    match (request.host, kind) {
        (Host::Registry, "application/xml") if failed && request.path.starts_with("/layers/") => {
            s3_error(&answer.text())
        }
        (Host::Registry, _) if failed => registry_error(answer),
        (Host::Registry, "application/json") => parsed(answer).map(drop),
        (Host::Registry, _) => Ok(()),
        (Host::Aws, JSON_10 | JSON_11) => aws_json(&parsed(answer)?, failed),
        (Host::Aws, CBOR) => {
            let body: ciborium::Value = ciborium::from_reader(&answer.body[..])
                .map_err(|error| format!("no CBOR: {error}"))?;
            aws_json(&untagged(body), failed)
        }
        (Host::Aws, XML) => xml(&answer.text(), failed),
        (Host::Aws, "application/json") if request.path.starts_with("/_sim/") => {
            let body = parsed(answer)?;
            let error = body["error"].as_str().is_some_and(|text| !text.is_empty());
            if failed && !error {
                return Err("an error of the control API without `error`".to_owned());
            }
            Ok(())
        }
        _ => Err(format!("content type {kind:?}")),
    }
}

/// Layers are where S3 has them.
fn s3_error(text: &str) -> Result<(), String> {
    let (_, error) = text.split_once("<Error><Code>").ok_or("no error of S3")?;
    let (code, rest) = error.split_once("</Code><Message>").ok_or("no code")?;
    let whole = !code.is_empty() && rest.ends_with("</Message></Error>");
    whole
        .then_some(())
        .ok_or_else(|| format!("no error of S3: {text}"))
}

fn parsed(answer: &Answer) -> Result<Value, String> {
    serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON: {error}"))
}

/// CBOR as JSON, without the tags of its timestamps.
fn untagged(value: ciborium::Value) -> Value {
    match value {
        ciborium::Value::Tag(1, inner) => untagged(*inner),
        ciborium::Value::Map(members) => members
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_text().ok()?, untagged(value))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        ciborium::Value::Array(items) => items.into_iter().map(untagged).collect(),
        other => other.deserialized().unwrap_or_default(),
    }
}

fn aws_json(body: &Value, failed: bool) -> Result<(), String> {
    let members = body.as_object().ok_or("no structure")?;
    if !failed {
        return match members.contains_key("__type") {
            true => Err("an error with status 200".to_owned()),
            false => Ok(()),
        };
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    if text("__type").is_empty()
        || !text("__type")
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err("`__type` is no name".to_owned());
    }
    if text("message").is_empty() && text("Message").is_empty() {
        return Err("an error without a message".to_owned());
    }
    Ok(())
}

fn registry_error(answer: &Answer) -> Result<(), String> {
    let body = parsed(answer)?;
    let errors = body["errors"].as_array().ok_or("no `errors`")?;
    let named = errors
        .iter()
        .all(|error| error["code"].is_string() && error["message"].is_string());
    match errors.is_empty() || !named {
        true => Err("`errors` without code and message".to_owned()),
        false => Ok(()),
    }
}

/// Well formed: tags in pairs, known entities, no character that XML 1.0 forbids.
fn xml(text: &str, failed: bool) -> Result<(), String> {
    let forbidden = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if let Some(found) = text.chars().find(|c| forbidden(*c)) {
        return Err(format!("XML with the character {found:?}"));
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut roots = 0;
    while let Some((between, tail)) = rest.split_once('<') {
        let between = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"]
            .iter()
            .fold(between.to_owned(), |text, known| text.replace(known, ""));
        if between.contains(['&', '>']) || (open.is_empty() && !between.trim().is_empty()) {
            return Err(format!("XML with the text {between:?}"));
        }
        let (tag, tail) = tail.split_once('>').ok_or("XML with an open tag")?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("XML with an odd end tag {name:?}"));
            }
        } else {
            let name = tag.split(' ').next().unwrap_or_default();
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if name.is_empty() || !letters {
                return Err(format!("XML with the tag {tag:?}"));
            }
            roots += usize::from(open.is_empty());
            open.push(name);
        }
        rest = tail;
    }
    if !open.is_empty() || roots != 1 || !rest.trim().is_empty() {
        return Err("XML that does not end where it should".to_owned());
    }
    let of_ec2 = text.starts_with("<Response><Errors>") || text.contains("//ec2.");
    let shape = match (failed, of_ec2) {
        (true, false) => ["<ErrorResponse ", "<Code>", "<Message>"],
        (false, false) => ["Response ", "Result>", "<RequestId>"],
        (true, true) => ["<Response><Errors>", "<Code>", "<Message>"],
        (false, true) => ["Response ", "Set>", "<requestId>"],
    };
    match shape.iter().find(|part| !text.contains(**part)) {
        Some(missing) => Err(format!("XML without {missing}")),
        None => Ok(()),
    }
}
