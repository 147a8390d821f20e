//! What a caller of the coordinator meets: health, reflection, tokens.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::Clock;
use shipway_server::{Role, Server, ServerConfig, Tokens};
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

/// Runs a coordinator around `test`, and sees it end in good order.
async fn with_server<F: Future<Output = ()>>(test: impl FnOnce(Channel, Tokens) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.path().to_owned(),
        ..ServerConfig::default()
    };
    let server = Server::start(config, Clock::system()).await.unwrap();
    let channel = Channel::from_shared(server.url())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let ending = stop.clone();
    let tokens = Tokens::of(folder.path());
    let test = async move {
        test(channel, tokens).await;
        ending.cancel();
    };
    let ended = server.run(stop, Duration::from_secs(5));
    let (ended, ()) = tokio::join!(ended, test);
    ended.unwrap();
}

#[tokio::test]
async fn health_says_that_both_services_serve() {
    with_server(|channel, _| async move {
        for service in ["shipway.v1.Shipway", "shipway.v1.Agents"] {
            let request = HealthCheckRequest {
                service: service.to_owned(),
            };
            let answer = HealthClient::new(channel.clone())
                .check(request)
                .await
                .unwrap();
            assert_eq!(
                answer.into_inner().status(),
                ServingStatus::Serving,
                "{service}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn reflection_lists_the_services() {
    with_server(|channel, _| async move {
        let ask = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut answers = ServerReflectionClient::new(channel)
            .server_reflection_info(tokio_stream::once(ask))
            .await
            .unwrap()
            .into_inner();
        let answer: ServerReflectionResponse = answers.message().await.unwrap().unwrap();
        let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
            panic!("another answer");
        };
        let names: Vec<String> = list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect();
        for service in [
            "shipway.v1.Shipway",
            "shipway.v1.Agents",
            "grpc.health.v1.Health",
        ] {
            assert!(
                names.iter().any(|name| name == service),
                "{service} is not in {names:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_presented_must_be_known_and_of_the_right_role() {
    with_server(|channel, tokens| async move {
        let client = tokens.make("ci", Role::Client).unwrap();
        let agent = tokens.make("agent-1", Role::Agent).unwrap();
        let ask = |token: Option<String>| {
            let mut request = Request::new(v1::QueueRequest {});
            if let Some(token) = token {
                let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
                request.metadata_mut().insert("authorization", value);
            }
            let mut client = ShipwayClient::new(channel.clone());
            async move {
                client
                    .queue(request)
                    .await
                    .map_err(|status| status.code())
                    .map(drop)
            }
        };
        assert_eq!(ask(Some(client)).await, Ok(()));
        assert_eq!(ask(Some(agent)).await, Err(Code::PermissionDenied));
        assert_eq!(
            ask(Some("shipway_guess".to_owned())).await,
            Err(Code::Unauthenticated)
        );
        // On loopback without TLS nobody has to present one.
        assert_eq!(ask(None).await, Ok(()));
    })
    .await;
}
