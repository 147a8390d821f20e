//! Runs one solve from session to result, and ends it when asked to.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{ListWorkersRequest, SolveRequest, StatusRequest};
use hyper_util::rt::TokioIo;
use shipway_plugin::PlatformError;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tower::service_fn;

use crate::engine::{Engine, EngineError};
use crate::failure::Failure;
use crate::redact::Redactor;
use crate::session::Session;
use crate::watch::Watch;

/// How long the last news of a solve is waited for, once its result is known. A solve that was
/// refused at once has none, and the engine says so only after 3 s (build-facts 3, "Shape").
const LAST_NEWS: Duration = Duration::from_millis(800);
/// Largest message taken: a status can carry 32 KiB for each of many log chunks.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// How a solve can end without a result.
pub(crate) enum Unsolved {
    /// We were asked to stop.
    Stopped,
    /// The platform gave no login when the engine asked for one.
    NoLogin(PlatformError),
    /// It failed.
    Failed(Box<Failure>),
}

/// The engine's BuildKit. The channel connects anew if need be; dropping the last clone ends it.
async fn control(engine: &Engine) -> Result<ControlClient<Channel>, Status> {
    let engine = engine.clone();
    let connector = service_fn(move |_uri| {
        let engine = engine.clone();
        async move {
            let socket = engine.upgrade("/grpc", &[]).await?;
            Ok::<_, EngineError>(TokioIo::new(socket))
        }
    });
    // The host is never looked up: the connector knows the way.
    let channel = Endpoint::from_static("http://docker")
        .connect_with_connector(connector)
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    Ok(ControlClient::new(channel).max_decoding_message_size(MAX_MESSAGE))
}

/// Makes sure that BuildKit answers: 20.10 has it without saying so (build-facts 2).
pub(crate) async fn ping(engine: &Engine) -> Result<(), Status> {
    let request = ListWorkersRequest::default();
    let workers = control(engine).await?.list_workers(request).await?;
    if workers.get_ref().record.is_empty() {
        return Err(Status::unavailable("it has no worker"));
    }
    Ok(())
}

/// Runs a solve; `watch` sees all of it. The answer is what the exporter says of the image.
pub(crate) async fn run(
    engine: &Engine,
    session: Session,
    request: Request<SolveRequest>,
    watch: &mut Watch<'_>,
    redact: &Redactor,
    stop: &CancellationToken,
) -> Result<HashMap<String, String>, Unsolved> {
    let login_failure = session.login_failure();
    let result = follow(engine, session, request, watch, stop).await;
    watch.finish();
    match result {
        None => Err(Unsolved::Stopped),
        Some(Ok(answer)) => Ok(answer),
        Some(Err(status)) => Err(login_failure.take().map_or_else(
            || {
                let failure = Failure::new(&status, redact.text(status.message()), None);
                let step = watch.failed_step(failure.details.vertex.as_deref());
                Unsolved::Failed(Box::new(Failure { step, ..failure }))
            },
            Unsolved::NoLogin,
        )),
    }
}

/// `None` when it was asked to stop.
async fn follow(
    engine: &Engine,
    session: Session,
    request: Request<SolveRequest>,
    watch: &mut Watch<'_>,
    stop: &CancellationToken,
) -> Option<Result<HashMap<String, String>, Status>> {
    let mut client = match stop.run_until_cancelled(control(engine)).await? {
        Ok(client) => client,
        Err(status) => return Some(Err(status)),
    };
    let mut serving = pin!(session.serve());
    let mut served = false;
    let mut news = pin!(news(client.clone(), request.get_ref().r#ref.clone(), watch));
    let mut told = false;

    let result = {
        let mut solving = pin!(client.solve(request));
        loop {
            tokio::select! {
                // Leaving this block drops the call, which ends the build (build-facts 3, "Cancel").
                () = stop.cancelled() => break None,
                answer = &mut solving => break Some(answer),
                () = &mut news, if !told => told = true,
                // The engine hung up on the session: the solve will say why.
                () = &mut serving, if !served => served = true,
            }
        }
    };
    if !told {
        let last = async {
            tokio::select! {
                () = &mut news => {}
                () = async {
                    if !served {
                        serving.await;
                    }
                    std::future::pending::<()>().await;
                } => {}
            }
        };
        if timeout(LAST_NEWS, last).await.is_err() {
            tracing::debug!("the engine did not end the news of a solve");
        }
    }
    Some(result?.map(|answer| answer.into_inner().exporter_response))
}

/// Hands on the progress until the solve is over. Its errors do not matter: the solve decides.
async fn news(mut client: ControlClient<Channel>, reference: String, watch: &mut Watch<'_>) {
    let request = StatusRequest { r#ref: reference };
    let end = match client.status(request).await {
        Ok(answer) => {
            let mut updates = answer.into_inner();
            loop {
                match updates.message().await {
                    Ok(Some(update)) => watch.apply(update),
                    Ok(None) => break None,
                    Err(status) => break Some(status),
                }
            }
        }
        Err(status) => Some(status),
    };
    if let Some(status) = end.filter(|status| status.code() != Code::Cancelled) {
        tracing::debug!(
            message = status.message(),
            "the progress of a solve broke off"
        );
    }
}
