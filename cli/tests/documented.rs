//! The exit codes of verdicts are written down where people look for them.

use std::path::Path;

use shipway_domain::verdict::Verdict;

#[test]
fn every_verdict_is_documented_with_its_exit_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for page in ["README.md", "cli/README.md", "docs/verdicts.md"] {
        let text = std::fs::read_to_string(root.join(page)).expect("the page is there");
        for verdict in Verdict::ALL {
            let (word, code) = (format!("`{verdict}`"), verdict.exit_code().to_string());
            let row = text.lines().any(|line| {
                let mut cells = line.split('|').map(str::trim);
                line.contains(&word) && cells.any(|cell| cell == code)
            });
            assert!(row, "{page} has no row with {word} and {code}");
        }
    }
}
