//! What a coordinator keeps, with a real process on a real disk: when the disk is full, when it lives shortly, and when everything
//! moves elsewhere.

mod agent;
mod blobs;
mod coordinator;
mod export;
mod full_disk;
mod mount;
