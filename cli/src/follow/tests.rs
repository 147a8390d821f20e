//! Snapshots of a release as it is shown, from the same events in all forms.

mod failed;
mod running;
mod scanned;
mod scene;
mod waiting;
