//! Builds pushed to a real registry, read back by skopeo, pulled and run by a Docker Engine.
//!
//! Skipped, loudly, where one of them is missing; with `SHIPWAY_REQUIRE_DOCKER=1` that is a failure.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests: whatever fails there fails the test, and a skip must be loud"
)]

mod bases;
mod engine;
mod logins;
mod platforms;
mod pushes;
mod refusals;
mod stops;
mod support;
