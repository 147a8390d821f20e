//! Snapshots of a release as it is shown, from the same events in all forms.

mod failed;
mod running;
mod scene;
mod waiting;
