//! Each promise with a history that keeps it and histories that break it.
