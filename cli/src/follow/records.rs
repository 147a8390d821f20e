//! A release as JSON: one event per line and, last, where it stands.

use shipway_domain::event::Event;

use crate::error::Error;
use crate::follow::show::Show;
use crate::follow::state::State;
use crate::json;
use crate::session::Session;

/// The JSON of `--json`.
pub(crate) struct Records;

impl Show for Records {
    fn event(&mut self, session: &mut Session<'_>, _: &State, event: &Event) -> Result<(), Error> {
        writeln!(session.io.out, "{}", json::event::object(event))?;
        Ok(session.io.out.flush()?)
    }

    fn changed(&mut self, _: &mut Session<'_>, _: &State) -> Result<(), Error> {
        Ok(())
    }

    fn output(&mut self, _: &mut Session<'_>, _: &State, _: u32, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn tick(&mut self, _: &mut Session<'_>, _: &State) -> Result<(), Error> {
        Ok(())
    }

    fn note(&mut self, session: &mut Session<'_>, text: &str) -> Result<(), Error> {
        session.note(text)
    }

    fn end(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error> {
        let object = json::document(json::release::object(state));
        writeln!(session.io.out, "{object}")?;
        Ok(session.io.out.flush()?)
    }

    fn wants_output(&self) -> bool {
        false
    }
}
