//! Calls that are made again while the coordinator is away, such as while a new version takes its place.

use std::future::Future;
use std::time::Duration;

use shipway_proto::status::{Class, Failure};
use tonic::Status;

/// Waits between two tries; together longer than a coordinator takes to end in good order and start.
const WAITS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The answer of the first call that has one. Only for calls that mean the same however often they are made.
///
/// # Errors
/// A refusal, at once; else that of the last try.
pub(crate) async fn again<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    for wait in WAITS {
        match call().await {
            Err(status) if Failure::from(&status).class == Class::Unavailable => {
                tokio::time::sleep(wait).await;
            }
            answer => return answer,
        }
    }
    call().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tonic::{Code, Status};

    use super::{WAITS, again};

    async fn tries(
        answer: impl Fn(usize) -> Result<usize, Status>,
    ) -> (Result<usize, Code>, usize) {
        let made = Cell::new(0);
        let call = || {
            made.set(made.get() + 1);
            std::future::ready(answer(made.get()))
        };
        let answer = again(call).await.map_err(|status| status.code());
        (answer, made.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_coordinator_that_is_away_is_asked_again_and_one_that_refuses_is_not() {
        let away = || Err(Status::unavailable("away"));
        let third = |made| if made < 3 { away() } else { Ok(made) };
        assert_eq!(tries(third).await, (Ok(3), 3));
        let refused = |_| Err(Status::invalid_argument("no"));
        assert_eq!(tries(refused).await, (Err(Code::InvalidArgument), 1));
        let most = WAITS.len() + 1;
        assert_eq!(tries(|_| away()).await, (Err(Code::Unavailable), most));
    }
}
