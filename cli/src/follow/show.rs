//! What a way of showing a release can be told.

use shipway_domain::event::Event;

use crate::error::Error;
use crate::follow::state::State;
use crate::session::Session;

/// A way of showing a release: in place on a terminal, as plain lines, as JSON.
pub(crate) trait Show: Send {
    /// An event was folded in.
    fn event(
        &mut self,
        session: &mut Session<'_>,
        state: &State,
        event: &Event,
    ) -> Result<(), Error>;
    /// Release and jobs stand differently.
    fn changed(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error>;
    /// A job wrote a line of output.
    fn output(
        &mut self,
        session: &mut Session<'_>,
        state: &State,
        job: u32,
        line: &str,
    ) -> Result<(), Error>;
    /// Time has passed.
    fn tick(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error>;
    /// Something about the watching itself.
    fn note(&mut self, session: &mut Session<'_>, text: &str) -> Result<(), Error>;
    /// The release has ended or rests.
    fn end(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error>;
    /// Whether it shows output of jobs.
    fn wants_output(&self) -> bool;
}

/// The way that fits the options and the terminal.
pub(crate) fn fitting(session: &Session<'_>) -> Box<dyn Show> {
    match &session.io.screen {
        _ if session.json() => Box::new(super::records::Records),
        Some(screen) => Box::new(super::live::Live::new(screen.clone())),
        None => Box::new(super::logs::Lines::default()),
    }
}
