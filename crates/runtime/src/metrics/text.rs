//! Snapshots as Prometheus reads them: OpenMetrics text, written by Prometheus' own library.

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::names::{self, Def, Kind};
use super::snapshot::{Sample, Snapshot, Value};

/// The media type of [`text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Label that says which agent reported a sample.
const AGENT: &str = "agent";

/// The coordinator's own metrics and those that agents reported to it, by their ids.
///
/// # Errors
/// [`Error`] when it cannot be put into words; it never was seen.
pub fn text(own: Snapshot, agents: Vec<(String, Snapshot)>) -> Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(All { own, agents }));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct All {
    own: Snapshot,
    agents: Vec<(String, Snapshot)>,
}

impl All {
    /// The samples of one metric, with who reported them.
    fn of<'a>(&'a self, def: &'a Def) -> impl Iterator<Item = (Option<&'a str>, &'a Sample)> {
        let of = move |snapshot: &'a Snapshot| {
            let families = snapshot.families.iter();
            families
                .filter(move |family| family.def == def)
                .flat_map(|family| &family.samples)
        };
        let own = of(&self.own).map(|sample| (None, sample));
        let agents = self.agents.iter().flat_map(move |(agent, snapshot)| {
            of(snapshot).map(move |sample| (Some(agent.as_str()), sample))
        });
        own.chain(agents)
    }
}

impl Collector for All {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        for def in names::ALL {
            let mut samples = self.of(def).peekable();
            if samples.peek().is_none() {
                continue;
            }
            // The library appends what the unit is called.
            let name = def.name.replace('.', "_");
            let unit = match def.unit {
                "s" => Some(Unit::Seconds),
                "By" => Some(Unit::Bytes),
                _ => None,
            };
            let kind = match def.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram(_) => MetricType::Histogram,
            };
            let mut family = encoder.encode_descriptor(&name, def.help, unit.as_ref(), kind)?;
            for (agent, sample) in samples {
                let labels = labels(agent, sample);
                if labels.is_empty() {
                    encode(&mut family, def, sample)?;
                } else {
                    encode(&mut family.encode_family(&labels)?, def, sample)?;
                }
            }
        }
        Ok(())
    }
}

fn labels(agent: Option<&str>, sample: &Sample) -> Vec<(String, String)> {
    let agent = agent.map(|agent| (AGENT.to_owned(), agent.to_owned()));
    let own = sample.labels.iter();
    let own = own.map(|(key, value)| (key.replace('.', "_"), value.clone()));
    agent.into_iter().chain(own).collect()
}

fn encode(encoder: &mut MetricEncoder<'_>, def: &Def, sample: &Sample) -> Result<(), Error> {
    match (&sample.value, def.kind) {
        (Value::Number(value), Kind::Counter) => {
            encoder.encode_counter::<NoLabelSet, f64, f64>(value, None)
        }
        (Value::Number(value), Kind::Gauge) => encoder.encode_gauge(value),
        (Value::Histogram(histogram), Kind::Histogram(_)) => {
            let bounds = histogram.bounds.iter().copied();
            let bounds = bounds.chain(std::iter::once(f64::INFINITY));
            let buckets: Vec<(f64, u64)> = bounds.zip(histogram.counts.iter().copied()).collect();
            encoder.encode_histogram::<NoLabelSet>(histogram.sum, histogram.count(), &buckets, None)
        }
        // Of an agent that says what cannot be.
        (Value::Number(_) | Value::Histogram(_), _) => Ok(()),
    }
}
