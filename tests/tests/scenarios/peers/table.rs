//! The table of `deploy/peers.md`: written from what was measured, and compared with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::rows::Row;
use super::{Said, Who, programs};

/// A line of the table.
#[derive(Debug)]
pub(super) struct Line {
    row: &'static Row,
    said: [Option<Said>; 3],
}

impl Line {
    pub(super) fn new(row: &'static Row) -> Self {
        Self {
            row,
            said: [None, None, None],
        }
    }

    pub(super) fn say(&mut self, who: Who, said: Said) {
        self.said[who as usize] = Some(said);
    }

    pub(super) fn shipway_is_right(&self) -> bool {
        let said = self.said[Who::Shipway as usize].as_ref();
        said.is_some_and(|said| self.is_right(said))
    }

    /// An exit code of 0 says that what was asked for is there, another one that it is not.
    const fn is_right(&self, said: &Said) -> bool {
        (said.code == 0) == self.row.good
    }

    fn written(&self) -> String {
        let mut line = format!("| {} | {} |", self.row.name, self.row.truth);
        for said in self.said.iter().flatten() {
            let mark = if self.is_right(said) {
                ""
            } else {
                "**wrong:** "
            };
            let words = if said.words.is_empty() {
                String::new()
            } else {
                format!(", \"{}\"", said.words)
            };
            write!(line, " {mark}{}{words} |", said.code).expect("text can be written");
        }
        line
    }
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/peers.md")
}

/// That the document has these lines; with `SHIPWAY_GOLDEN=add` it gets them.
#[expect(clippy::disallowed_methods, reason = "the switch of the test run")]
pub(super) fn compare(lines: &[Line]) {
    let before = std::fs::read_to_string(file()).expect("deploy/peers.md");
    let head = before
        .split("\n| scenario |")
        .next()
        .unwrap_or_default()
        .trim_end();
    let mut after = format!(
        "{head}\n\n| scenario | what is true | Shipway | {} | {} |\n| --- | --- | --- | --- | --- |\n",
        programs::version("ecs-deploy"),
        programs::version("awscli"),
    );
    for line in lines {
        after.push_str(&line.written());
        after.push('\n');
    }
    if std::env::var("SHIPWAY_GOLDEN").is_ok_and(|value| value == "add") {
        std::fs::write(file(), &after).expect("written");
        return;
    }
    assert!(
        before == after,
        "who says what has changed; SHIPWAY_GOLDEN=add cargo test -p shipway-tests --test scenarios peers writes it \
         to deploy/peers.md:\n{after}"
    );
}
