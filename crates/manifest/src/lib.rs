//! Reads shipway.toml and task definition files into domain values, with places for errors.
