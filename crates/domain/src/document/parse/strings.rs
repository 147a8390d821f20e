//! Strings of JSON and their escapes.

use super::{Parsed, Parser, bad};

impl Parser<'_> {
    /// A string, from its opening quote.
    pub(super) fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(bad(start, "this string has no closing quote".to_owned()));
            };
            let here = self.at;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape(here)?),
                '\n' | '\r' => {
                    return Err(bad(start, "this string has no closing quote".to_owned()));
                }
                c if c < ' ' => {
                    let message =
                        format!("write this control character as \\u{:04x}", u32::from(c));
                    return Err(bad(here, message));
                }
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Parsed<char> {
        let unknown = || {
            bad(
                start,
                "unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX".to_owned(),
            )
        };
        let c = self.peek().ok_or_else(unknown)?;
        self.at += c.len_utf8();
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit().ok_or_else(unknown)?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    units.push(self.unit().ok_or_else(unknown)?);
                }
                let mut chars = char::decode_utf16(units);
                match (chars.next(), chars.next()) {
                    (Some(Ok(c)), None) => c,
                    _ => {
                        return Err(bad(
                            start,
                            "half of a surrogate pair is no character".to_owned(),
                        ));
                    }
                }
            }
            _ => return Err(unknown()),
        })
    }

    /// The four hexadecimal digits of a `\u` escape.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        self.at += 4;
        u16::from_str_radix(digits, 16).ok().filter(|_| hex)
    }
}
