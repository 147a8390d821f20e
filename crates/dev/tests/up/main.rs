//! `shipway-dev up` as people run it.

mod processes;
mod support;
mod together;
