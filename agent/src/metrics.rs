//! What an agent measures, and how it reports it to its coordinator: nothing dials an agent.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::job::Outcome;
use shipway_plugin::Platform;
use shipway_proto::v1;
use shipway_proto::v1::metrics::sample::Value as Wire;
use shipway_proto::v1::metrics::{Family, Histogram, Sample};
use shipway_runtime::Metrics;
use shipway_runtime::metrics::{Snapshot, Value, float, names};
use shipway_runtime::telemetry::Service;

use crate::config::AgentConfig;

/// How often it reports.
pub(crate) const EVERY: Duration = Duration::from_secs(15);
/// Samples of one report at most: with the longest labels that there are they fit into the 64 KiB that a coordinator
/// takes.
const MOST: usize = 400;

/// Starts to measure, with what the platform counts.
pub(crate) fn start(config: &AgentConfig, platform: &Arc<dyn Platform>) -> Metrics {
    let service = Service {
        name: "shipway-agent",
        instance: config.id.clone(),
    };
    let metrics = Metrics::start(&service, &config.telemetry, true);
    let of = Arc::clone(platform);
    metrics.observe(&names::AWS_CALLS, move |give| {
        for it in of.usage().calls {
            let labels = [
                ("service", it.service),
                ("bucket", it.bucket),
                ("outcome", it.outcome.as_str()),
            ];
            give(float(it.calls), &labels);
        }
    });
    let of = Arc::clone(platform);
    metrics.observe(&names::AWS_THROTTLES, move |give| {
        for (bucket, throttles) in of.usage().throttles {
            give(float(throttles), &[("bucket", bucket)]);
        }
    });
    let of = Arc::clone(platform);
    metrics.observe(&names::AWS_BUDGET, move |give| {
        for left in of.usage().budgets {
            let labels = [
                ("bucket", left.bucket),
                ("account", left.place.account.as_str()),
                ("region", left.place.region.as_str()),
            ];
            give(left.tokens, &labels);
        }
    });
    metrics
}

/// Counts a build that ended; `wanted` is the builder that the release names, `None` for an image that exists.
pub(crate) fn built(metrics: &Metrics, wanted: Option<&'static str>, outcome: &Outcome) {
    let builder = wanted.unwrap_or("found");
    let came = match outcome {
        Outcome::Built(image) if image.reused => "reused",
        Outcome::Built(_) => "built",
        Outcome::Stopped(_) | Outcome::Skipped { .. } => "stopped",
        Outcome::Failed(_) | Outcome::RolledOut(_) | Outcome::Settled { .. } | Outcome::Ran(_) => {
            "failed"
        }
    };
    let labels = [("builder", builder), ("outcome", came)];
    metrics.add(&names::BUILDS, 1, &labels);
    if let Outcome::Built(image) = outcome
        && image.bytes_pushed > 0
    {
        let builder = [("builder", builder)];
        metrics.add(&names::BUILD_PUSHED, image.bytes_pushed, &builder);
    }
}

/// Counts the stages of a build, as far as its builder told of them.
pub(crate) fn stages(metrics: &Metrics, builder: &str, stages: u64, cached: u64) {
    for (word, number) in [("true", cached), ("false", stages.saturating_sub(cached))] {
        if number > 0 {
            let labels = [("builder", builder), ("cached", word)];
            metrics.add(&names::BUILD_STAGES, number, &labels);
        }
    }
}

/// The report of what was measured.
pub(crate) fn message(measured: &Snapshot) -> v1::Metrics {
    let mut room = MOST;
    let families = measured.families.iter().map(|family| {
        let samples: Vec<Sample> = family.samples.iter().take(room).map(sample).collect();
        room -= samples.len();
        Family {
            name: family.def.name.to_owned(),
            samples,
        }
    });
    v1::Metrics {
        families: families.filter(|it| !it.samples.is_empty()).collect(),
        left_out: measured.len().saturating_sub(MOST) as u64,
    }
}

fn sample(sample: &shipway_runtime::metrics::Sample) -> Sample {
    let labels = sample.labels.iter();
    let value = match &sample.value {
        Value::Number(number) => Wire::Number(*number),
        Value::Histogram(histogram) => Wire::Histogram(Histogram {
            bounds: histogram.bounds.clone(),
            counts: histogram.counts.clone(),
            sum: histogram.sum,
        }),
    };
    Sample {
        labels: labels
            .map(|(name, value)| v1::NameValue {
                name: name.clone(),
                value: value.clone(),
            })
            .collect(),
        value: Some(value),
    }
}

#[cfg(test)]
mod tests {
    use shipway_domain::ids::Digest;
    use shipway_domain::job::BuiltImage;
    use shipway_domain::verdict::Finding;

    use shipway_runtime::telemetry::TelemetryConfig;

    use super::*;

    fn image(reused: bool, bytes_pushed: u64) -> Outcome {
        let digest = Digest::of(b"image");
        Outcome::Built(BuiltImage {
            name: "registry/web".to_owned(),
            digest: digest.clone(),
            accepted: vec![digest],
            builder: "layers".to_owned(),
            tags: Vec::new(),
            bytes_pushed,
            reused,
            scan: None,
        })
    }

    #[test]
    fn builds_are_counted_by_what_came_of_them() {
        let metrics = Metrics::start(&"test".into(), &TelemetryConfig::default(), true);
        built(&metrics, Some("layers"), &image(false, 700));
        built(&metrics, Some("layers"), &image(true, 0));
        built(&metrics, None, &image(true, 0));
        built(
            &metrics,
            Some("docker"),
            &Outcome::Failed(Finding::default()),
        );
        stages(&metrics, "docker", 14, 11);
        let seen = metrics.snapshot();
        let builds = |builder, outcome| {
            let labels = [("builder", builder), ("outcome", outcome)];
            seen.number(&names::BUILDS, &labels)
        };
        assert_eq!(builds("layers", "built"), Some(1.0));
        assert_eq!(builds("layers", "reused"), Some(1.0));
        assert_eq!(builds("found", "reused"), Some(1.0));
        assert_eq!(builds("docker", "failed"), Some(1.0));
        let pushed = seen.number(&names::BUILD_PUSHED, &[("builder", "layers")]);
        assert_eq!(pushed, Some(700.0));
        let cached = [("builder", "docker"), ("cached", "true")];
        assert_eq!(seen.number(&names::BUILD_STAGES, &cached), Some(11.0));
    }

    #[test]
    fn a_report_has_its_bound_and_says_what_it_leaves_out() {
        let metrics = Metrics::start(&"test".into(), &TelemetryConfig::default(), true);
        metrics.observe(&names::AWS_BUDGET, |give| {
            for account in 0..1_000_u64 {
                let account = format!("{account:012}");
                let labels = [
                    ("bucket", "cluster-resource-modify"),
                    ("account", account.as_str()),
                    ("region", "ap-southeast-2"),
                ];
                give(-1.5, &labels);
            }
        });
        let report = message(&metrics.snapshot());
        assert_eq!(report.families[0].samples.len(), MOST);
        assert_eq!(report.left_out, 600);
        // Tags and lengths on the wire take less than 8 bytes for each label and sample.
        let labels = report.families[0].samples.iter().flat_map(|it| &it.labels);
        let bytes: usize = labels.map(|it| it.name.len() + it.value.len() + 16).sum();
        assert!(bytes <= 64 << 10, "{bytes}");
    }
}
