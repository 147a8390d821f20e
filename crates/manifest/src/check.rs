//! Holds a document against the JSON Schema: keys, kinds, permitted words and ranges.
//!
//! The schema comes from the types of `file`, so keys and their descriptions are said once. All
//! mistakes are found in one go; serde would stop at the first.

use serde_json::Value;
use shipway_domain::document::{Document, Pointer};

use crate::mistake::Mistake;
use crate::suggest;
use crate::text_file::TextFile;

/// All that does not fit the schema.
pub(crate) fn check(document: &Document, file: &TextFile, schema: &Value) -> Vec<Mistake> {
    let mut checker = Checker {
        file,
        root: schema,
        found: Vec::new(),
    };
    checker.value(document, &Pointer::root(), schema);
    checker.found
}

struct Checker<'c> {
    file: &'c TextFile,
    root: &'c Value,
    found: Vec<Mistake>,
}

impl<'c> Checker<'c> {
    fn value(&mut self, value: &Document, at: &Pointer, schema: &'c Value) {
        let schema = self.follow(schema);
        if let Some(words) = words(schema) {
            self.word(value, at, &words);
            return;
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            let fitting = branches.iter().map(|branch| self.follow(branch));
            match fitting.into_iter().find(|branch| is_kind(value, branch)) {
                Some(branch) => self.value(value, at, branch),
                None => self.wrong_kind(value, at, schema),
            }
            return;
        }
        if !is_kind(value, schema) {
            self.wrong_kind(value, at, schema);
            return;
        }
        match value {
            Document::Object(_) => self.table(value, at, schema),
            Document::Array(items) => self.array(items, at, schema),
            Document::Number(_) => self.number(value, at, schema),
            _ => {}
        }
    }

    fn table(&mut self, table: &Document, at: &Pointer, schema: &'c Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        let mut misspelled = Vec::new();
        for (name, value) in table.members() {
            let here = at.name(name.as_str());
            let property = properties.and_then(|properties| properties.get(name));
            match (property, others) {
                (Some(schema), _) => self.value(value, &here, schema),
                (None, Some(Value::Bool(false))) => {
                    let known: Vec<&str> = properties
                        .into_iter()
                        .flat_map(|all| all.keys())
                        .map(String::as_str)
                        .collect();
                    let message = format!("unknown key {name:?}");
                    let help = suggest::help(name, &known);
                    // A misspelled key is not missing as well.
                    misspelled.extend(suggest::closest(name, known));
                    self.found
                        .push(self.file.mistake_in_name(&here, message, help));
                }
                (None, Some(schema)) => self.value(value, &here, schema),
                (None, None) => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if table.get(name).is_none() && !misspelled.contains(&name) {
                let property = properties.and_then(|properties| properties.get(name));
                let help = property.and_then(description);
                let message = format!("missing key {name:?}");
                let help = help.map(|text| format!("{name}: {text}"));
                self.found.push(self.file.mistake(at, message, help));
            }
        }
    }

    fn array(&mut self, items: &[Document], at: &Pointer, schema: &'c Value) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        let length = items.len() as u64;
        let most = limit("maxItems").filter(|most| length > *most);
        let help = match (limit("minItems"), most) {
            (Some(least), _) if length < least => Some(format!("permitted: at least {least}")),
            (_, Some(most)) => Some(format!("permitted: at most {most}")),
            _ => None,
        };
        if help.is_some() {
            let message = format!("{} has {length} items", last_name(at));
            self.found.push(self.file.mistake(at, message, help));
        }
        if let Some(schema) = schema.get("items") {
            for (place, item) in items.iter().enumerate() {
                self.value(item, &at.index(place), schema);
            }
        }
    }

    fn number(&mut self, value: &Document, at: &Pointer, schema: &Value) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
        let (Some(least), Some(most)) = (limit("minimum"), limit("maximum")) else {
            return;
        };
        if value
            .as_i64()
            .is_none_or(|number| !(least..=most).contains(&number))
        {
            let message = format!("{} cannot be {value}", last_name(at));
            let help = format!("permitted: {least} to {most}");
            self.found.push(self.file.mistake(at, message, [help]));
        }
    }

    fn word(&mut self, value: &Document, at: &Pointer, words: &[&str]) {
        if value.as_str().is_none_or(|word| !words.contains(&word)) {
            let message = format!("{} cannot be {value}", last_name(at));
            let written = value.as_str().unwrap_or_default();
            let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            let mut help = suggest::help(written, words);
            help.pop();
            help.push(format!("permitted: {}", quoted.join(", ")));
            self.found.push(self.file.mistake(at, message, help));
        }
    }

    fn wrong_kind(&mut self, value: &Document, at: &Pointer, schema: &Value) {
        let wanted: Vec<&str> = match schema.get("anyOf").and_then(Value::as_array) {
            Some(branches) => branches
                .iter()
                .map(|branch| kind(self.follow(branch)))
                .collect(),
            None => vec![kind(schema)],
        };
        let found = match value {
            Document::Object(_) => "a table",
            other => other.kind(),
        };
        let mut help = Vec::new();
        match (wanted.as_slice(), value) {
            (["a string"], Document::Number(_) | Document::Bool(_)) => {
                help.push(format!("write \"{value}\""))
            }
            (["an array"], Document::String(_) | Document::Object(_)) => {
                help.push("put it in [ ]".to_owned())
            }
            (["true or false"], Document::String(text))
                if matches!(text.as_str(), "true" | "false") =>
            {
                help.push(format!("write {text} without quotes"));
            }
            (["a whole number"], Document::String(text)) if text.parse::<i64>().is_ok() => {
                help.push(format!("write {text} without quotes"));
            }
            _ => {}
        }
        help.extend(description(schema));
        let message = format!(
            "{} must be {}, found {found}",
            last_name(at),
            wanted.join(", or ")
        );
        self.found.push(self.file.mistake(at, message, help));
    }

    /// The schema that a `$ref` leads to.
    fn follow<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'c: 's,
    {
        let path = schema.get("$ref").and_then(Value::as_str);
        let target = path.and_then(|path| self.root.pointer(path.trim_start_matches('#')));
        target.unwrap_or(schema)
    }
}

/// The permitted words, when the schema is an enumeration.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        return all.iter().map(Value::as_str).collect();
    }
    let all = schema.get("oneOf")?.as_array()?;
    all.iter().map(|one| one.get("const")?.as_str()).collect()
}

fn is_kind(value: &Document, schema: &Value) -> bool {
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => value.is_object(),
        Some("array") => value.as_array().is_some(),
        Some("string") => value.as_str().is_some(),
        Some("boolean") => value.as_bool().is_some(),
        Some("integer") => value.as_i64().is_some(),
        _ => true,
    }
}

fn kind(schema: &Value) -> &'static str {
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => "a table",
        Some("array") => "an array",
        Some("boolean") => "true or false",
        Some("integer") => "a whole number",
        _ => "a string",
    }
}

fn description(schema: &Value) -> Option<String> {
    let text = schema.get("description")?.as_str()?;
    Some(text.split('\n').collect::<Vec<_>>().join(" "))
}

/// The closest name on the way to a value.
fn last_name(at: &Pointer) -> String {
    use shipway_domain::document::Segment;
    let names = at.segments().iter().rev();
    let mut names = names.filter_map(|segment| match segment {
        Segment::Name(name) => Some(name.clone()),
        Segment::Index(_) => None,
    });
    names.next().unwrap_or_else(|| "the file".to_owned())
}
