//! Every metric that there is: name, unit, labels and what it means. `docs/metrics.md` is held to this table.

/// What a metric counts or measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows, until the process is started again.
    Counter,
    /// A value at the moment of looking.
    Gauge,
    /// Values in buckets, with these upper bounds.
    Histogram(&'static [f64]),
}

/// Whose metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The coordinator measures it.
    Coordinator,
    /// Each agent measures it; the coordinator shows it with the label `agent`.
    Agent,
    /// Each run of the command line measures it, and sends it at its end; the coordinator does not show it.
    Command,
}

/// One metric.
#[derive(Debug, PartialEq)]
pub struct Def {
    /// Name as OpenTelemetry has it, such as `shipway.queue.jobs`.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Unit as UCUM writes it: `s`, `By`, or what is counted in braces.
    pub unit: &'static str,
    /// Keys of its labels.
    pub labels: &'static [&'static str],
    /// Who measures it.
    pub source: Source,
    /// Whether it is asked for when somebody looks, instead of being recorded as it happens.
    pub observed: bool,
    /// What it means, in one line without quotes.
    pub help: &'static str,
}

impl Def {
    /// Name of its family as Prometheus has it, without the `_total` of counters.
    #[must_use]
    pub fn family(&self) -> String {
        let name = self.name.replace('.', "_");
        match self.unit {
            "s" => name + "_seconds",
            "By" => name + "_bytes",
            _ => name,
        }
    }

    /// Names of its series in Prometheus.
    #[must_use]
    pub fn series(&self) -> Vec<String> {
        let family = self.family();
        match self.kind {
            Kind::Counter => vec![family + "_total"],
            Kind::Gauge => vec![family],
            Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
                .map(|end| format!("{family}{end}"))
                .into(),
        }
    }

    /// The most combinations of labels that one process keeps apart; what comes beyond is put together under the
    /// label `otel_metric_overflow`.
    #[must_use]
    pub const fn most(&self) -> usize {
        match self.kind {
            // Each costs as many series as it has buckets.
            Kind::Histogram(_) => 500,
            Kind::Counter | Kind::Gauge => 2_000,
        }
    }
}

/// The metric with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Def> {
    ALL.iter().copied().find(|def| def.name == name)
}

/// A millisecond to a minute: what people wait for without noticing, and notice.
const SHORT: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];
/// Ten milliseconds to an hour: waits of jobs, and of people.
const WAITS: &[f64] = &[
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0,
];
/// A second to an hour and a half: rollouts and their steps.
const ROLLOUT: &[f64] = &[
    1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 480.0, 720.0, 1_200.0, 1_800.0, 3_600.0,
    5_400.0,
];
/// Five minutes to thirty days: from a commit to what serves, from a failure to what serves again.
const LONG: &[f64] = &[
    300.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    14_400.0,
    28_800.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
];
/// What one commit has.
const SIZES: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 5_000.0,
];

macro_rules! metrics {
    ($($constant:ident = $source:ident $kind:expr, $name:literal $unit:literal [$($label:literal)*] $($observed:ident)?: $help:literal;)*) => {
        $(#[doc = $help]
        pub static $constant: Def = Def {
            name: $name,
            kind: $kind,
            unit: $unit,
            labels: &[$($label),*],
            source: Source::$source,
            observed: metrics!(@ $($observed)?),
            help: $help,
        };)*

        /// All of them, in the order in which they are shown.
        pub static ALL: &[&Def] = &[$(&$constant),*];
    };
    (@ observed) => { true };
    (@) => { false };
}

use Kind::{Counter, Gauge, Histogram};

metrics! {
    QUEUE_JOBS = Coordinator Gauge, "shipway.queue.jobs" "{job}" ["reason"] observed:
        "Jobs that wait, by why they wait.";
    QUEUE_AGE = Coordinator Gauge, "shipway.queue.age" "s" ["reason"] observed:
        "How long the job that waits longest has waited, by why it waits.";
    DISPATCH_LATENCY = Coordinator Histogram(WAITS), "shipway.dispatch.latency" "s" ["kind"]:
        "From when a job came into the queue, with all that it needs ended, to its offer: what it waits for a target and an agent.";
    LEASES_EXPIRED = Coordinator Counter, "shipway.leases.expired" "{lease}" []:
        "Leases that ended because their agent did not renew them.";
    COMMIT_DURATION = Coordinator Histogram(SHORT), "shipway.commit.duration" "s" []:
        "Time of one commit, from taking up its batches to their being on disk.";
    COMMIT_RECORDS = Coordinator Histogram(SIZES), "shipway.commit.records" "{record}" []:
        "Records that one commit wrote.";
    STORE_LIVE = Coordinator Gauge, "shipway.store.live" "By" ["what"] observed:
        "Bytes of what is kept, without what the database holds beside it.";
    STORE_DISK = Coordinator Gauge, "shipway.store.disk" "By" ["what"] observed:
        "Bytes that it takes on the disk.";
    STORE_FREE = Coordinator Gauge, "shipway.store.free" "By" [] observed:
        "Free bytes on the disk of the data folder.";
    STORE_ERRORS = Coordinator Counter, "shipway.store.errors" "{error}" ["what"]:
        "Failures of the store: commits, records in quarantine, logs.";
    AGENTS = Coordinator Gauge, "shipway.agents" "{agent}" ["state"] observed:
        "Agents, by whether they are connected.";
    JOBS_RUNNING = Coordinator Gauge, "shipway.jobs.running" "{job}" ["kind"] observed:
        "Jobs that an agent has.";
    JOBS_RESTING = Coordinator Gauge, "shipway.jobs.resting" "{job}" ["verdict"] observed:
        "Jobs that rest with a verdict that is no end.";
    DEBTS = Coordinator Gauge, "shipway.debts" "{debt}" [] observed:
        "Targets to which something is owed, such as suspended auto scaling that must be put back.";
    DEBTS_AGE = Coordinator Gauge, "shipway.debts.age" "s" [] observed:
        "Age of the oldest debt.";
    RELEASES_ENDED = Coordinator Counter, "shipway.releases.ended" "{release}" ["app" "env" "kind" "verdict"]:
        "Releases that ended.";
    ROLLOUT_DURATION = Coordinator Histogram(ROLLOUT), "shipway.rollout.duration" "s" ["verdict"]:
        "A rollout, from its first grant to its end.";
    STEP_DURATION = Coordinator Histogram(ROLLOUT), "shipway.step.duration" "s" ["step" "result"]:
        "A step of a job, from its first to its last word.";
    CHANGES = Coordinator Counter, "shipway.changes" "{change}" ["app" "env" "result"]:
        "Changes that came to serve, that failed, and that were undone by a rollback.";
    LEAD_TIME = Coordinator Histogram(LONG), "shipway.lead_time" "s" ["app" "env"]:
        "From the commit of a change to its being proven live.";
    RESTORE_TIME = Coordinator Histogram(LONG), "shipway.restore.time" "s" ["app" "env"]:
        "From the first failed change to the next release that is proven live.";
    DROPPED = Coordinator Counter, "shipway.metrics.dropped" "{item}" ["what"]:
        "What was not measured because it came too fast or was too much.";
    AWS_CALLS = Agent Counter, "shipway.aws.calls" "{call}" ["service" "bucket" "outcome"] observed:
        "Calls of AWS, by API bucket.";
    AWS_THROTTLES = Agent Counter, "shipway.aws.throttles" "{throttle}" ["bucket"] observed:
        "Answers of AWS that it was called too often.";
    AWS_BUDGET = Agent Gauge, "shipway.aws.budget" "{token}" ["bucket" "account" "region"] observed:
        "Calls that the agent may make at once; below 0 callers wait.";
    BUILDS = Agent Counter, "shipway.builds" "{build}" ["builder" "outcome"]:
        "Builds of images, by what came of them.";
    BUILD_PUSHED = Agent Counter, "shipway.build.pushed" "By" ["builder"]:
        "Bytes sent to registries.";
    BUILD_STAGES = Agent Counter, "shipway.build.stages" "{stage}" ["builder" "cached"]:
        "Stages of builds, by whether they were found in a cache.";
    COMMAND_DURATION = Command Histogram(WAITS), "shipway.cli.command.duration" "s" ["command" "exit_code"]:
        "A command, from its start until its result was there.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, Kind, find};

    #[test]
    fn every_metric_has_a_name_of_its_own_in_both_worlds_and_a_help_that_needs_no_escape() {
        let names: BTreeSet<&str> = ALL.iter().map(|def| def.name).collect();
        let series: Vec<String> = ALL.iter().flat_map(|def| def.series()).collect();
        let distinct: BTreeSet<&String> = series.iter().collect();
        assert_eq!((names.len(), distinct.len()), (ALL.len(), series.len()));
        for def in ALL {
            assert!(def.name.starts_with("shipway."), "{}", def.name);
            assert!(!def.help.contains(['"', '\\', '\n']), "{}", def.name);
            assert!(def.help.ends_with('.'), "{}", def.name);
            assert_eq!(find(def.name), Some(*def));
            // A gauge is looked at when somebody asks: none goes stale.
            assert!(def.observed || def.kind != Kind::Gauge, "{}", def.name);
        }
        assert_eq!(find("shipway.nothing"), None);
    }

    #[test]
    fn buckets_grow() {
        for def in ALL {
            if let Kind::Histogram(bounds) = def.kind {
                assert!(
                    bounds.windows(2).all(|pair| pair[0] < pair[1]),
                    "{}",
                    def.name
                );
            }
        }
    }

    #[test]
    fn names_in_prometheus_say_the_unit() {
        let series = |name: &str| find(name).map(super::Def::series).unwrap_or_default();
        assert_eq!(series("shipway.queue.age"), ["shipway_queue_age_seconds"]);
        assert_eq!(
            series("shipway.build.pushed"),
            ["shipway_build_pushed_bytes_total"]
        );
        assert_eq!(series("shipway.queue.jobs"), ["shipway_queue_jobs"]);
        assert_eq!(
            series("shipway.lead_time"),
            [
                "shipway_lead_time_seconds_bucket",
                "shipway_lead_time_seconds_sum",
                "shipway_lead_time_seconds_count"
            ]
        );
    }
}
