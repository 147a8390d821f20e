//! Form-encoded bodies and query strings.

use serde_json::{Map, Value};

/// The pairs of a form body or query string, as a flat structure of strings.
pub(crate) fn parse(form: &str) -> Map<String, Value> {
    form.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), Value::from(decode(value)))
        })
        .collect()
}

/// Undoes percent encoding; what is not encoded properly stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            u8::from_str_radix(hex, 16).ok()
        });
        match (bytes[at], code) {
            (b'%', Some(code)) => {
                decoded.push(code);
                at += 3;
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn names_and_values_are_decoded() {
        let form = parse("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam&Note=a+b%2&Empty=&=x&Last");
        assert_eq!(form["Action"], "AssumeRole");
        assert_eq!(form["RoleArn"], "arn:aws:iam");
        assert_eq!(form["Note"], "a b%2");
        assert_eq!(form["Empty"], "");
        assert_eq!(form["Last"], "");
    }
}
