//! Proves that the parts fit.
