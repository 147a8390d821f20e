//! One run: its options, its surroundings, and what every command does with them.

use std::path::PathBuf;

use serde_json::Value;
use shipway_domain::time::Timestamp;

use crate::args::{Color, Global};
use crate::error::Error;
use crate::io::Io;
use crate::server::Server;
use crate::spans::Spans;
use crate::text::line::Line;

/// Columns of output that is no terminal.
const PLAIN_WIDTH: usize = 100;

/// Options and surroundings of a run.
pub(crate) struct Session<'a> {
    /// Options of all commands.
    pub(crate) global: Global,
    /// The trace of the run.
    pub(crate) spans: &'a mut Spans,
    /// The surroundings.
    pub(crate) io: &'a mut Io,
}

impl Session<'_> {
    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.global.directory {
            Some(directory) => self.io.folder.join(directory),
            None => self.io.folder.clone(),
        }
    }

    /// The manifest as it was named, seen from [`Session::folder`].
    pub(crate) fn manifest_name(&self) -> String {
        match &self.global.file {
            Some(file) => file.to_string_lossy().into_owned(),
            None => "shipway.toml".to_owned(),
        }
    }

    /// A connection to the coordinator.
    pub(crate) async fn server(&mut self) -> Result<Server, Error> {
        Server::connect(
            &self.global,
            &self.io.vars,
            &self.folder(),
            self.spans,
            &self.io.clock,
        )
        .await
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.io.clock.millis())
    }

    /// Whether the output is for a program.
    pub(crate) const fn json(&self) -> bool {
        self.global.json
    }

    /// Whether the output is coloured.
    pub(crate) fn paint(&self) -> bool {
        let var = |name: &str| self.io.vars.get(name).map(String::as_str);
        match self.global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                self.io.screen.is_some()
                    && var("NO_COLOR").is_none_or(str::is_empty)
                    && var("TERM") != Some("dumb")
            }
        }
    }

    /// Columns and rows of the output.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self
            .io
            .screen
            .as_ref()
            .and_then(console::Term::size_checked)
        {
            Some((rows, columns)) => (usize::from(columns), usize::from(rows)),
            None => (PLAIN_WIDTH, usize::MAX),
        }
    }

    /// Writes a document to stdout: readable on a terminal, on one line elsewhere.
    pub(crate) fn print_json(&mut self, value: &Value) -> Result<(), Error> {
        if self.io.screen.is_some() {
            writeln!(self.io.out, "{value:#}")?;
        } else {
            writeln!(self.io.out, "{value}")?;
        }
        Ok(self.io.out.flush()?)
    }

    /// Writes lines to stdout.
    pub(crate) fn print(&mut self, lines: &[Line]) -> Result<(), Error> {
        let paint = self.paint();
        for line in lines {
            writeln!(self.io.out, "{}", line.render(paint))?;
        }
        Ok(self.io.out.flush()?)
    }

    /// Writes a remark to stderr.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Error> {
        Ok(writeln!(self.io.err, "{text}")?)
    }
}
