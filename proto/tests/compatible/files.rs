//! The golden files: lines of 32 bytes in hexadecimal digits, as the store has them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::schema;

/// A message as some version has sent it.
pub(crate) struct Golden {
    /// `MESSAGE[.ARM].NUMBER.hex`
    pub(crate) name: String,
    pub(crate) message: String,
    arm: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Whether what is missing is to be written.
#[expect(clippy::disallowed_methods, reason = "the switch of the test run")]
pub(crate) fn adds() -> bool {
    std::env::var("SHIPWAY_GOLDEN").is_ok_and(|value| value == "add")
}

impl Golden {
    pub(crate) fn all() -> Vec<Self> {
        let files = std::fs::read_dir(folder()).expect("the golden files");
        let names = files.map(|file| file.expect("a file").file_name());
        let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
        names.retain(|name| name.ends_with(".hex"));
        names.sort_unstable();
        names.into_iter().map(Self::read).collect()
    }

    /// Those of a message with this alternative.
    pub(crate) fn of(message: &str, arm: Option<&str>) -> Vec<Self> {
        let mut all = Self::all();
        all.retain(|golden| golden.message == message && golden.arm.as_deref() == arm);
        all
    }

    /// One more beside those that are there.
    pub(crate) fn next(message: &str, arm: Option<&str>, bytes: Vec<u8>, there: usize) -> Self {
        let arm_part = arm.map_or_else(String::new, |arm| format!(".{arm}"));
        Self {
            name: format!("{message}{arm_part}.{}.hex", there + 1),
            message: message.to_owned(),
            arm: arm.map(str::to_owned),
            bytes,
        }
    }

    fn read(name: String) -> Self {
        let text = std::fs::read_to_string(folder().join(&name)).expect("a golden file");
        let parts: Vec<&str> = name.split('.').collect();
        let (message, arm) = match parts[..] {
            [message, _, "hex"] => (message.to_owned(), None),
            [message, arm, _, "hex"] => (message.to_owned(), Some(arm.to_owned())),
            _ => panic!("{name} is not MESSAGE[.ARM].NUMBER.hex"),
        };
        Self {
            bytes: from_hex(&text),
            message,
            arm,
            name,
        }
    }

    /// Writes it. What is there already is never written over.
    pub(crate) fn write(&self) {
        use std::io::Write as _;
        let path = folder().join(&self.name);
        let file = std::fs::File::create_new(&path);
        let mut file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.write_all(to_hex(&self.bytes).as_bytes())
            .expect("written");
    }

    pub(crate) fn numbers(&self) -> BTreeSet<u32> {
        schema::numbers(&self.bytes)
    }
}

fn to_hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(32);
    lines.map(|line| hex::encode(line) + "\n").collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    hex::decode(digits).expect("hexadecimal digits")
}
