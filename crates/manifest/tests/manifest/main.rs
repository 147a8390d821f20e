//! What the manifest promises: right files become submissions, wrong ones say where and why.

mod definitions;
mod environments;
mod images;
mod resolving;
mod scans;
mod shapes;
mod support;
mod tasks;
mod template;
