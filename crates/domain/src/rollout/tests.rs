//! The planner takes the right step, whatever was noted and seen before.
