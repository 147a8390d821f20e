//! Records on disk: releases, jobs, targets.

mod job;
mod release;
mod target;
