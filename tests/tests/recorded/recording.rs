//! A conversation as a file: one line for each thing that happened, in the order in which it did.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tonic::Code;

/// Something that happened on a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Number of the call, from 1.
    pub(crate) call: usize,
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The call of this path began.
    Open(String),
    /// A message to the coordinator.
    Said(Vec<u8>),
    /// Nothing more goes to the coordinator.
    Close,
    /// A message from the coordinator.
    Heard(Vec<u8>),
    /// The call ended with this code of gRPC.
    End(i32),
}

/// A conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    /// The version that had it.
    pub(crate) version: String,
    pub(crate) lines: Vec<Line>,
}

/// One that is being made.
#[derive(Clone, Default)]
pub(crate) struct Tape(Arc<Mutex<Vec<Line>>>);

impl Tape {
    /// A call begins; its number.
    pub(crate) fn open(&self, path: String) -> usize {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = |line: &&Line| matches!(line.what, What::Open(_));
        let call = lines.iter().filter(opened).count() + 1;
        let what = What::Open(path);
        lines.push(Line { call, what });
        call
    }

    pub(crate) fn note(&self, call: usize, what: What) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(Line { call, what });
    }

    pub(crate) fn recording(&self) -> Recording {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Recording {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lines: lines.clone(),
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/recordings")
}

/// Whether the conversation of this version is to be written down.
#[expect(clippy::disallowed_methods, reason = "the switch of the test run")]
pub(crate) fn records() -> bool {
    std::env::var("SHIPWAY_RECORD").is_ok_and(|value| value == "1")
}

impl Recording {
    /// Those of all versions, this one's among them.
    ///
    /// # Panics
    /// When there is none of this version.
    pub(crate) fn all() -> Vec<Self> {
        let files = std::fs::read_dir(folder()).expect("the recordings");
        let paths = files.map(|file| file.expect("a file").path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|end| end == "txt"))
            .collect();
        paths.sort();
        let all: Vec<Self> = paths
            .iter()
            .map(|path| Self::parse(&std::fs::read_to_string(path).expect("a recording")))
            .collect();
        let ours = env!("CARGO_PKG_VERSION");
        assert!(
            all.iter().any(|recording| recording.version == ours),
            "no conversation of version {ours} is recorded: run SHIPWAY_RECORD=1 cargo test \
             --workspace --test recorded, and commit the file that it writes"
        );
        all
    }

    /// Writes it beside those that are there; never over one of them.
    pub(crate) fn write(&self) {
        use std::io::Write as _;
        let path = folder().join(format!("{}.txt", self.version));
        let file = std::fs::File::create_new(&path);
        let mut file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.write_all(self.text().as_bytes()).expect("written");
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# A deploy as it goes over the wire between coordinator, agent and command line. Each line: \
             number\n# of the call, what happened (open PATH, > to the coordinator, < from it, close, end \
             CODE), bytes.\nversion {}\n",
            self.version
        );
        for Line { call, what } in &self.lines {
            let line = match what {
                What::Open(path) => format!("open {path}"),
                What::Said(bytes) => format!("> {}", hex::encode(bytes)),
                What::Close => "close".to_owned(),
                What::Heard(bytes) => format!("< {}", hex::encode(bytes)),
                What::End(code) => format!("end {code}"),
            };
            writeln!(text, "{call} {line}").expect("a String always has room");
        }
        text
    }

    fn parse(text: &str) -> Self {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let version = lines.next().and_then(|line| line.strip_prefix("version "));
        let version = version.expect("a version first").to_owned();
        let lines = lines.map(|line| {
            let mut parts = line.splitn(3, ' ');
            let call = parts.next().and_then(|number| number.parse().ok());
            let (kind, rest) = (parts.next(), parts.next().unwrap_or_default());
            let what = match kind {
                Some("open") => What::Open(rest.to_owned()),
                Some(">") => What::Said(hex::decode(rest).expect("hexadecimal digits")),
                Some("close") => What::Close,
                Some("<") => What::Heard(hex::decode(rest).expect("hexadecimal digits")),
                Some("end") => What::End(rest.parse().expect("a code")),
                _ => panic!("{line:?} is no line of a recording"),
            };
            let call = call.expect("a number");
            Line { call, what }
        });
        Self {
            version,
            lines: lines.collect(),
        }
    }

    /// Numbers of the calls of this path, in their order.
    pub(crate) fn calls(&self, path: &str) -> Vec<usize> {
        let opened = |line: &&Line| matches!(&line.what, What::Open(of) if of == path);
        self.lines.iter().filter(opened).map(|l| l.call).collect()
    }

    /// What happened on a call after it was opened.
    pub(crate) fn of(&self, call: usize) -> impl Iterator<Item = &What> {
        let lines = self.lines.iter().filter(move |line| line.call == call);
        lines.map(|line| &line.what).skip(1)
    }

    /// What was said on a call.
    pub(crate) fn said(&self, call: usize) -> Vec<&Vec<u8>> {
        let said = self.of(call).filter_map(|what| match what {
            What::Said(bytes) => Some(bytes),
            _ => None,
        });
        said.collect()
    }

    /// What was heard on a call.
    pub(crate) fn heard(&self, call: usize) -> Vec<&Vec<u8>> {
        let heard = self.of(call).filter_map(|what| match what {
            What::Heard(bytes) => Some(bytes),
            _ => None,
        });
        heard.collect()
    }
}

/// The number of a code.
pub(crate) fn code(code: Code) -> i32 {
    code.into()
}
