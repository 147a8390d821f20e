//! How the services are spoken to that have no client here: hosts, names, forms of requests (ecs-facts 11.3).

use serde_json::{Value, json};

use crate::operation::Operation;
use crate::xml;

/// A service on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    /// First label of its host, and what requests are signed for.
    name: &'static str,
    form: Form,
    /// One host for all regions of a partition.
    global: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// awsJson1.1, with this prefix of the target.
    Json(&'static str),
    /// awsQuery or ec2Query of this version: a form there, XML back.
    Query(&'static str),
}

impl Wire {
    /// That of the service of an operation.
    pub(super) fn of(operation: &Operation) -> Self {
        match operation.service {
            "secretsmanager" => SECRETS,
            "ssm" => PARAMETERS,
            "servicequotas" => QUOTAS,
            "elasticloadbalancing" => LOAD_BALANCING,
            "cloudwatch" => METRICS,
            "ec2" => EC2,
            "iam" => IAM,
            _ => LOGS,
        }
    }

    const fn json(name: &'static str, prefix: &'static str) -> Self {
        Self::new(name, Form::Json(prefix))
    }

    const fn query(name: &'static str, version: &'static str) -> Self {
        Self::new(name, Form::Query(version))
    }

    const fn new(name: &'static str, form: Form) -> Self {
        Self {
            name,
            form,
            global: false,
        }
    }

    /// What its requests are signed for.
    pub(super) const fn signed_for(&self) -> &'static str {
        self.name
    }

    /// The region that a request is signed for: that of the partition for a global service.
    pub(super) fn region<'r>(&self, region: &'r str) -> &'r str {
        match region {
            _ if !self.global => region,
            region if region.starts_with("cn-") => "cn-north-1",
            region if region.starts_with("us-gov-") => "us-gov-west-1",
            _ => "us-east-1",
        }
    }

    /// The configured endpoint (a simulator, or `AWS_ENDPOINT_URL`), else the service's own.
    pub(super) fn endpoint(&self, configured: Option<&str>, region: &str) -> String {
        if let Some(url) = configured {
            return format!("{}/", url.trim_end_matches('/'));
        }
        let (name, china) = (self.name, region.starts_with("cn-"));
        let suffix = if china {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        match (self.global, self.region(region)) {
            (false, region) => format!("https://{name}.{region}.{suffix}/"),
            (true, "us-east-1") => format!("https://{name}.{suffix}/"),
            (true, "us-gov-west-1") => format!("https://{name}.us-gov.{suffix}/"),
            (true, region) => format!("https://{name}.{region}.{suffix}/"),
        }
    }

    /// Headers and body of a request.
    pub(super) fn request(
        &self,
        operation: &Operation,
        order: &Value,
    ) -> (Vec<(&'static str, String)>, String) {
        match self.form {
            Form::Json(prefix) => {
                let target = format!("{prefix}.{}", operation.name);
                let kind = "application/x-amz-json-1.1".to_owned();
                let headers = vec![("content-type", kind), ("x-amz-target", target)];
                (headers, order.to_string())
            }
            Form::Query(version) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", operation.name);
                form.append_pair("Version", version);
                for (name, value) in order.as_object().into_iter().flatten() {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    form.append_pair(name, &text);
                }
                let kind = "application/x-www-form-urlencoded".to_owned();
                (vec![("content-type", kind)], form.finish())
            }
        }
    }

    /// What the body says; `None` when it cannot be read.
    pub(super) fn answer(&self, body: &[u8]) -> Option<Value> {
        match self.form {
            Form::Json(..) => serde_json::from_slice(body).ok(),
            Form::Query(_) => xml::value(std::str::from_utf8(body).ok()?).ok(),
        }
    }

    /// An error as services that speak JSON give it. XML has it in `ErrorResponse`, EC2 in a list of its own.
    pub(super) fn error(&self, answer: Value) -> Value {
        let Form::Query(_) = self.form else {
            return answer;
        };
        let one = match &answer["Errors"]["Error"] {
            Value::Null => &answer["Error"],
            error => error,
        };
        json!({"__type": one["Code"], "message": one["Message"]})
    }
}

const SECRETS: Wire = Wire::json("secretsmanager", "secretsmanager");
const PARAMETERS: Wire = Wire::json("ssm", "AmazonSSM");
const LOGS: Wire = Wire::json("logs", "Logs_20140328");
const QUOTAS: Wire = Wire::json("servicequotas", "ServiceQuotasV20190624");
const LOAD_BALANCING: Wire = Wire::query("elasticloadbalancing", "2015-12-01");
const METRICS: Wire = Wire::query("monitoring", "2010-08-01");
const EC2: Wire = Wire::query("ec2", "2016-11-15");
const IAM: Wire = Wire {
    global: true,
    ..Wire::query("iam", "2010-05-08")
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_the_configured_or_the_services_own() {
        for (wire, configured, region, endpoint, signed) in [
            (
                PARAMETERS,
                Some("http://127.0.0.1:1/"),
                "eu-west-1",
                "http://127.0.0.1:1/",
                "eu-west-1",
            ),
            (
                PARAMETERS,
                None,
                "eu-west-1",
                "https://ssm.eu-west-1.amazonaws.com/",
                "eu-west-1",
            ),
            (
                PARAMETERS,
                None,
                "cn-north-1",
                "https://ssm.cn-north-1.amazonaws.com.cn/",
                "cn-north-1",
            ),
            (
                METRICS,
                None,
                "eu-west-1",
                "https://monitoring.eu-west-1.amazonaws.com/",
                "eu-west-1",
            ),
            (
                IAM,
                None,
                "eu-west-1",
                "https://iam.amazonaws.com/",
                "us-east-1",
            ),
            (
                IAM,
                None,
                "us-gov-east-1",
                "https://iam.us-gov.amazonaws.com/",
                "us-gov-west-1",
            ),
            (
                IAM,
                None,
                "cn-northwest-1",
                "https://iam.cn-north-1.amazonaws.com.cn/",
                "cn-north-1",
            ),
        ] {
            assert_eq!(wire.endpoint(configured, region), endpoint);
            assert_eq!(wire.region(region), signed);
        }
    }
}
