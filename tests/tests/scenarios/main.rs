//! What can happen to a release, and how it must end: one row a scenario, with the exit code, the verdict and the
//! finding that a person gets.

mod case;
mod containers;
mod peers;
mod told;
mod verdicts;
