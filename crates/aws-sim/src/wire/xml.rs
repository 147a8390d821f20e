//! The XML of awsQuery services: results and errors.

use serde_json::Value;

use super::ApiError;

/// A success: `<ActionResponse><ActionResult>...`.
pub(super) fn success(namespace: &str, action: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{action}Response xmlns=\"{namespace}\"><{action}Result>");
    members(&mut xml, result);
    xml.push_str(&format!(
        "</{action}Result><ResponseMetadata><RequestId>{request_id}</RequestId>\
         </ResponseMetadata></{action}Response>"
    ));
    xml
}

/// An error: `<ErrorResponse><Error>...`.
pub(super) fn failure(namespace: &str, error: &ApiError, request_id: &str) -> String {
    let kind = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        error.code,
        escape(&error.message)
    )
}

fn members(xml: &mut String, value: &Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                element(xml, name, value);
            }
        }
        Value::Array(items) => {
            for item in items {
                element(xml, "member", item);
            }
        }
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Null => {}
        other => xml.push_str(&other.to_string()),
    }
}

fn element(xml: &mut String, name: &str, value: &Value) {
    xml.push_str(&format!("<{name}>"));
    members(xml, value);
    xml.push_str(&format!("</{name}>"));
}

/// What XML 1.0 has no way to write becomes the replacement character.
fn escape(text: &str) -> String {
    let forbidden = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace(forbidden, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_is_nested_in_its_response() {
        let result = json!({"Account": "1", "Set": {"A": "<&>"}});
        assert_eq!(
            success("urn:x", "Get", &result, "id"),
            "<GetResponse xmlns=\"urn:x\"><GetResult><Account>1</Account><Set>\
             <A>&lt;&amp;&gt;</A></Set></GetResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetResponse>"
        );
    }
}
