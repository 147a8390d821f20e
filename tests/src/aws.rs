//! A client of AWS that knows nothing of Shipway: somebody else.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Calls as the root of one account.
#[derive(Clone, Debug)]
pub struct Aws {
    host: String,
    account: String,
}

impl Aws {
    /// A caller in `account` at an endpoint such as `http://127.0.0.1:7434`.
    #[must_use]
    pub fn new(endpoint: &str, account: &str) -> Self {
        Self {
            host: endpoint.trim_start_matches("http://").to_owned(),
            account: account.to_owned(),
        }
    }

    /// Calls ECS.
    pub async fn ecs(&self, action: &str, input: Value) -> Value {
        self.call(
            "ecs",
            &format!("AmazonEC2ContainerServiceV20141113.{action}"),
            input,
        )
        .await
    }

    /// Calls ECR.
    pub async fn ecr(&self, action: &str, input: Value) -> Value {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{action}");
        self.call("ecr", &target, input).await
    }

    /// Calls Application Auto Scaling.
    pub async fn scaling(&self, action: &str, input: Value) -> Value {
        let target = format!("AnyScaleFrontendService.{action}");
        self.call("application-autoscaling", &target, input).await
    }

    /// The service `hello` of cluster `main`.
    pub async fn hello(&self) -> Value {
        let input = json!({"cluster": "main", "services": ["hello"]});
        self.ecs("DescribeServices", input).await["services"][0].clone()
    }

    /// Starts a deployment of `hello`, as people do by hand.
    pub async fn redeploy_hello(&self) {
        let input = json!({"cluster": "main", "service": "hello", "forceNewDeployment": true});
        drop(self.ecs("UpdateService", input).await);
    }

    /// Asks the simulator itself, as in `("PUT", "/_sim/alarms", ...)`.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len(),
        );
        self.exchange(path, &request).await
    }

    async fn call(&self, service: &str, target: &str, input: Value) -> Value {
        let body = input.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: \
             application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\nAuthorization: \
             AWS4-HMAC-SHA256 Credential={}/20260101/eu-west-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            self.account,
            body.len(),
        );
        self.exchange(target, &request).await
    }

    async fn exchange(&self, what: &str, request: &str) -> Value {
        let mut stream = TcpStream::connect(&self.host).await.expect("AWS answers");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 20"), "{what}: {answer}");
        if body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(body).expect("JSON")
    }
}
