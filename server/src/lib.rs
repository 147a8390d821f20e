//! The coordinator: owns the board, commits, offers work, times out the silent.
