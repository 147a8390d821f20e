//! Keeps records and events durable and gives the board back after a restart.
