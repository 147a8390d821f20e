//! Contexts: a tar with a Dockerfile, the tool, and whatever a test adds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A program for every case: `/tool <mode> <argument>`.
const TOOL: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  const char *arg = argc > 2 ? argv[2] : "";
  setvbuf(stdout, NULL, _IONBF, 0);
  if (!strcmp(mode, "print")) { printf("%s\n", arg); return 0; }
  if (!strcmp(mode, "env")) { const char *v = getenv(arg); printf("%s=%s\n", arg, v ? v : "unset"); return 0; }
  if (!strcmp(mode, "fail")) { fprintf(stderr, "it went wrong\nhere\n"); return atoi(arg); }
  if (!strcmp(mode, "wait")) { printf("waiting"); printf("\n"); sleep(600); return 0; }
  if (!strcmp(mode, "cat")) {
    char text[4096]; FILE *file = fopen(arg, "r"); size_t n;
    if (!file) { printf("no %s\n", arg); return 0; }
    n = fread(text, 1, sizeof text, file); printf("%zu bytes: ", n);
    /* In pieces, so that the log cuts it. */
    for (size_t i = 0; i < n; i++) { write(1, text + i, 1); usleep(2000); }
    printf(".\n"); return 0;
  }
  return 64;
}
"#;

/// The compiled tool.
fn tool() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("tool.c");
        let program = folder.path().join("tool");
        std::fs::write(&source, TOOL).unwrap();
        let compiled = Command::new("cc")
            .args(["-static", "-Os", "-w", "-o"])
            .args([&program, &source])
            .output()
            .unwrap();
        assert!(compiled.status.success(), "{compiled:?}");
        std::fs::read(program).unwrap()
    })
}

/// A word that no other test and no other run uses: engines remember steps.
pub(crate) fn nonce() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = tempfile::tempdir().unwrap();
    let name = folder
        .path()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .to_lowercase();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}{count}", name.replace('.', "n"))
}

/// A context in a file. Each has a tool of its own: engines merge equal steps of builds that run at
/// the same time, and one would see the other's stages.
pub(crate) struct Context {
    file: tempfile::NamedTempFile,
}

impl Context {
    /// With this Dockerfile and the tool.
    pub(crate) fn new(dockerfile: &str) -> Self {
        Self::with(&[("Dockerfile", dockerfile)])
    }

    /// With these files and the tool.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |name: &str, mode: u32, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(mode);
            tar.append_data(&mut header, name, bytes).unwrap();
        };
        for (name, text) in files {
            add(name, 0o644, text.as_bytes());
        }
        add("tool", 0o755, &[tool(), nonce().as_bytes()].concat());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), tar.into_inner().unwrap()).unwrap();
        Self { file }
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::to_path_buf(self.file.path())
    }
}
