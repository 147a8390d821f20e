//! How Amazon ECS replaces tasks: a pure state machine driven by time.
