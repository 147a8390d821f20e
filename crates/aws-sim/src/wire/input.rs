//! Reading the input of a call: members by name and type, refusals as AWS words them.

use serde_json::{Map, Value};

use super::ApiError;

/// A JSON structure of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    members: &'a Map<String, Value>,
    /// Error code when a required member is missing.
    missing: &'static str,
    /// It comes from a query, in which all scalars are text.
    textual: bool,
}

impl<'a> Input<'a> {
    /// Reads `value`; `missing` is the error code for required members that are absent.
    pub(crate) fn new(value: &'a Value, missing: &'static str) -> Result<Self, ApiError> {
        match value {
            Value::Object(members) => Ok(Self {
                members,
                missing,
                textual: false,
            }),
            _ => Err(wrong_type("the input", "a structure")),
        }
    }

    /// Reads a value of which the scalars may be text, as in a query.
    pub(crate) fn textual(value: &'a Value, missing: &'static str) -> Result<Self, ApiError> {
        let input = Self::new(value, missing)?;
        Ok(Self {
            textual: true,
            ..input
        })
    }

    fn inner(&self, value: &'a Value) -> Result<Self, ApiError> {
        let inner = Self::new(value, self.missing)?;
        Ok(Self {
            textual: self.textual,
            ..inner
        })
    }

    /// The raw member; `null` counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        self.get(name)
            .map(|value| read(value).ok_or_else(|| wrong_type(name, kind)))
            .transpose()
    }

    /// The refusal for a missing member.
    pub(crate) fn required(&self, name: &str) -> ApiError {
        ApiError::client(
            self.missing,
            format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy \
                 constraint: Member must not be null"
            ),
        )
    }

    /// A string.
    pub(crate) fn str(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        self.typed(name, "a string", Value::as_str)
    }

    /// A required string.
    pub(crate) fn need_str(&self, name: &str) -> Result<&'a str, ApiError> {
        self.str(name)?.ok_or_else(|| self.required(name))
    }

    /// An integer.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.typed(name, "an integer", |value| match value {
            Value::String(text) if self.textual => text.parse().ok(),
            other => other.as_i64(),
        })
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        self.typed(name, "a number", Value::as_f64)
    }

    /// A boolean.
    pub(crate) fn bool(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.typed(name, "a boolean", |value| match value {
            Value::String(text) if self.textual => text.parse().ok(),
            other => other.as_bool(),
        })
    }

    /// A list; empty if absent.
    pub(crate) fn list(&self, name: &str) -> Result<&'a [Value], ApiError> {
        let list = self.typed(name, "a list", |value| match value {
            // An empty list has no items whose names could say that it is one.
            Value::String(text) if self.textual && text.is_empty() => Some(&[][..]),
            other => other.as_array().map(Vec::as_slice),
        })?;
        Ok(list.unwrap_or_default())
    }

    /// A list of strings; empty if absent.
    pub(crate) fn strings(&self, name: &str) -> Result<Vec<&'a str>, ApiError> {
        let strings = self.list(name)?.iter().map(Value::as_str);
        let strings: Option<Vec<&str>> = strings.collect();
        strings.ok_or_else(|| wrong_type(name, "a list of strings"))
    }

    /// A list of structures; empty if absent.
    pub(crate) fn structures(&self, name: &str) -> Result<Vec<Self>, ApiError> {
        let items = self.list(name)?.iter();
        items.map(|item| self.inner(item)).collect()
    }

    /// A structure.
    pub(crate) fn structure(&self, name: &str) -> Result<Option<Self>, ApiError> {
        self.get(name).map(|value| self.inner(value)).transpose()
    }

    /// Names of the members that are present, unknown ones included.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.members.keys().map(String::as_str)
    }
}

fn wrong_type(name: &str, kind: &str) -> ApiError {
    ApiError::client(
        "SerializationException",
        format!("Expected {name} to be {kind}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wrong_type_is_a_serialization_error_and_null_is_absent() {
        let value = json!({"name": 1, "none": null, "list": ["a", 2]});
        let input = Input::new(&value, "InvalidParameterException").unwrap();
        assert_eq!(
            input.str("name").unwrap_err().code,
            "SerializationException"
        );
        assert_eq!(input.str("none").unwrap(), None);
        assert_eq!(
            input.need_str("none").unwrap_err().code,
            "InvalidParameterException"
        );
        assert!(input.strings("list").is_err());
        assert!(input.strings("absent").unwrap().is_empty());
    }
}
