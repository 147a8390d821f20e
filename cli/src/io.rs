//! What a run of the CLI sees of the world: streams, terminal, environment, folder, clock.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use console::Term;
use shipway_runtime::Clock;

/// The surroundings of one run; handed in, so that tests and other programs can run the CLI inside
/// their own process.
pub struct Io {
    /// Data.
    pub out: Box<dyn Write + Send>,
    /// Everything else.
    pub err: Box<dyn Write + Send>,
    /// Where questions are answered; `None` when nobody can answer.
    pub input: Option<Box<dyn BufRead + Send>>,
    /// The terminal behind `out`; `None` when it is a pipe or a file.
    pub screen: Option<Term>,
    /// The environment.
    pub vars: BTreeMap<String, String>,
    /// The working folder.
    pub folder: PathBuf,
    /// The clock.
    pub clock: Clock,
}

impl Io {
    /// The surroundings of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let screen = Term::buffered_stdout();
        let attended = console::user_attended_stderr();
        let asks = io::IsTerminal::is_terminal(&io::stdin()) && attended;
        let vars: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        // Nothing can be rewritten on a dumb terminal: plain lines are right there.
        let rewrites = screen.is_term() && vars.get("TERM").is_none_or(|term| term != "dumb");
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            input: asks.then(|| Box::new(io::BufReader::new(io::stdin())) as Box<_>),
            screen: rewrites.then_some(screen),
            vars,
            folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            clock: Clock::system(),
        }
    }

    /// Surroundings without terminal and environment, whose output is kept.
    #[must_use]
    pub fn captured(folder: impl Into<PathBuf>) -> (Self, Captured) {
        let captured = Captured::default();
        let io = Self {
            out: Box::new(captured.out.clone()),
            err: Box::new(captured.err.clone()),
            input: None,
            screen: None,
            vars: BTreeMap::new(),
            folder: folder.into(),
            clock: Clock::system(),
        };
        (io, captured)
    }

    /// The same with a variable of the environment.
    #[must_use]
    pub fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        let _before = self.vars.insert(name.to_owned(), value.into());
        self
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment holds secrets.
        f.debug_struct("Io")
            .field("folder", &self.folder)
            .field("terminal", &self.screen.is_some())
            .finish_non_exhaustive()
    }
}

/// What a run wrote.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    /// Its stdout.
    pub out: Buffer,
    /// Its stderr.
    pub err: Buffer,
}

/// A stream kept in memory, shared by its clones.
#[derive(Clone, Debug, Default)]
pub struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    /// What was written so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
