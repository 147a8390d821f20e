//! What a call is about, for the log and for the text of refused permissions.

use serde_json::Value;

use super::Service;

/// ARN or name of the resource an input names, if it names one.
pub(super) fn of(service: Service, account: &str, region: &str, input: &Value) -> Option<String> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let arn = |rest: String| format!("arn:aws:{}:{region}:{account}:{rest}", service.name());
    match service {
        Service::Ecs => ecs(input, arn),
        Service::Ecr => {
            let owner = text("registryId").unwrap_or(account);
            let repository = text("repositoryName").map(str::to_owned);
            let repository = repository.or_else(|| joined(input, "repositoryNames"));
            repository
                .map(|name| format!("arn:aws:ecr:{region}:{owner}:repository/{name}"))
                .or_else(|| text("resourceArn").map(str::to_owned))
        }
        Service::AutoScaling => text("ResourceId")
            .map(str::to_owned)
            .or_else(|| joined(input, "ResourceIds")),
        Service::Secrets => text("SecretId").map(str::to_owned),
        Service::Parameters => {
            text("Name").map(|name| arn(format!("parameter/{}", name.trim_start_matches('/'))))
        }
        Service::Sts => text("RoleArn").map(str::to_owned),
        Service::LoadBalancing => text("TargetGroupArn").map(str::to_owned),
        Service::Logs => text("logGroupIdentifier")
            .or_else(|| text("logGroupName"))
            .map(|group| {
                let name = group.rsplit(":log-group:").next().unwrap_or(group);
                arn(format!("log-group:{}:*", name.trim_end_matches(":*")))
            }),
        Service::CloudWatch => {
            joined(input, "AlarmNames").or_else(|| text("MetricName").map(str::to_owned))
        }
        Service::Quotas => {
            let (of, code) = (text("ServiceCode")?, text("QuotaCode")?);
            Some(arn(format!("{of}/{code}")))
        }
        Service::Ec2 => joined(input, "SubnetId"),
        // Only the world knows the paths of roles.
        Service::Iam => None,
    }
}

fn ecs(input: &Value, arn: impl Fn(String) -> String) -> Option<String> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let cluster = text("cluster").map_or("default", short_name);
    let service = |name: &str| {
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            arn(format!("service/{cluster}/{name}"))
        }
    };
    let services = input.get("services").and_then(Value::as_array);
    let services = services.map(|names| {
        let names = names.iter().filter_map(Value::as_str).map(service);
        names.collect::<Vec<_>>().join(",")
    });
    let plain = || {
        ["serviceDeploymentArn", "resourceArn", "task"]
            .into_iter()
            .find_map(|name| text(name).map(str::to_owned))
            .or_else(|| joined(input, "serviceDeploymentArns"))
            .or_else(|| joined(input, "serviceRevisionArns"))
            .or_else(|| joined(input, "tasks"))
    };
    let definition = |name: &str| {
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            arn(format!("task-definition/{name}"))
        }
    };
    text("service")
        .or_else(|| text("serviceName"))
        .map(service)
        .or(services)
        .or_else(plain)
        .or_else(|| {
            text("family")
                .or_else(|| text("taskDefinition"))
                .map(definition)
        })
        .or_else(|| text("cluster").map(|_| arn(format!("cluster/{cluster}"))))
}

fn joined(input: &Value, name: &str) -> Option<String> {
    let items = input.get(name)?.as_array()?;
    let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    (!items.is_empty()).then(|| items.join(","))
}

/// The last part of an ARN, or the name itself.
fn short_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn inputs_name_their_resources() {
        for (service, input, expected) in [
            (
                Service::Ecs,
                json!({"cluster": "main", "service": "hello", "taskDefinition": "hello:2"}),
                Some("arn:aws:ecs:eu-west-1:111111111111:service/main/hello"),
            ),
            (
                Service::Ecs,
                json!({"family": "hello"}),
                Some("arn:aws:ecs:eu-west-1:111111111111:task-definition/hello"),
            ),
            (
                Service::Ecr,
                json!({"registryId": "000000000000", "repositoryName": "a/b"}),
                Some("arn:aws:ecr:eu-west-1:000000000000:repository/a/b"),
            ),
            (Service::Ecs, json!({}), None),
        ] {
            let resource = of(service, "111111111111", "eu-west-1", &input);
            assert_eq!(resource.as_deref(), expected, "{input}");
        }
    }
}
