//! What is done to requests that would do: by member, by byte, and by the text of JSON.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::rng::Rng;

/// Values that answers gave, by the name of their member: ARNs, ids and tokens that exist.
#[derive(Debug, Default)]
pub(crate) struct Pool(HashMap<String, Vec<String>>);

/// How many values of one name are kept.
const KEPT: usize = 16;
/// How many names are kept.
const NAMES: usize = 400;

impl Pool {
    /// Keeps the texts of an answer.
    pub(crate) fn learn(&mut self, rng: &mut Rng, name: &str, value: &Value) {
        match value {
            Value::String(text) if text.len() < 500 => self.keep(rng, name, text),
            Value::Array(items) => {
                for item in items.iter().take(KEPT) {
                    self.learn(rng, name, item);
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.learn(rng, name, value);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn keep(&mut self, rng: &mut Rng, name: &str, text: &str) {
        let name = singular(name);
        if self.0.len() >= NAMES && !self.0.contains_key(&name) {
            return;
        }
        let known = self.0.entry(name).or_default();
        if known.len() < KEPT {
            known.push(text.to_owned());
        } else {
            known[rng.below(KEPT)] = text.to_owned();
        }
    }

    /// Something that answers called so.
    pub(crate) fn get(&self, rng: &mut Rng, name: &str) -> Option<String> {
        let name = singular(name);
        // Some inputs call a thing otherwise than the answers do.
        let name = match name.as_str() {
            "task" => "taskarn",
            "resourcearn" if rng.chance(50) => "servicearn",
            "resourcearn" => "repositoryarn",
            "service" | "servicename" => "servicearn",
            "taskdefinition" => "taskdefinitionarn",
            "subjectid" => "imagedigest",
            other => other,
        };
        let known = self.0.get(name)?;
        Some(rng.pick(known).clone())
    }
}

fn singular(name: &str) -> String {
    name.to_lowercase().trim_end_matches('s').to_owned()
}

/// A value that no operation expects.
pub(crate) fn odd_value(rng: &mut Rng) -> Value {
    match rng.below(10) {
        0 => Value::Null,
        1 => json!(rng.chance(50)),
        2..=4 => odd_number(rng),
        5..=7 => odd_text(rng).into(),
        8 => rng
            .pick(&[
                json!([]),
                json!({}),
                json!([null]),
                json!([[]]),
                json!([{}]),
                json!({"": {}}),
            ])
            .clone(),
        _ => {
            let mut value = json!(1);
            for _ in 0..rng.below(60) {
                value = if rng.chance(50) {
                    json!([value])
                } else {
                    json!({"member": value})
                };
            }
            value
        }
    }
}

fn odd_number(rng: &mut Rng) -> Value {
    let whole: [i64; 16] = [
        0,
        -1,
        1,
        9,
        100,
        101,
        1001,
        86_400,
        i64::from(i32::MAX),
        i64::from(i32::MIN),
        i64::from(u32::MAX),
        1 << 32,
        (1 << 53) + 1,
        i64::MAX,
        i64::MIN,
        4_000_000_000_000,
    ];
    match rng.below(4) {
        0 | 1 => json!(rng.pick(&whole)),
        2 => json!(rng.pick(&[u64::MAX, u64::MAX / 1000, u64::MAX / 1_000_000])),
        _ => json!(rng.pick(&[
            0.1, -0.5, 1e18, 1e19, 1e300, -1e300, 5e-324, 1.797e308, 99.999_999
        ])),
    }
}

/// A text that no operation expects.
pub(crate) fn odd_text(rng: &mut Rng) -> String {
    let texts = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b\u{1}\u{1f}",
        "\u{202e}\u{feff}\u{ffff}",
        "é😀ß",
        "%00%ff%",
        "*",
        "..",
        "../../etc/passwd",
        "a/b/c/d/e",
        "]]><x>&amp;\"'",
        "arn:aws:",
        "arn:aws:ecs:eu-west-1:111111111111:service/main/hello",
        "arn:aws:ecs:::cluster/",
        "hello:99999999999999999999",
        "sha256:",
        "sha256:zz",
        "-1",
        "1e999",
        "9223372036854775808",
        "2099-13-45T99:99:99Z",
        "9999-12-31T23:59:59Z",
        "-9999-01-01T00:00:00",
        "cron(* * * * ? *)",
        "cron(0 0 31 2 ? 2199)",
        "rate(99999999999999999999 days)",
        "rate(1 minute)",
        "at(0000-00-00T00:00:00)",
        "{\"Statement\":[]}",
        "true",
        "null",
    ];
    match rng.below(12) {
        0 => "a".repeat(rng.below(3000)),
        1 => "\u{e9}".repeat(rng.below(300)),
        2 => (0..rng.below(40))
            .map(|_| char::from(u8::try_from(rng.below(128)).unwrap_or(0)))
            .collect(),
        3 if rng.chance(5) => "x".repeat(70_000),
        _ => (*rng.pick(&texts)).to_owned(),
    }
}

/// Every place in a value, by the keys that lead to it.
fn places(value: &Value, here: &mut Vec<Key>, found: &mut Vec<Vec<Key>>) {
    let inner: Vec<(Key, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (Key::Name(name.clone()), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (Key::Index(index), value))
            .collect(),
        _ => Vec::new(),
    };
    for (key, value) in inner {
        here.push(key);
        found.push(here.clone());
        places(value, here, found);
        here.pop();
    }
}

#[derive(Clone, Debug)]
enum Key {
    Name(String),
    Index(usize),
}

/// Changes one to three places of an input; most members that name things get a name that exists.
pub(crate) fn input(rng: &mut Rng, pool: &Pool, value: &mut Value) {
    fill(rng, pool, "", value);
    let changes = *rng.pick(&[0, 1, 1, 1, 2, 3]);
    for _ in 0..changes {
        if rng.chance(2) {
            *value = odd_value(rng);
        }
        let mut found = Vec::new();
        places(value, &mut Vec::new(), &mut found);
        if found.is_empty() {
            if let Some(members) = value.as_object_mut() {
                members.insert(odd_text(rng), odd_value(rng));
            }
            continue;
        }
        let place = rng.pick(&found).clone();
        let Some((last, before)) = place.split_last() else {
            continue;
        };
        let mut parent = &mut *value;
        for key in before {
            parent = match key {
                Key::Name(name) => &mut parent[name.as_str()],
                Key::Index(index) => &mut parent[*index],
            };
        }
        change(rng, pool, parent, last);
    }
}

fn fill(rng: &mut Rng, pool: &Pool, name: &str, value: &mut Value) {
    match value {
        Value::String(text) if rng.chance(30) => {
            if let Some(known) = pool.get(rng, name) {
                *text = known;
            }
        }
        Value::Array(items) => {
            for item in items {
                fill(rng, pool, name, item);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                fill(rng, pool, name, value);
            }
        }
        _ => {}
    }
}

fn change(rng: &mut Rng, pool: &Pool, parent: &mut Value, last: &Key) {
    match (parent, last) {
        (Value::Object(members), Key::Name(name)) => change_member(rng, pool, members, name),
        (Value::Array(items), Key::Index(index)) => match rng.below(4) {
            0 => drop(items.remove(*index)),
            1 => {
                let again = items[*index].clone();
                // Now and then more than any list may hold.
                let times = if rng.chance(5) {
                    200
                } else {
                    1 + rng.below(12)
                };
                items.extend(std::iter::repeat_n(again, times));
            }
            _ => items[*index] = odd_value(rng),
        },
        _ => {}
    }
}

fn change_member(rng: &mut Rng, pool: &Pool, members: &mut Map<String, Value>, name: &str) {
    match rng.below(8) {
        0 => drop(members.shift_remove(name)),
        1 => {
            if let Some(value) = members.shift_remove(name) {
                let renamed = if rng.chance(50) {
                    name.to_uppercase()
                } else {
                    odd_text(rng)
                };
                members.insert(renamed, value);
            }
        }
        2 => {
            if let Some(known) = pool.get(rng, name) {
                members.insert(name.to_owned(), known.into());
            }
        }
        3 => {
            let wrapped = members.get(name).cloned().unwrap_or_default();
            members.insert(name.to_owned(), json!([wrapped]));
        }
        4 => {
            if let Some(Value::String(text)) = members.get_mut(name) {
                let at = rng.below(text.chars().count() + 1);
                let odd = odd_text(rng);
                let head: String = text.chars().take(at).collect();
                let tail: String = text.chars().skip(at + rng.below(2)).collect();
                *text = head + &odd + &tail;
            } else {
                members.insert(name.to_owned(), odd_number(rng));
            }
        }
        _ => drop(members.insert(name.to_owned(), odd_value(rng))),
    }
}

/// Damages the text of a body.
pub(crate) fn bytes(rng: &mut Rng, body: &mut Vec<u8>) {
    let at = rng.below(body.len() + 1);
    let noise = |rng: &mut Rng, most: usize| -> Vec<u8> {
        (0..rng.below(most))
            .map(|_| rng.next().to_le_bytes()[0])
            .collect()
    };
    match rng.below(11) {
        0 => body.truncate(at),
        1 => *body = noise(rng, 300),
        2 => drop(body.splice(at..at, noise(rng, 20))),
        3 if !body.is_empty() => {
            for _ in 0..=rng.below(6) {
                let at = rng.below(body.len());
                body[at] ^= 1 << rng.below(8);
            }
        }
        4 => *body = vec![*rng.pick(b"[{\"0-"); 1 + rng.below(20_000)],
        5 => *body = b"{\"a\":".repeat(1 + rng.below(5_000)),
        6 => body.extend_from_slice(rng.pick(&["{}", "\0", ",", "\u{fffe}", "]"]).as_bytes()),
        7 => drop(body.splice(0..0, b"\xef\xbb\xbf".iter().copied())),
        8 => {
            // A member twice.
            let text = String::from_utf8_lossy(body).into_owned();
            if let (Some(rest), Some((first, _))) = (text.strip_prefix('{'), text.split_once(',')) {
                *body = format!("{first},{rest}").into_bytes();
            }
        }
        9 => {
            let digits = "9".repeat(1 + rng.below(400));
            let text = String::from_utf8_lossy(body);
            *body = text
                .replacen(|byte: char| byte.is_ascii_digit(), &digits, 1)
                .into_bytes();
        }
        _ => body.clear(),
    }
}

/// Changes the pairs of a form or of a query string.
pub(crate) fn form(rng: &mut Rng, pool: &Pool, text: &str) -> String {
    let mut pairs: Vec<String> = text.split('&').map(str::to_owned).collect();
    for _ in 0..rng.below(4) {
        let at = rng.below(pairs.len());
        let Some(pair) = pairs.get(at).cloned() else {
            break;
        };
        let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
        let last = name.rsplit('.').next().unwrap_or(name);
        let changed = match rng.below(8) {
            0 => {
                pairs.remove(at);
                continue;
            }
            1 => format!("{name}.member.{}={value}", rng.next()),
            2 => name.to_owned(),
            3 => format!("{}={value}", percent(&odd_text(rng))),
            4 => match pool.get(rng, last) {
                Some(known) => format!("{name}={}", percent(&known)),
                None => format!("{name}=%zz%"),
            },
            5 => {
                pairs.push(pair);
                continue;
            }
            6 => format!("{name}={}", odd_number(rng)),
            _ => format!("{name}={}", percent(&odd_text(rng))),
        };
        pairs[at] = changed;
    }
    pairs.join("&")
}

/// Percent encoding of all but letters and digits.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
