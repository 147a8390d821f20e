//! Service Quotas: how many vCPUs of Fargate an account may run at once.

use serde_json::{Value, json};

use crate::wire::{ApiError, Input, Operation};

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("GetServiceQuota", |world, ctx, input| {
        let quota = Quota::of(input)?;
        let region = world.region(&ctx.account, &ctx.region);
        let value = region.quotas.get(quota.name).copied().unwrap_or(ROOMY);
        let arn = ctx.arn("servicequotas", quota.name);
        Ok(json!({"Quota": quota.show(&arn, value)}))
    }),
    ("GetAWSDefaultServiceQuota", |_, ctx, input| {
        let quota = Quota::of(input)?;
        let arn = format!("arn:aws:servicequotas:{}::{}", ctx.region, quota.name);
        Ok(json!({"Quota": quota.show(&arn, quota.default)}))
    }),
];

/// What is applied where no seed says otherwise: as in accounts that have asked for more.
const ROOMY: f64 = 4000.0;

/// Largest value that a quota can be seeded with.
const MOST: f64 = 1e9;

/// A quota of AWS.
struct Quota {
    /// Code of its service, a slash, its own code: the end of its ARN.
    name: &'static str,
    title: &'static str,
    /// What AWS gives a new account.
    default: f64,
    /// `Class` of its metric.
    class: &'static str,
}

/// Those that are known.
const QUOTAS: [Quota; 2] = [
    Quota {
        name: "fargate/L-3032A538",
        title: "Fargate On-Demand vCPU resource count",
        default: 6.0,
        class: ON_DEMAND,
    },
    Quota {
        name: "fargate/L-36FBB829",
        title: "Fargate Spot vCPU resource count",
        default: 6.0,
        class: SPOT,
    },
];

/// `Class` of the metric for tasks of the launch type or capacity provider FARGATE.
pub(crate) const ON_DEMAND: &str = "Standard/OnDemand";
/// `Class` of the metric for tasks of the capacity provider `FARGATE_SPOT`.
pub(crate) const SPOT: &str = "Standard/Spot";

impl Quota {
    /// The one that an input names.
    fn of(input: &Input<'_>) -> Result<&'static Self, ApiError> {
        let service = input.need_str("ServiceCode")?;
        let code = input.need_str("QuotaCode")?;
        let mut known = QUOTAS.iter();
        let found = known.find(|known| known.name.split_once('/') == Some((service, code)));
        found.ok_or_else(|| {
            ApiError::client(
                "NoSuchResourceException",
                format!(
                    "The request failed because the specified quota {code} of the service {service} does \
                     not exist."
                ),
            )
        })
    }

    fn show(&self, arn: &str, value: f64) -> Value {
        let (service, code) = self.name.split_once('/').unwrap_or_default();
        json!({
            "ServiceCode": service,
            "ServiceName": "AWS Fargate",
            "QuotaArn": arn,
            "QuotaCode": code,
            "QuotaName": self.title,
            "Value": value,
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
            "QuotaAppliedAtLevel": "ACCOUNT",
            "UsageMetric": {
                "MetricNamespace": "AWS/Usage",
                "MetricName": "ResourceCount",
                "MetricDimensions": {
                    "Class": self.class,
                    "Resource": "vCPU",
                    "Service": "Fargate",
                    "Type": "Resource",
                },
                "MetricStatisticRecommendation": "Maximum",
            },
        })
    }
}

/// What is wrong with a seeded quota, if anything is.
pub(crate) fn check(name: &str, value: f64) -> Result<(), String> {
    let known = QUOTAS.map(|known| known.name);
    if !known.contains(&name) {
        return Err(format!(
            "there is no quota `{name}`, only {}",
            known.join(" and ")
        ));
    }
    if !(0.0..=MOST).contains(&value) {
        return Err(format!(
            "the value {value} of `{name}` is not in 0..={MOST}"
        ));
    }
    Ok(())
}
