//! The JSON Schema of shipway.toml, for editors and for our own check.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::file::ManifestFile;

/// The JSON Schema (2020-12) of shipway.toml, indented.
#[must_use]
pub fn schema() -> String {
    format!("{:#}", value())
}

/// The same as a tree.
pub(crate) fn value() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema: Value = generator.into_root_schema_for::<ManifestFile>().into();
    drop_nulls(&mut schema);
    schema
}

/// TOML has no null: what may be left out is not required, and nothing more needs to be said.
fn drop_nulls(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = members.get_mut("anyOf") {
                any.retain(|one| one.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    for (name, value) in only {
                        members.entry(name).or_insert(value);
                    }
                }
            }
            let defaults = members.get("default").is_some_and(Value::is_null);
            if defaults {
                members.remove("default");
            }
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
