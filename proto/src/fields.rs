//! How single fields are read, with the way to them in every error.

use std::time::Duration;

use prost::UnknownEnumValue;
use shipway_domain::ids::BadName;

use crate::error::{ConversionError, Problem};

type Result<T> = std::result::Result<T, ConversionError>;

/// A message that must be set.
pub(crate) fn required<M, T>(field: &str, message: Option<M>) -> Result<T>
where
    T: TryFrom<M>,
    T::Error: Into<ConversionError>,
{
    let message = message.ok_or_else(|| ConversionError::field(field, Problem::Missing))?;
    T::try_from(message).map_err(|error| error.into().under(field))
}

/// A message that may be absent.
pub(crate) fn optional<M, T>(field: &str, message: Option<M>) -> Result<Option<T>>
where
    T: TryFrom<M>,
    T::Error: Into<ConversionError>,
{
    message
        .map(|message| T::try_from(message).map_err(|error| error.into().under(field)))
        .transpose()
}

/// Messages in a row.
pub(crate) fn each<M, T>(field: &str, messages: Vec<M>) -> Result<Vec<T>>
where
    T: TryFrom<M>,
    T::Error: Into<ConversionError>,
{
    messages
        .into_iter()
        .enumerate()
        .map(|(at, message)| T::try_from(message).map_err(|error| nth(error.into(), field, at)))
        .collect()
}

/// A name; `new` is its constructor.
pub(crate) fn name<T>(
    field: &str,
    text: String,
    new: impl FnOnce(String) -> std::result::Result<T, BadName>,
) -> Result<T> {
    new(text).map_err(|bad| ConversionError::field(field, bad.into()))
}

/// A name that may be absent.
pub(crate) fn optional_name<T>(
    field: &str,
    text: Option<String>,
    new: impl FnOnce(String) -> std::result::Result<T, BadName>,
) -> Result<Option<T>> {
    text.map(|text| name(field, text, new)).transpose()
}

/// Names in a row.
pub(crate) fn names<T>(
    field: &str,
    texts: Vec<String>,
    new: impl Fn(String) -> std::result::Result<T, BadName>,
) -> Result<Vec<T>> {
    texts
        .into_iter()
        .enumerate()
        .map(|(at, text)| {
            new(text).map_err(|bad| nth(ConversionError::here(bad.into()), field, at))
        })
        .collect()
}

/// A value of the enumeration `M`.
pub(crate) fn enumeration<M, T>(field: &str, value: i32) -> Result<T>
where
    M: TryFrom<i32, Error = UnknownEnumValue>,
    T: TryFrom<M, Error = ConversionError>,
{
    let known = M::try_from(value)
        .map_err(|_| ConversionError::field(field, Problem::UnknownNumber(value)))?;
    T::try_from(known).map_err(|error| error.under(field))
}

/// What a message holds in its `oneof`.
pub(crate) fn alternative<A>(alternative: Option<A>) -> Result<A> {
    alternative.ok_or(ConversionError::here(Problem::NoAlternative))
}

/// Whole milliseconds; a span beyond 584 million years becomes that.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn nth(error: ConversionError, field: &str, at: usize) -> ConversionError {
    error.under(&format!("[{at}]")).under(field)
}
