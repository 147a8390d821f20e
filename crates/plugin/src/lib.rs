//! What a builder and a platform can be asked to do and to observe.
