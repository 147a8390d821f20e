//! The control API is what the table in the README says, and says what is wrong with a request.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::World;

/// Path and methods of each row of the README's table.
fn rows() -> Vec<(String, Vec<Method>)> {
    let readme = include_str!("../README.md");
    let (_, table) = readme.split_once("## Control API").expect("the section");
    let rows = table.lines().skip_while(|line| !line.starts_with("| ---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with("| "));
    let read = |row: &str| {
        let cell = row.split('|').nth(1).expect("a first column");
        let named = cell.replace(['`', ','], " ");
        let mut words: Vec<&str> = named.split_whitespace().collect();
        let path = words.pop().expect("a path").to_owned();
        let methods = words.iter().map(|word| word.parse().expect("a method"));
        (path, methods.collect())
    };
    rows.map(read).collect()
}

#[tokio::test]
async fn each_row_of_the_readme_is_answered_and_its_other_methods_are_not() {
    let world = World::demo().await;
    assert!(rows().len() > 12, "{:?}", rows());
    for (path, methods) in rows() {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            let answer = world.control(method.clone(), &path, Value::Null).await;
            let known = methods.contains(&method);
            let missing = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
            let refused = missing.contains(&answer.status);
            assert_eq!(refused, !known, "{method} {path}: {}", answer.text());
            if !known {
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
                let allowed = answer.header("allow");
                for method in &methods {
                    assert!(allowed.contains(method.as_str()), "{path}: {allowed}");
                }
            }
        }
    }
    let nowhere = world
        .control(Method::GET, "/_sim/nowhere", Value::Null)
        .await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.text().contains("/_sim/clock"), "{}", nowhere.text());
}

#[tokio::test]
async fn unknown_query_keys_are_refused_with_the_known_ones() {
    let world = World::demo().await;
    for (path, methods) in rows() {
        for method in methods {
            let asked = format!("{path}?sinse=1");
            let answer = world.control(method.clone(), &asked, Value::Null).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{method} {asked}");
            let text = answer.text();
            assert!(text.contains("`sinse`"), "{method} {asked}: {text}");
            if path == "/_sim/calls" {
                let known = "since, account, service, action, principal, error, limit";
                assert!(text.contains(known), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn bodies_with_unknown_members_are_refused_by_name_and_others_take_none() {
    let world = World::demo().await;
    let before = world.control(Method::GET, "/_sim/state", Value::Null).await;
    for (path, methods) in rows() {
        for method in methods {
            let odd = json!({"wrongly": 1});
            let answer = world.control(method.clone(), &path, odd).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{method} {path}");
            let text = answer.text();
            // A world is first looked at for what it must have.
            let loads = (method.as_str(), path.as_str()) == ("PUT", "/_sim/state");
            let says = text.contains("wrongly") || text.contains("takes no body");
            assert!(says || loads, "{method} {path}: {text}");
        }
    }
    let after = world.control(Method::GET, "/_sim/state", Value::Null).await;
    assert_eq!(before.text(), after.text());
}
