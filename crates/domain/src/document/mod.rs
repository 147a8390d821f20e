//! A JSON tree that keeps what it does not understand: order of members, and numbers as written.

mod number;
mod parse;
mod pointer;
mod print;
mod spans;
#[cfg(test)]
mod tests;

pub use number::Number;
pub use parse::{MAX_DEPTH, SyntaxError};
pub use pointer::{Pointer, Segment};
pub use spans::{Span, Spans};

/// A JSON value. Objects keep the order of their members and never hold a name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Document {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Number),
    /// A text.
    String(String),
    /// Values in order.
    Array(Vec<Self>),
    /// Named values in order.
    Object(Vec<(String, Self)>),
}

impl Document {
    /// An object without members.
    #[must_use]
    pub const fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// The member of this name; `None` too when this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let (_, value) = self.members().iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The member of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter_mut().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// Sets a member: in its place when it exists, else at the end. Anything that is no object
    /// becomes one. Answers what was there.
    pub fn set(&mut self, name: &str, value: impl Into<Self>) -> Option<Self> {
        let value = value.into();
        if let Some(old) = self.get_mut(name) {
            return Some(std::mem::replace(old, value));
        }
        if let Self::Object(members) = self {
            members.push((name.to_owned(), value));
        } else {
            *self = Self::Object(vec![(name.to_owned(), value)]);
        }
        None
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let at = members.iter().position(|(key, _)| key == name)?;
        Some(members.remove(at).1)
    }

    /// The value that a pointer leads to.
    #[must_use]
    pub fn at(&self, pointer: &Pointer) -> Option<&Self> {
        pointer
            .segments()
            .iter()
            .try_fold(self, |here, segment| match segment {
                Segment::Name(name) => here.get(name),
                Segment::Index(index) => here.as_array()?.get(*index),
            })
    }

    /// The members of an object in order; none for anything else.
    #[must_use]
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array in order; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        self.as_array().unwrap_or_default()
    }

    /// The text, when it is one.
    #[must_use]
    pub const fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The truth value, when it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, when it is a whole one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The items, when it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The items, to be changed, when it is an array.
    pub const fn as_array_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is an object.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// What it is, as people say it ("a number").
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl From<&str> for Document {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Document {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Document {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Vec<Self>> for Document {
    fn from(items: Vec<Self>) -> Self {
        Self::Array(items)
    }
}
