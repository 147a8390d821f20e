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

/// How deep names of a query may be nested; no operation needs more than a few levels.
const DEEPEST: usize = 12;

/// The structure that flat names of a query stand for: `Tags.member.1.Key` is a member of the first
/// item of the list `Tags`. Scalars stay strings.
pub(super) fn unfold(flat: Map<String, Value>) -> Map<String, Value> {
    unfolded(flat, lists)
}

/// The same of a query of EC2, which has no word for lists: `Filter.1.Value.1` is the first item of the list
/// `Value` in the first item of the list `Filter`.
pub(super) fn unfold_ec2(flat: Map<String, Value>) -> Map<String, Value> {
    unfolded(flat, numbered_lists)
}

fn unfolded(flat: Map<String, Value>, lists: fn(Value) -> Value) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in flat {
        let path: Vec<&str> = name.split('.').collect();
        if path.len() <= DEEPEST {
            put(&mut members, &path, value);
        }
    }
    members
        .into_iter()
        .map(|(name, value)| (name, lists(value)))
        .collect()
}

/// Where a name contradicts an earlier one, the earlier one stays.
fn put(members: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        members.entry(*first).or_insert(value);
        return;
    }
    let inner = members.entry(*first).or_insert_with(|| Map::new().into());
    if let Some(inner) = inner.as_object_mut() {
        put(inner, rest, value);
    }
}

/// Turns `{"member": {"1": a, "2": b}}` into `[a, b]`, at all depths.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else {
        return value;
    };
    if members.len() == 1
        && let Some(items) = members.remove("member")
    {
        let Value::Object(items) = items else {
            return items;
        };
        let mut items: Vec<(u64, Value)> = items
            .into_iter()
            .map(|(index, item)| (index.parse().unwrap_or(u64::MAX), lists(item)))
            .collect();
        items.sort_by_key(|(index, _)| *index);
        return items.into_iter().map(|(_, item)| item).collect();
    }
    members
        .into_iter()
        .map(|(name, value)| (name, lists(value)))
        .collect::<Map<_, _>>()
        .into()
}

/// Turns `{"1": a, "2": b}` into `[a, b]`, at all depths.
fn numbered_lists(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let numbers: Option<Vec<u64>> = members.keys().map(|name| name.parse().ok()).collect();
    let members = members
        .into_iter()
        .map(|(name, value)| (name, numbered_lists(value)));
    let Some(numbers) = numbers else {
        return members.collect::<Map<_, _>>().into();
    };
    let values = members.map(|(_, value)| value);
    let mut items: Vec<(u64, Value)> = numbers.into_iter().zip(values).collect();
    items.sort_by_key(|(number, _)| *number);
    items.into_iter().map(|(_, item)| item).collect()
}

/// Percent encoding of all that is not unreserved in a URI.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
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
    use super::{decode, encode, parse, unfold, unfold_ec2};
    use serde_json::json;

    #[test]
    fn flat_names_unfold_into_lists_and_structures() {
        let form =
            "A=1&T.member.2.Key=b&T.member.1.Key=a&T.member.1.Value=&N.member.1=x&S.B=2&A.C=3";
        assert_eq!(
            json!(unfold(parse(form))),
            json!({"A": "1", "T": [{"Key": "a", "Value": ""}, {"Key": "b"}], "N": ["x"],
                "S": {"B": "2"}})
        );
        let deep = format!("{}=1", "a.".repeat(100_000));
        assert!(unfold(parse(&deep)).is_empty());
    }

    #[test]
    fn lists_of_ec2_are_those_whose_names_are_numbers() {
        let form =
            "Id.10=c&Id.2=b&Id.1=a&F.1.Name=n&F.1.Value.1=x&F.1.Value.2=y&One=1&F.x=2&G.1.a=";
        assert_eq!(
            json!(unfold_ec2(parse(form))),
            json!({"Id": ["a", "b", "c"], "F": {"1": {"Name": "n", "Value": ["x", "y"]}, "x": "2"},
                "One": "1", "G": [{"a": ""}]})
        );
    }

    #[test]
    fn names_and_values_are_decoded() {
        let form = parse("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam&Note=a+b%2&Empty=&=x&Last");
        assert_eq!(form["Action"], "AssumeRole");
        assert_eq!(form["RoleArn"], "arn:aws:iam");
        assert_eq!(form["Note"], "a b%2");
        assert_eq!(form["Empty"], "");
        assert_eq!(form["Last"], "");
        let text = "{\"a b\": \"ä+/~\"}";
        assert_eq!(encode(text), "%7B%22a%20b%22%3A%20%22%C3%A4%2B%2F~%22%7D");
        assert_eq!(decode(&encode(text)), text);
    }
}
