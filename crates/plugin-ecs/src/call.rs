//! One call of AWS: its span, its budget, its limit in time, its error.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_ecs::operation::RequestId;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shipway_plugin::{ErrorKind, Place, PlatformError};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::budget::Budget;
use crate::errors;
use crate::operation::Operation;

/// Name of the span around each call of AWS.
pub const SPAN: &str = "aws.call";

/// After this long a change is given up; it is well below the margin of a lease (design.md section 6).
pub(crate) const MUTATION_LIMIT: Duration = Duration::from_secs(10);

/// The longest that a change waits for a token of our own budget: beyond it the caller shall look at
/// its lease again first.
const MUTATION_WAIT: Duration = Duration::from_secs(2);

/// Makes the call: waits for the budget, opens the span, maps the error.
pub(crate) async fn make<T, E, F>(
    place: &Place,
    budget: &Budget,
    operation: &Operation,
    sending: F,
) -> Result<T, PlatformError>
where
    T: RequestId,
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let span = span(place, place.region.as_str(), operation);
    let started = Instant::now();
    let tally = Arc::new(Tally::default());
    let work = async {
        reserve(budget, operation).await?;
        let sending = TALLY.scope(Arc::clone(&tally), Box::pin(sending));
        let answer = if operation.mutates {
            let Ok(answer) = tokio::time::timeout_at(started + MUTATION_LIMIT, sending).await
            else {
                return Err(too_slow(operation));
            };
            answer
        } else {
            sending.await
        };
        answer
            .inspect(|output| {
                Span::current().record("aws.request_id", output.request_id().unwrap_or_default());
            })
            .map_err(|error| errors::from_sdk(operation, error))
    };
    let result = work.instrument(span.clone()).await;
    end(&span, budget, operation, &result, &tally);
    result
}

/// The span of a call that goes to this region.
pub(crate) fn span(place: &Place, region: &str, operation: &Operation) -> Span {
    tracing::info_span!(
        SPAN,
        otel.name = operation.action(),
        otel.kind = "client",
        otel.status_code = Empty,
        otel.status_description = Empty,
        rpc.system = "aws-api",
        rpc.service = operation.service,
        rpc.method = operation.name,
        cloud.account.id = place.account.as_str(),
        cloud.region = region,
        aws.request_id = Empty,
        http.request.resend_count = Empty,
        shipway.aws.throttled = Empty,
        error.type = Empty,
    )
}

/// Ends a call, whoever made it: its span and the counts go by one rule.
pub(crate) fn end<T>(
    span: &Span,
    budget: &Budget,
    operation: &Operation,
    result: &Result<T, PlatformError>,
    tally: &Tally,
) {
    let throttled = tally.record(span);
    budget.ledger.count(operation, result, throttled);
    let Err(error) = result else {
        return;
    };
    if !error.request_id.is_empty() {
        span.record("aws.request_id", error.request_id.as_str());
    }
    if !operation.is_answered_by(error) {
        span.record("otel.status_code", "error");
        span.record("otel.status_description", tracing::field::display(error));
        span.record("error.type", tracing::field::display(error.kind));
    }
}

/// Takes the token of a call. Reads wait for it; a change is refused rather than sent late.
async fn reserve(budget: &Budget, operation: &Operation) -> Result<(), PlatformError> {
    match operation.bucket {
        None => Ok(()),
        Some(bucket) if operation.mutates => {
            let taken = budget.take_within(bucket, MUTATION_WAIT).await;
            taken.map_err(|wait| {
                PlatformError::new(
                    operation.action(),
                    ErrorKind::Throttled,
                    format!(
                        "not sent: the budget of such calls is used up for {} ms",
                        wait.as_millis()
                    ),
                )
            })
        }
        Some(bucket) => {
            budget.take(bucket).await;
            Ok(())
        }
    }
}

fn too_slow(operation: &Operation) -> PlatformError {
    PlatformError::new(
        operation.action(),
        ErrorKind::TimedOut,
        format!("no answer within {} s", MUTATION_LIMIT.as_secs()),
    )
}

tokio::task_local! {
    static TALLY: Arc<Tally>;
}

/// How often a call was tried, and how often it was throttled.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    attempts: AtomicU32,
    throttled: AtomicU32,
}

impl Tally {
    /// Counts an attempt that was answered, or was not.
    pub(crate) fn attempt(&self, throttled: bool) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.throttled
            .fetch_add(u32::from(throttled), Ordering::Relaxed);
    }

    /// Writes it into the span, as `i64`: other numbers leave as texts. Gives how often the call was throttled.
    fn record(&self, span: &Span) -> u32 {
        let again = self.attempts.load(Ordering::Relaxed).saturating_sub(1);
        if again > 0 {
            span.record("http.request.resend_count", i64::from(again));
        }
        let throttled = self.throttled.load(Ordering::Relaxed);
        span.record("shipway.aws.throttled", i64::from(throttled));
        throttled
    }
}

/// Counts the attempts of each call; part of every client.
#[derive(Debug)]
pub(crate) struct CountAttempts;

impl Intercept for CountAttempts {
    fn name(&self) -> &'static str {
        "CountAttempts"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let throttled = context.response().is_some_and(is_throttled);
        // Outside of `make` (credentials on their own) nobody counts.
        let _unscoped = TALLY.try_with(|tally| tally.attempt(throttled));
        Ok(())
    }
}

fn is_throttled(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    let names_it = |text: &str| text.contains("Throttl") || text.contains("TooManyRequests");
    status == 429
        || (status >= 400
            && (response
                .headers()
                .get("x-amzn-errortype")
                .is_some_and(names_it)
                || response
                    .body()
                    .bytes()
                    .and_then(|body| std::str::from_utf8(body).ok())
                    .is_some_and(names_it)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::operation::describe_services::{
        DescribeServicesError, DescribeServicesOutput,
    };
    use aws_sdk_ecs::operation::update_service::{UpdateServiceError, UpdateServiceOutput};

    use super::*;
    use crate::budget::Bucket;
    use crate::operation::{DESCRIBE_SERVICES, UPDATE_SERVICE};

    type Sent<T, E> = Result<T, SdkError<E, HttpResponse>>;

    fn place() -> Place {
        Place {
            account: "111111111111".parse().expect("an account"),
            region: "eu-west-1".parse().expect("a region"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_without_an_answer_is_given_up_after_ten_seconds() {
        let never = std::future::pending::<Sent<UpdateServiceOutput, UpdateServiceError>>();
        let start = Instant::now();
        let budget = Budget::new(None);
        let error = make(&place(), &budget, &UPDATE_SERVICE, never)
            .await
            .expect_err("too slow");
        assert_eq!(error.kind, ErrorKind::TimedOut);
        assert!(error.kind.may_have_happened());
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_refused_rather_than_sent_late_and_a_read_waits() {
        let budget = Budget::new(Some(1.0));
        // The burst of 50, and more than 2 s worth of promises.
        for _ in 0..62 {
            let promised = budget.take_within(Bucket::ServiceModify, Duration::from_secs(60));
            let _waits = tokio::time::timeout(Duration::ZERO, promised).await;
        }
        let place = place();
        let sent: Sent<_, UpdateServiceError> = Ok(UpdateServiceOutput::builder().build());
        let update = make(&place, &budget, &UPDATE_SERVICE, async { sent }).await;
        let error = update.expect_err("not now");
        assert_eq!(error.kind, ErrorKind::Throttled);
        assert!(!error.kind.may_have_happened());

        for _ in 0..100 {
            budget.take(Bucket::ServiceRead).await;
        }
        let start = Instant::now();
        let read: Sent<_, DescribeServicesError> = Ok(DescribeServicesOutput::builder().build());
        make(&place, &budget, &DESCRIBE_SERVICES, async { read })
            .await
            .expect("read");
        assert_eq!(start.elapsed().as_millis(), 50);
    }
}
