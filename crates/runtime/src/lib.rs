//! What every process does around its work: config, telemetry, tasks, clock, shutdown.
