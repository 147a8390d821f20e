//! A release as plain lines on a stream that is no terminal.

use std::collections::BTreeMap;

use shipway_domain::event::Event;

use crate::error::Error;
use crate::follow::show::Show;
use crate::follow::state::State;
use crate::follow::{ending, plain};
use crate::session::Session;

/// One line per change.
#[derive(Default)]
pub(crate) struct Lines {
    greeted: bool,
    /// The reasons told, so that each is told once.
    waits: BTreeMap<u32, String>,
    /// The counts told.
    told: BTreeMap<u32, String>,
}

impl Lines {
    fn write(session: &mut Session<'_>, line: &str) -> Result<(), Error> {
        writeln!(session.io.out, "{line}")?;
        Ok(session.io.out.flush()?)
    }
}

impl Show for Lines {
    fn event(
        &mut self,
        session: &mut Session<'_>,
        state: &State,
        event: &Event,
    ) -> Result<(), Error> {
        let Some(line) = plain::line(state, event) else {
            return Ok(());
        };
        // Counts come with every look at ECS; only another count is news.
        if let Some((job, text)) = event.job.zip(plain::counts(event)) {
            if self.told.get(&job) == Some(&text) {
                return Ok(());
            }
            self.told.insert(job, text);
        }
        Self::write(session, &line)
    }

    fn changed(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error> {
        if self.greeted {
            return Ok(());
        }
        self.greeted = true;
        Self::write(session, &plain::greeting(state))
    }

    fn output(
        &mut self,
        session: &mut Session<'_>,
        state: &State,
        job: u32,
        line: &str,
    ) -> Result<(), Error> {
        let name = state.jobs.get(&job).map(|job| state.label(job));
        let line = format!("{} | {line}", name.unwrap_or_else(|| job.to_string()));
        Self::write(session, &line)
    }

    /// Waits are told here, so that events that came with them stand before them and what passes
    /// at once is not told at all.
    fn tick(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error> {
        let now = session.now();
        for job in state.jobs.values() {
            let Some(wait) = &job.wait else {
                self.waits.remove(&job.index);
                continue;
            };
            if self.waits.get(&job.index) != Some(&wait.text) {
                self.waits.insert(job.index, wait.text.clone());
                let text = format!("waits: {}", wait.text);
                Self::write(session, &plain::at(now, state, Some(job), &text))?;
            }
        }
        Ok(())
    }

    fn note(&mut self, session: &mut Session<'_>, text: &str) -> Result<(), Error> {
        session.note(text)
    }

    fn end(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error> {
        let (width, _) = session.size();
        let lines = ending::lines(state, session.now(), width);
        session.print(&lines)
    }

    fn wants_output(&self) -> bool {
        true
    }
}
