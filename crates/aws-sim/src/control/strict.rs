//! Finds members of a document that mean nothing here, so that a slip of the pen is not lost in silence.

use serde_json::Value;

/// The path of a member of `given` that was not understood: it is missing in `written`, which is what the reader
/// would write of what it read. What says nothing (`null`, an empty list or structure) is not missed.
pub(super) fn unknown_member(given: &Value, written: &Value) -> Option<String> {
    match (given, written) {
        (Value::Object(given), Value::Object(written)) => given.iter().find_map(|(name, value)| {
            let Some(written) = written.get(name) else {
                return (!says_nothing(value)).then(|| name.clone());
            };
            unknown_member(value, written).map(|inner| format!("{name}.{inner}"))
        }),
        (Value::Array(given), Value::Array(written)) => {
            let mut pairs = given.iter().zip(written).enumerate();
            pairs.find_map(|(at, (given, written))| {
                unknown_member(given, written).map(|inner| format!("{at}.{inner}"))
            })
        }
        _ => None,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unknown_member;

    #[test]
    fn a_member_that_was_lost_is_named_by_its_path() {
        let given = json!({"a": [{"b": 1}, {"b": 2, "c": 3}], "d": null, "e": []});
        let same = json!({"a": [{"b": 1}, {"b": 2, "c": 3}]});
        assert_eq!(unknown_member(&given, &same), None);
        let less = json!({"a": [{"b": 1}, {"b": 2}]});
        assert_eq!(unknown_member(&given, &less).unwrap(), "a.1.c");
        assert_eq!(unknown_member(&given, &json!({})).unwrap(), "a");
    }
}
