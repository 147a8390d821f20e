//! The XML of awsQuery and ec2Query services: results and errors.

use serde_json::Value;

use super::ApiError;

/// A success: `<ActionResponse><ActionResult>...`.
pub(super) fn success(namespace: &str, action: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{action}Response xmlns=\"{namespace}\"><{action}Result>");
    members(&mut xml, result, "member");
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

/// A success of EC2: `<ActionResponse><requestId>...`, without a result of its own, its lists of `item`.
pub(super) fn ec2_success(
    namespace: &str,
    action: &str,
    result: &Value,
    request_id: &str,
) -> String {
    let mut xml =
        format!("<{action}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>");
    members(&mut xml, result, "item");
    xml.push_str(&format!("</{action}Response>"));
    xml
}

/// An error of EC2: `<Response><Errors><Error>...`.
pub(super) fn ec2_failure(error: &ApiError, request_id: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>\
         <RequestID>{request_id}</RequestID></Response>",
        error.code,
        escape(&error.message)
    )
}

/// The inside of a value; `item` is what items of lists are called.
fn members(xml: &mut String, value: &Value, item: &str) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                element(xml, name, value, item);
            }
        }
        Value::Array(items) => {
            for one in items {
                element(xml, item, one, item);
            }
        }
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Null => {}
        other => xml.push_str(&other.to_string()),
    }
}

fn element(xml: &mut String, name: &str, value: &Value, item: &str) {
    xml.push_str(&format!("<{name}>"));
    members(xml, value, item);
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

    #[test]
    fn ec2_has_no_result_around_its_members_and_calls_items_so() {
        let result = json!({"subnetSet": [{"subnetId": "a"}]});
        assert_eq!(
            ec2_success("urn:x", "Get", &result, "id"),
            "<GetResponse xmlns=\"urn:x\"><requestId>id</requestId><subnetSet><item><subnetId>a\
             </subnetId></item></subnetSet></GetResponse>"
        );
        let error = ApiError::client("Odd.Id", "a<b");
        assert_eq!(
            ec2_failure(&error, "id"),
            "<Response><Errors><Error><Code>Odd.Id</Code><Message>a&lt;b</Message></Error></Errors>\
             <RequestID>id</RequestID></Response>"
        );
    }
}
