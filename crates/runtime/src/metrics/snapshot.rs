//! What was measured, as plain values: what an agent reports, and what the endpoint shows.

use opentelemetry::{KeyValue, Value as Attribute};
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics,
};

use super::names::{self, Def};

/// Key of the label under which more combinations than are kept apart are put together.
pub const OVERFLOW: &str = "otel.metric.overflow";

/// All metrics of a process at one moment; those that were never touched are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// One entry per metric.
    pub families: Vec<Family>,
}

/// The samples of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Which.
    pub def: &'static Def,
    /// One per combination of labels.
    pub samples: Vec<Sample>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Keys and values.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: Value,
}

/// A value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram(Histogram),
}

/// Values in buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Upper bounds of the buckets, growing; the last bucket has none.
    pub bounds: Vec<f64>,
    /// Values in each bucket: one more than bounds.
    pub counts: Vec<u64>,
    /// All values together.
    pub sum: f64,
}

impl Histogram {
    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Snapshot {
    /// Of what the SDK collected. What is not in the table of names is passed over.
    pub(super) fn of(collected: &ResourceMetrics) -> Self {
        let metrics = collected
            .scope_metrics()
            .flat_map(|scope| scope.metrics())
            .filter_map(|metric| {
                let def = names::find(metric.name())?;
                let AggregatedMetrics::F64(data) = metric.data() else {
                    return None;
                };
                let samples = samples(data);
                (!samples.is_empty()).then_some(Family { def, samples })
            });
        Self {
            families: metrics.collect(),
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.families.iter().map(|it| it.samples.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a counter or gauge, if it was ever touched with just these labels.
    #[must_use]
    pub fn number(&self, def: &Def, labels: &[(&str, &str)]) -> Option<f64> {
        match self.value(def, labels)? {
            Value::Number(number) => Some(*number),
            Value::Histogram(_) => None,
        }
    }

    /// The histogram with just these labels, if anything was ever recorded.
    #[must_use]
    pub fn histogram(&self, def: &Def, labels: &[(&str, &str)]) -> Option<&Histogram> {
        match self.value(def, labels)? {
            Value::Histogram(histogram) => Some(histogram),
            Value::Number(_) => None,
        }
    }

    fn value(&self, def: &Def, labels: &[(&str, &str)]) -> Option<&Value> {
        let family = self.families.iter().find(|it| it.def == def)?;
        let is = |sample: &&Sample| {
            sample.labels.len() == labels.len()
                && labels.iter().all(|(key, value)| {
                    let mut given = sample.labels.iter();
                    given.any(|(k, v)| k == key && v == value)
                })
        };
        family.samples.iter().find(is).map(|sample| &sample.value)
    }
}

fn samples(data: &MetricData<f64>) -> Vec<Sample> {
    match data {
        MetricData::Gauge(gauge) => gauge
            .data_points()
            .map(|point| number(point.attributes(), point.value()))
            .collect(),
        MetricData::Sum(sum) => sum
            .data_points()
            .map(|point| number(point.attributes(), point.value()))
            .collect(),
        MetricData::Histogram(histogram) => histogram.data_points().map(buckets).collect(),
        MetricData::ExponentialHistogram(_) => Vec::new(),
    }
}

fn number<'a>(attributes: impl Iterator<Item = &'a KeyValue>, value: f64) -> Sample {
    Sample {
        labels: labels(attributes),
        value: Value::Number(value),
    }
}

fn buckets(point: &HistogramDataPoint<f64>) -> Sample {
    Sample {
        labels: labels(point.attributes()),
        value: Value::Histogram(Histogram {
            bounds: point.bounds().collect(),
            counts: point.bucket_counts().collect(),
            sum: point.sum(),
        }),
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = attributes
        .map(|pair| {
            let value = match &pair.value {
                Attribute::String(text) => text.as_str().to_owned(),
                other => other.to_string(),
            };
            (pair.key.as_str().to_owned(), value)
        })
        .collect();
    labels.sort_unstable();
    labels
}
