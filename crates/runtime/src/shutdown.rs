//! SIGINT and SIGTERM: the first asks for an end in good order, the second ends at once.

use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGINT or SIGTERM. A second one ends the process with
/// code 130. Must be called inside a runtime.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn on_signal(tasks: &crate::Tasks) -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tasks.spawn("signals", async move {
        let mut times = 0_u32;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            times += 1;
            if times > 1 {
                end_at_once();
            }
            tracing::info!("asked to stop; once more ends at once");
            token.cancel();
        }
    });
    Ok(stop)
}

#[expect(clippy::exit, reason = "the second signal must not wait for anything")]
fn end_at_once() -> ! {
    std::process::exit(130)
}
