//! Builds with a real Docker Engine and pushes to a real registry.
//!
//! Skipped, loudly, where one of them is missing; with `SHIPWAY_REQUIRE_DOCKER=1` that is a failure.
//! No image is pulled from anywhere: all are made from scratch and a static C program.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: whatever fails there fails the test, and a skip must be loud"
)]

mod caches;
mod failures;
mod logins;
mod pushes;
mod secrets;
mod stops;
mod support;
