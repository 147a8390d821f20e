//! What a document promises: nothing is lost, nothing wrong is let in, everything has a place.

use expect_test::expect;
use proptest::prelude::*;

use super::{Document, MAX_DEPTH, Number, Pointer, Span};

fn number() -> impl Strategy<Value = Document> {
    "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
        .prop_map(|text| Document::Number(Number::new(&text).unwrap()))
}

fn document() -> impl Strategy<Value = Document> {
    let leaf = prop_oneof![
        Just(Document::Null),
        any::<bool>().prop_map(Document::Bool),
        number(),
        any::<String>().prop_map(Document::String),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Document::Array),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Document::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(document in document()) {
        prop_assert_eq!(&Document::parse(&document.to_string()).unwrap(), &document);
        prop_assert_eq!(&Document::parse(&document.pretty()).unwrap(), &document);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}:,\"\\\\/u0-9a-fA-Ftrue. \\n-]{0,60}|\\PC{0,60}") {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(Document::parse(&document.to_string()).unwrap(), document);
        }
    }

    #[test]
    fn every_value_has_its_place(document in document()) {
        let text = document.pretty();
        let lines: Vec<&str> = text.split('\n').collect();
        let (_, spans) = Document::parse_with_spans(&text).unwrap();
        let mut pending = vec![(Pointer::root(), &document)];
        while let Some((pointer, value)) = pending.pop() {
            let Span { line, column, .. } = spans.value(&pointer);
            let there: String = lines[line - 1].chars().skip(column - 1).collect();
            let first = value.to_string().chars().next().unwrap();
            prop_assert!(there.starts_with(first), "{pointer}: {there:?}");
            pending.extend(value.items().iter().enumerate().map(|(i, v)| (pointer.index(i), v)));
            pending.extend(value.members().iter().map(|(n, v)| (pointer.name(n.as_str()), v)));
        }
    }

    #[test]
    fn a_pointer_reads_back_the_same(names in prop::collection::vec(
        prop_oneof![any::<String>().prop_map(Ok), any::<usize>().prop_map(Err)], 0..5)) {
        let pointer = names.into_iter().fold(Pointer::root(), |pointer, step| match step {
            Ok(name) => pointer.name(name),
            Err(index) => pointer.index(index),
        });
        prop_assert_eq!(Pointer::parse(&pointer.to_string()), Some(pointer));
    }
}

#[test]
fn numbers_stay_as_written() {
    let text = r#"[1.50,1E+2,123456789012345678901234567890,-0]"#;
    assert_eq!(Document::parse(text).unwrap().to_string(), text);
    assert_eq!(Number::new("1.50").unwrap().as_str(), "1.50");
}

#[test]
fn what_is_no_number_in_whole_is_none() {
    for text in ["", "-", "01", "1.", ".5", "1e", "1e+", "1 ", "0x1"] {
        assert_eq!(Number::new(text), None, "{text:?}");
    }
}

#[test]
fn every_escape_stands_for_its_character() {
    let text = r#""\"\\\/\b\f\n\r\t\u00e9\u0001\ud83d\ude00""#;
    let document = Document::parse(text).unwrap();
    let meant = "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1}\u{1f600}";
    assert_eq!(document, Document::from(meant));
    let printed = r#""\"\\/\u0008\u000c\n\r\t\u{e9}\u0001\u{1f600}""#;
    let printed = printed.replace("\\u{e9}", "\u{e9}");
    let printed = printed.replace("\\u{1f600}", "\u{1f600}");
    assert_eq!(document.to_string(), printed);
}

#[test]
fn a_file_has_each_value_on_a_line_of_its_own() {
    let text = r#"{"a":[1,{"b":[]}],"c":{}}"#;
    expect![[r#"
        {
          "a": [
            1,
            {
              "b": []
            }
          ],
          "c": {}
        }
    "#]]
    .assert_eq(&Document::parse(text).unwrap().pretty());
}

#[test]
fn whole_numbers_are_known_however_they_are_written() {
    for (text, value) in [
        ("2", Some(2)),
        ("2.0", Some(2)),
        ("2e1", Some(20)),
        ("2.5", None),
        ("1e300", None),
        ("9007199254740991.0", Some(9_007_199_254_740_991)),
        ("9007199254740992.0", None),
    ] {
        assert_eq!(Number::new(text).unwrap().as_i64(), value, "{text}");
    }
}

#[test]
fn members_are_set_in_place_and_removed() {
    let mut document = Document::parse(r#"{"a":1,"b":2}"#).unwrap();
    assert_eq!(document.set("a", "new"), Some(Document::from(1)));
    assert_eq!(document.set("c", true), None);
    assert_eq!(document.remove("b"), Some(Document::from(2)));
    assert_eq!(document.to_string(), r#"{"a":"new","c":true}"#);
}

#[test]
fn pointers_lead_to_values() {
    let document = Document::parse(r#"{"containers":[{"labels":{"a.b":"x"}}]}"#).unwrap();
    let pointer = Pointer::parse(r#"containers[0].labels["a.b"]"#).unwrap();
    assert_eq!(document.at(&pointer), Some(&Document::from("x")));
    assert_eq!(document.at(&pointer.index(0)), None);
    for wrong in ["a..b", ".a", "a[", "a[x]", "a[\"b]", "a[0]b"] {
        assert_eq!(Pointer::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let deep = "[".repeat(MAX_DEPTH + 1);
    let deep_object = "{\"a\":".repeat(MAX_DEPTH + 1);
    let texts = [
        "",
        "{",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":1,\n \"a\":2}",
        "01",
        "1.",
        "+1",
        "nul",
        "'x'",
        "// x",
        "\"abc",
        "\"a\tb\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "1 2",
        &deep,
        &deep_object,
    ];
    let mut told = String::new();
    for text in texts {
        let shown: String = text.chars().take(20).collect();
        told += &format!("{shown:?}: {}\n", Document::parse(text).unwrap_err());
    }
    expect![[r#"
        "": line 1, column 1: expected a value, found the end of the file
        "{": line 1, column 2: expected a name in double quotes, found the end of the file
        "{\"a\":1,}": line 1, column 7: a comma before '}' is not allowed
        "[1,]": line 1, column 3: a comma before ']' is not allowed
        "[1 2]": line 1, column 4: expected ',' or ']', found '2'
        "{a:1}": line 1, column 2: expected a name in double quotes, found 'a'
        "{\"a\" 1}": line 1, column 6: expected ':' after the name, found '1'
        "{\"a\":1,\n \"a\":2}": line 2, column 2: "a" stands twice in this object
        "01": line 1, column 1: this is no JSON number
        "1.": line 1, column 1: this is no JSON number
        "+1": line 1, column 1: expected a value, found '+'
        "nul": line 1, column 1: expected a value, found 'n'
        "'x'": line 1, column 1: expected a value, found ' (JSON has double quotes only)
        "// x": line 1, column 1: expected a value, found '/' (JSON has no comments)
        "\"abc": line 1, column 1: this string has no closing quote
        "\"a\tb\"": line 1, column 3: write this control character as \u0009
        "\"\\x\"": line 1, column 2: unknown escape; JSON has \" \\ \/ \b \f \n \r \t \uXXXX
        "\"\\ud800\"": line 1, column 2: half of a surrogate pair is no character
        "\"\\ud800\\u0041\"": line 1, column 2: half of a surrogate pair is no character
        "1 2": line 1, column 3: expected the end of the file, found '2'
        "[[[[[[[[[[[[[[[[[[[[": line 1, column 129: more than 128 levels deep
        "{\"a\":{\"a\":{\"a\":{\"a\":": line 1, column 641: more than 128 levels deep
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_value_that_is_missing_has_the_place_of_what_surrounds_it() {
    let (_, spans) = Document::parse_with_spans("{\n  \"a\": {\"b\": 1}\n}").unwrap();
    let missing = Pointer::parse("a.c.d").unwrap();
    assert_eq!(
        spans.value(&missing),
        Span {
            line: 2,
            column: 8,
            width: 8
        }
    );
    assert_eq!(
        spans.name(&Pointer::parse("a").unwrap()),
        Span {
            line: 2,
            column: 3,
            width: 3
        }
    );
}
