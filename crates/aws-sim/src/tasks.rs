//! What tasks are made of: nothing but time, or containers.

use clap::ValueEnum;

/// How tasks come to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Tasks {
    /// They go through their states by the clock, and fail by scripts.
    #[default]
    Modelled,
    /// They are containers of a Docker Engine.
    Docker,
}
