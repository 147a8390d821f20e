//! The table as a person reads it: a line for each scenario, with what was found when it ran.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::case::Found;

/// The lines of the rows that have run, by their places.
static LINES: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());

/// A row that is running. When it goes, its line is kept, whether it went well or not.
pub(crate) struct Told {
    name: &'static str,
    rows: &'static [&'static str],
    found: Option<(u8, String, String)>,
}

impl Told {
    /// The row of this name, one of `rows`.
    pub(crate) const fn row(name: &'static str, rows: &'static [&'static str]) -> Self {
        Self {
            name,
            rows,
            found: None,
        }
    }

    /// How it has ended.
    pub(crate) fn found(&mut self, found: &Found) {
        let finding = found.finding.clone().unwrap_or_default();
        self.found = Some((found.code, found.verdict.clone(), finding));
    }

    fn line(&self) -> String {
        let mut line = format!("{:58}", self.name.replace('_', " "));
        let written = match &self.found {
            Some((code, verdict, finding)) => write!(line, "{code:>4}  {verdict:12} {finding}"),
            None => write!(line, "  --  no end"),
        };
        written.expect("text can be written");
        if std::thread::panicking() {
            line.push_str("  <- not as expected");
        }
        line.trim_end().to_owned()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let place = self.rows.iter().position(|name| *name == self.name);
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.insert(place.unwrap_or_default(), self.line());
        if lines.len() < self.rows.len() {
            return;
        }
        let mut table = format!("\n{:58}exit  {:12} first finding\n", "scenario", "verdict");
        for line in lines.values() {
            table.push_str(line);
            table.push('\n');
        }
        // Not through `eprintln`, which the test runner keeps to itself.
        drop(std::io::stderr().write_all(table.as_bytes()));
    }
}
