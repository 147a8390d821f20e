//! Everything in one program, for a first try and for tests.
