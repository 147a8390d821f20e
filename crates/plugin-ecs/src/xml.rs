//! Answers in XML as JSON values, so that all answers are read alike.

use roxmltree::{Document, Error, Node};
use serde_json::{Map, Value};

/// The root element of an answer: elements are objects, elements of nothing but `member` or `item` are arrays,
/// everything else is text. A list without items is text, too, and empty: `as_array` finds none in it.
pub(crate) fn value(text: &str) -> Result<Value, Error> {
    let document = Document::parse(text)?;
    Ok(element(document.root_element()))
}

fn element(node: Node<'_, '_>) -> Value {
    let mut children = node.children().filter(Node::is_element).peekable();
    if children.peek().is_none() {
        return Value::String(node.text().unwrap_or_default().to_owned());
    }
    let (mut members, mut items) = (Map::new(), Vec::new());
    for child in children {
        match child.tag_name().name() {
            "member" | "item" => items.push(element(child)),
            name => {
                members.insert(name.to_owned(), element(child));
            }
        }
    }
    if items.is_empty() {
        Value::Object(members)
    } else {
        Value::Array(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_arrays_elements_are_objects_and_the_rest_is_text() {
        let text = r#"<?xml version="1.0"?>
            <R xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
              <Result><Names><member>a &amp; b</member><member>c</member></Names><None/></Result>
              <set><item><id>1</id></item></set>
            </R>"#;
        assert_eq!(
            value(text).expect("XML"),
            json!({"Result": {"Names": ["a & b", "c"], "None": ""}, "set": [{"id": "1"}]})
        );
        assert!(value("<R><a></R>").is_err() && value("").is_err());
    }
}
