//! What agents reported last: kept in memory while they are connected, and checked, for it comes from outside.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost::Message as _;
use shipway_domain::ids::AgentId;
use shipway_proto::v1;
use shipway_proto::v1::metrics::sample::Value as Wire;
use shipway_runtime::Metrics;
use shipway_runtime::metrics::names::{self, Def, Kind, Source};
use shipway_runtime::metrics::{Family, Histogram, OVERFLOW, Sample, Snapshot, Value};

/// Largest report in bytes.
const LARGEST: usize = 64 << 10;
/// Samples of one report at most.
const MOST: usize = 1_000;
/// Longest value of a label, in bytes.
const LABEL: usize = 128;

/// The last report of each agent. Nothing is kept when nobody can read it here.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    metrics: Metrics,
    is_read: bool,
    by_agent: Arc<Mutex<BTreeMap<AgentId, (Stream, Snapshot)>>>,
    streams: Arc<AtomicU64>,
}

/// A stream of an agent: the same life may come back by another one before the end of the first is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stream(u64);

impl Reported {
    pub(crate) fn new(metrics: &Metrics, is_read: bool) -> Self {
        Self {
            metrics: metrics.clone(),
            is_read,
            by_agent: Arc::default(),
            streams: Arc::default(),
        }
    }

    /// A new stream, later than all before it.
    pub(crate) fn stream(&self) -> Stream {
        Stream(self.streams.fetch_add(1, Ordering::Relaxed))
    }

    /// Keeps a report in place of the one before. What is too much or makes no sense is left out and counted; what comes
    /// late by an older stream is of the past.
    pub(crate) fn keep(&self, agent: &AgentId, stream: Stream, report: v1::Metrics) {
        if !self.is_read {
            return;
        }
        let samples: usize = report.families.iter().map(|it| it.samples.len()).sum();
        if report.encoded_len() > LARGEST {
            self.dropped(samples);
            return;
        }
        let left_out = usize::try_from(report.left_out).unwrap_or(usize::MAX);
        let snapshot = read(report);
        let dropped = (samples - snapshot.len()).saturating_add(left_out);
        self.dropped(dropped);
        let mut reported = self.locked();
        if reported
            .get(agent)
            .is_none_or(|(known, _)| *known <= stream)
        {
            reported.insert(agent.clone(), (stream, snapshot));
        }
    }

    /// The agent is gone; it may be here again already, by a newer stream.
    pub(crate) fn forget(&self, agent: &AgentId, stream: Stream) {
        let mut reported = self.locked();
        if reported
            .get(agent)
            .is_some_and(|(known, _)| *known == stream)
        {
            reported.remove(agent);
        }
    }

    /// All of them, by agent.
    pub(crate) fn all(&self) -> Vec<(String, Snapshot)> {
        let reported = self.locked();
        let all = reported.iter();
        all.map(|(agent, (_, snapshot))| (agent.to_string(), snapshot.clone()))
            .collect()
    }

    /// Counts output of a job that could not be kept.
    pub(crate) fn failed_to_log(&self) {
        super::store_error(&self.metrics, "log");
    }

    fn dropped(&self, samples: usize) {
        if samples > 0 {
            let labels = [("what", "agent-samples")];
            self.metrics.add(&names::DROPPED, samples as u64, &labels);
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<AgentId, (Stream, Snapshot)>> {
        self.by_agent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a report says of metrics that are known here: agents may be newer, and text from outside becomes no name.
fn read(report: v1::Metrics) -> Snapshot {
    let mut families: BTreeMap<&'static str, Family> = BTreeMap::new();
    let mut room = MOST;
    for family in report.families {
        let Some(def) = names::find(&family.name).filter(|def| def.source == Source::Agent) else {
            continue;
        };
        let known = families.entry(def.name).or_insert_with(|| Family {
            def,
            samples: Vec::new(),
        });
        for sample in family.samples {
            let Some(sample) = read_sample(def, sample) else {
                continue;
            };
            // Prometheus refuses all when one is there twice.
            let twice = known.samples.iter().any(|it| it.labels == sample.labels);
            if room > 0 && !twice {
                room -= 1;
                known.samples.push(sample);
            }
        }
    }
    Snapshot {
        families: families.into_values().collect(),
    }
}

fn read_sample(def: &Def, sample: v1::metrics::Sample) -> Option<Sample> {
    let mut labels: Vec<(String, String)> = sample
        .labels
        .into_iter()
        .map(|label| (label.name, label.value))
        .collect();
    labels.sort_unstable();
    let known = labels.iter().all(|(key, value)| {
        (def.labels.contains(&key.as_str()) || key == OVERFLOW) && value.len() <= LABEL
    });
    let distinct = labels.windows(2).all(|pair| pair[0].0 != pair[1].0);
    let value = match (sample.value?, def.kind) {
        (Wire::Number(number), Kind::Counter | Kind::Gauge) if number.is_finite() => {
            Value::Number(number)
        }
        (Wire::Histogram(it), Kind::Histogram(_)) if makes_sense(&it) => {
            Value::Histogram(Histogram {
                bounds: it.bounds,
                counts: it.counts,
                sum: it.sum,
            })
        }
        _ => return None,
    };
    (known && distinct).then_some(Sample { labels, value })
}

fn makes_sense(histogram: &v1::metrics::Histogram) -> bool {
    let v1::metrics::Histogram {
        bounds,
        counts,
        sum,
    } = histogram;
    let total = counts
        .iter()
        .try_fold(0_u64, |sum, it| sum.checked_add(*it));
    counts.len() == bounds.len() + 1
        && bounds.iter().all(|bound| bound.is_finite())
        && bounds.windows(2).all(|pair| pair[0] < pair[1])
        && sum.is_finite()
        && total.is_some()
}

#[cfg(test)]
mod tests {
    use shipway_proto::v1::metrics::{Family as WireFamily, Sample as WireSample};

    use shipway_runtime::telemetry::TelemetryConfig;

    use super::*;

    fn family(name: &str, samples: &[(&[(&str, &str)], f64)]) -> WireFamily {
        let samples = samples.iter().map(|(labels, number)| WireSample {
            labels: labels
                .iter()
                .map(|(name, value)| v1::NameValue {
                    name: (*name).to_owned(),
                    value: (*value).to_owned(),
                })
                .collect(),
            value: Some(Wire::Number(*number)),
        });
        WireFamily {
            name: name.to_owned(),
            samples: samples.collect(),
        }
    }

    fn report(families: Vec<WireFamily>) -> v1::Metrics {
        v1::Metrics {
            families,
            left_out: 0,
        }
    }

    #[test]
    fn what_an_agent_reported_is_shown_until_it_is_gone() {
        let metrics = Metrics::start(&"test".into(), &TelemetryConfig::default(), true);
        let reported = Reported::new(&metrics, true);
        let agent: AgentId = "one".parse().unwrap();
        let throttles = |number| {
            report(vec![family(
                "shipway.aws.throttles",
                &[(&[("bucket", "service-read")], number)],
            )])
        };
        let (older, newer) = (reported.stream(), reported.stream());
        reported.keep(&agent, older, throttles(1.0));
        reported.keep(&agent, newer, throttles(5.0));
        // The older stream is heard, and ends, after the newer one began.
        reported.keep(&agent, older, throttles(2.0));
        reported.forget(&agent, older);
        let all = reported.all();
        assert_eq!((all.len(), all[0].0.as_str()), (1, "one"));
        let labels = [("bucket", "service-read")];
        assert_eq!(all[0].1.number(&names::AWS_THROTTLES, &labels), Some(5.0));
        reported.forget(&agent, newer);
        assert!(reported.all().is_empty());
    }

    #[test]
    fn what_is_not_in_the_table_or_makes_no_sense_is_left_out_and_counted() {
        let metrics = Metrics::start(&"test".into(), &TelemetryConfig::default(), true);
        let reported = Reported::new(&metrics, true);
        let agent: AgentId = "one".parse().unwrap();
        let long = "x".repeat(LABEL + 1);
        let stream = reported.stream();
        reported.keep(
            &agent,
            stream,
            report(vec![
                family("shipway.aws.throttles", &[(&[("bucket", "a")], 1.0)]),
                // Twice, of a key that is not its, too long, no number.
                family("shipway.aws.throttles", &[(&[("bucket", "a")], 2.0)]),
                family("shipway.aws.throttles", &[(&[("le\"} 1\n", "a")], 2.0)]),
                family("shipway.aws.throttles", &[(&[("bucket", &long)], 2.0)]),
                family("shipway.aws.throttles", &[(&[("bucket", "b")], f64::NAN)]),
                // Of the coordinator, of a newer version, of another kind.
                family("shipway.leases.expired", &[(&[], 2.0)]),
                family("shipway.news", &[(&[], 2.0)]),
            ]),
        );
        let all = reported.all();
        assert_eq!(all[0].1.len(), 1);
        let dropped = [("what", "agent-samples")];
        assert_eq!(
            metrics.snapshot().number(&names::DROPPED, &dropped),
            Some(6.0)
        );

        let much = (0..40_000).map(|_| family("shipway.builds", &[])).collect();
        reported.keep(&agent, stream, report(much));
        assert_eq!(reported.all()[0].1.len(), 1, "the one before is kept");
    }

    #[test]
    fn nothing_is_kept_when_nobody_reads_it() {
        let reported = Reported::new(&Metrics::default(), false);
        let agent: AgentId = "one".parse().unwrap();
        let builds = family("shipway.builds", &[(&[], 1.0)]);
        reported.keep(&agent, reported.stream(), report(vec![builds]));
        assert!(reported.all().is_empty());
    }
}
