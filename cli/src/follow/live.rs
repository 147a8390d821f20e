//! A release on a terminal, rewritten in place.

use console::Term;
use shipway_domain::event::Event;

use crate::error::Error;
use crate::follow::show::Show;
use crate::follow::state::State;
use crate::follow::view;
use crate::session::Session;

/// The lines on the screen.
pub(crate) struct Live {
    screen: Term,
    drawn: Vec<String>,
    note: Option<String>,
}

impl Live {
    /// Nothing drawn yet.
    pub(crate) const fn new(screen: Term) -> Self {
        Self {
            screen,
            drawn: Vec::new(),
            note: None,
        }
    }

    /// Puts `lines` in the place of what was drawn before; all of it at once, so that nothing flickers.
    fn draw(&mut self, lines: Vec<String>) -> Result<(), Error> {
        if lines == self.drawn {
            return Ok(());
        }
        self.screen.move_cursor_up(self.drawn.len())?;
        // Before anything is written: a line of the ending may be longer than the screen is wide.
        self.screen.clear_to_end_of_screen()?;
        for line in &lines {
            self.screen.write_line(line)?;
        }
        self.screen.flush()?;
        self.drawn = lines;
        Ok(())
    }

    fn redraw(&mut self, session: &Session<'_>, state: &State) -> Result<(), Error> {
        let (width, height) = session.size();
        let now = session.now();
        // The last row stays free for the cursor.
        let room = height.saturating_sub(2);
        let paint = session.paint();
        let mut lines: Vec<String> = view::lines(state, now, width, room)
            .iter()
            .map(|line| line.render(paint))
            .collect();
        lines.extend(self.note.clone());
        self.draw(lines)
    }
}

impl Show for Live {
    fn event(&mut self, _: &mut Session<'_>, _: &State, _: &Event) -> Result<(), Error> {
        self.note = None;
        Ok(())
    }

    fn changed(&mut self, _: &mut Session<'_>, _: &State) -> Result<(), Error> {
        self.note = None;
        Ok(())
    }

    fn output(&mut self, _: &mut Session<'_>, _: &State, _: u32, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn tick(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error> {
        self.redraw(session, state)
    }

    fn note(&mut self, session: &mut Session<'_>, text: &str) -> Result<(), Error> {
        let (width, _) = session.size();
        self.note = Some(
            crate::text::line::Line::plain(text)
                .cut(width)
                .render(false),
        );
        let mut lines = self.drawn.clone();
        lines.extend(self.note.clone());
        self.draw(lines)
    }

    fn end(&mut self, session: &mut Session<'_>, state: &State) -> Result<(), Error> {
        let (width, _) = session.size();
        let paint = session.paint();
        let lines = view::finished(state, session.now(), width);
        // What stays on the screen is not cut: it is there to be copied.
        self.draw(lines.iter().map(|line| line.render(paint)).collect())?;
        self.drawn.clear();
        Ok(())
    }

    fn wants_output(&self) -> bool {
        true
    }
}
