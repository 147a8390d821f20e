//! The whole system in one process: every verdict, and what holds on the way there.

mod accounts;
mod agents;
mod clean;
mod diagnose;
mod history;
mod plan;
mod queue;
mod rollbacks;
mod scaling;
mod scans;
mod strategies;
mod tasks;
mod trace;
mod verdicts;
mod watch;
mod waves;
