//! The reference in `docs/manifest.md` names every key and word that the schema permits, and its
//! example is a manifest.

use std::path::Path;

use serde_json::Value;
use shipway_manifest::{Folder, Manifest, schema};

fn reference() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manifest.md");
    std::fs::read_to_string(file).expect("the reference is there")
}

/// All keys (as `key`) and words (as `"word"`) of a part of the schema.
fn names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().map(|key| format!("`{key}`")));
            }
            if let Some(word) = members.get("const").and_then(Value::as_str) {
                found.push(format!("`\"{word}\"`"));
            }
            members.values().for_each(|member| names(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn the_reference_names_every_key_and_word_of_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).expect("the schema is JSON");
    let mut found = Vec::new();
    names(&schema, &mut found);
    assert!(found.len() > 60, "the schema was not understood");
    let text = reference();
    // Members of inline tables stand in their example.
    let inline = ["`from`", "`to`", "`enabled`", "`reason`"];
    let missing = found.iter().filter(|name| {
        let spelled = name.trim_matches('`');
        let shown = inline.contains(&name.as_str()) && text.contains(&format!("{spelled} = "));
        !text.contains(name.as_str()) && !shown
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_example_of_the_reference_is_a_manifest() {
    let text = reference();
    let example = text.split("```toml\n").nth(1).expect("an example");
    let example = example.split("```").next().expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shipway.toml"), example).expect("a file");
    let read = Manifest::read("shipway.toml", &Folder(folder.path().to_owned()));
    let manifest = read.expect("the example has no mistakes");
    assert_eq!(manifest.environments().collect::<Vec<_>>(), ["prod"]);
}
