//! Whether the coordinator changes anything: on a full disk it only answers.

use std::sync::Arc;

use shipway_domain::board::Board;
use shipway_store::{CommitError, LowDisk, StoreError};
use tokio::sync::{mpsc, watch};

use super::{CallError, Command};

/// Why nothing is changed, while that is so.
pub(crate) type Mode = watch::Receiver<Option<LowDisk>>;

/// Gives the board again, as it is then.
pub(crate) type TakeUp = Box<dyn FnOnce() -> Result<Board, StoreError> + Send>;

/// A coordinator that only answers until there is room on its disk.
pub(crate) struct OnlyReads {
    pub(crate) mode: Mode,
    pub(crate) take_up: TakeUp,
}

impl OnlyReads {
    /// Answers what can be answered from the board until there is room; then gives the board again:
    /// leases get their grace from then on, because no agent could renew in the meantime. `None` when
    /// all handles are gone.
    pub(super) async fn until_room(
        mut self,
        board: &Board,
        queue: &mut mpsc::Receiver<Command>,
    ) -> Result<Option<Board>, CommitError> {
        loop {
            tokio::select! {
                // An error says that whoever looks after the disk has ended: so does everything.
                room = self.mode.wait_for(Option::is_none) => {
                    if room.is_err() {
                        return Ok(None);
                    }
                    break;
                }
                command = queue.recv() => match command {
                    Some(Command::Read(read)) => read(board)(),
                    Some(Command::Inspect { answer, .. }) => {
                        let text = "no agent is connected: the coordinator is read-only".to_owned();
                        drop(answer.send(Err(CallError::NoAgent(text))));
                    }
                    // Its handle refuses these; one that slipped through is told to come again.
                    Some(_) => {}
                    None => return Ok(None),
                }
            }
        }
        tracing::info!("there is room on the disk again: the coordinator takes changes");
        let board = (self.take_up)();
        board
            .map(Some)
            .map_err(|error| CommitError::Store(Arc::new(error)))
    }
}
