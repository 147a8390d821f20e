//! What is promised of task definitions.

mod comparing;
mod editing;
mod refusing;

use crate::document::Document;

/// A task definition as a team would keep it.
const WEB: &str = r#"{
  "family": "web",
  "networkMode": "awsvpc",
  "requiresCompatibilities": ["FARGATE"],
  "cpu": "512",
  "memory": "1024",
  "executionRoleArn": "arn:aws:iam::222222222222:role/execution",
  "aNewField": {"kept": 1.50},
  "containerDefinitions": [
    {
      "name": "web",
      "image": "placeholder",
      "portMappings": [{"containerPort": 8080}],
      "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
      "secrets": [{"name": "S", "valueFrom": "arn:aws:ssm:eu-west-1:222222222222:parameter/s"}]
    },
    {"name": "proxy", "image": "envoy:1", "essential": false, "cpu": 128}
  ]
}"#;

fn web() -> Document {
    Document::parse(WEB).unwrap()
}

/// The web task definition with a piece of its text replaced.
fn web_with(old: &str, new: &str) -> Document {
    assert!(WEB.contains(old), "{old}");
    Document::parse(&WEB.replacen(old, new, 1)).unwrap()
}
