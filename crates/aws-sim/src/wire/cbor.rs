//! CBOR as Smithy's RPC v2 has it.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use super::ApiError;

/// Name of the protocol in the header `smithy-protocol`.
pub(super) const NAME: &str = "rpc-v2-cbor";

/// Content type of bodies.
pub(super) const CONTENT_TYPE: &str = "application/cbor";

/// The tag of a point in time, in epoch seconds.
const TIMESTAMP: u64 = 1;

/// How deep an input may be nested.
const DEEPEST: usize = 32;

/// Reads an input; an empty body is an empty structure. Timestamps become numbers.
pub(super) fn read(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(Map::new().into());
    }
    let malformed = |text: String| ApiError::client("SerializationException", text);
    let value = ciborium::de::from_reader_with_recursion_limit(body, DEEPEST)
        .map_err(|error| malformed(error.to_string()))?;
    json(value).ok_or_else(|| malformed("the body has values that no operation takes".to_owned()))
}

fn json(value: Cbor) -> Option<Value> {
    Some(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => flag.into(),
        Cbor::Text(text) => text.into(),
        Cbor::Integer(number) => i64::try_from(number).ok()?.into(),
        Cbor::Float(number) => Number::from_f64(number)?.into(),
        Cbor::Tag(_, inner) => json(*inner)?,
        Cbor::Array(items) => items.into_iter().map(json).collect::<Option<Value>>()?,
        Cbor::Map(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| Some((name.into_text().ok()?, json(value)?)));
            members.collect::<Option<Map<_, _>>>()?.into()
        }
        _ => return None,
    })
}

/// Writes an output; members whose name is that of a point in time are tagged as such.
pub(super) fn write(value: &Value, is_timestamp: fn(&str) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _written = ciborium::into_writer(&cbor(value, is_timestamp), &mut bytes);
    bytes
}

fn cbor(value: &Value, is_timestamp: fn(&str) -> bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| cbor(item, is_timestamp));
            Cbor::Array(items.collect())
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let written = match value.as_f64().filter(|_| is_timestamp(name)) {
                    Some(seconds) => Cbor::Tag(TIMESTAMP, Box::new(Cbor::Float(seconds))),
                    None => cbor(value, is_timestamp),
                };
                (Cbor::Text(name.clone()), written)
            });
            Cbor::Map(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again_and_timestamps_are_tagged() {
        let value = json!({"Text": "a", "Whole": 3, "Part": 0.5, "Flag": true, "AtTimestamp": 1.5,
            "Items": [{"Deep": null}]});
        let bytes = write(&value, |name| name == "AtTimestamp");
        assert_eq!(read(&bytes).unwrap(), value);
        assert!(
            bytes.windows(2).any(|pair| pair == [0xc1, 0xf9]),
            "{bytes:?}"
        );
    }

    #[test]
    fn what_is_no_input_is_refused() {
        assert_eq!(read(&[]).unwrap(), json!({}));
        for bytes in [
            &[0xff][..],
            &[0xa1, 0x01, 0x02],
            &[0x41, 0x00],
            &[0x81; 5000],
        ] {
            assert_eq!(read(bytes).unwrap_err().code, "SerializationException");
        }
    }
}
