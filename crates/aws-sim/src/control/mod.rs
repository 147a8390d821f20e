//! The control API under `/_sim/`: what people and tests do to the simulator that AWS has no call for.
//!
//! The README of the crate says what each request does; `routes.rs` has the table of them.

mod calls;
mod faults;
mod operations;
mod routes;
mod scripts;
mod state;
mod strict;
mod time;
mod world;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use routes::{Answer, Asked, Verb, router};
pub(crate) use scripts::take_findings;

/// Reads a body; the text of the error says what is wrong and what would be right.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body is not as expected: {error}"))
}

/// The answer that shows this.
pub(crate) fn show(value: &impl Serialize) -> Answer {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

/// The answer of what has nothing to say: `{}`.
#[expect(clippy::unnecessary_wraps, reason = "handlers answer with a result")]
pub(crate) fn done() -> Answer {
    Ok(b"{}".to_vec())
}
