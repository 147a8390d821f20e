//! Exit codes, and the table of them that `--help` shows.

use std::fmt::Write as _;

use shipway_domain::verdict::Verdict;

/// An error of the tool, of the connection, or a refusal.
pub const ERROR: u8 = 1;
/// The command line or the manifest is wrong.
pub const USAGE: u8 = 2;
/// A plan: a deploy would change something.
pub const CHANGES: u8 = 3;
/// A diagnosis: something is wrong with a service.
pub const UNWELL: u8 = 4;
/// Ctrl-C: we stopped watching, the release goes on.
pub const DETACHED: u8 = 130;
/// The reader of our output went away.
pub const BROKEN_PIPE: u8 = 141;

/// The table of exit codes, one line each.
#[must_use]
pub fn table() -> String {
    let mut lines = vec![
        (Verdict::Live.exit_code(), meaning(Verdict::Live)),
        (
            ERROR,
            "error of the tool or the connection, or the coordinator refused",
        ),
        (
            USAGE,
            "usage error: command line, manifest or task definition",
        ),
        (CHANGES, "plan: a deploy would change something"),
        (UNWELL, "diagnose: something is wrong with a service"),
    ];
    let rest = Verdict::ALL.into_iter().filter(|v| *v != Verdict::Live);
    lines.extend(rest.map(|verdict| (verdict.exit_code(), meaning(verdict))));
    lines.push((DETACHED, "interrupted by Ctrl-C: the release goes on"));
    lines.push((BROKEN_PIPE, "nobody reads the output any more"));
    lines.sort_by_key(|(code, _)| *code);
    let mut table = String::from("Exit codes:\n");
    for (code, meaning) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "  {code:>3}  {meaning}");
    }
    table
}

const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Live => "success; for a release: live on all targets, proven",
        Verdict::RolledBack => "rolled-back: ECS went back to what ran before",
        Verdict::Superseded => "superseded: a newer release or deployment took its place",
        Verdict::Failed => "failed: it did not come to serve",
        Verdict::Cancelled => "cancelled",
        Verdict::Stopped => "stopped: somebody stopped the deployment in ECS",
        Verdict::Unknown => "unknown (not final): we cannot see the end; it is looked at again",
        Verdict::Stuck => "stuck (not final): a person is needed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn every_verdict_has_an_exit_code_of_its_own() {
        let mut codes: Vec<u8> = Verdict::ALL.iter().map(|v| v.exit_code()).collect();
        codes.extend([ERROR, USAGE, CHANGES, UNWELL, DETACHED, BROKEN_PIPE]);
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn the_table_of_exit_codes_is_stable() {
        expect![[r#"
            Exit codes:
                0  success; for a release: live on all targets, proven
                1  error of the tool or the connection, or the coordinator refused
                2  usage error: command line, manifest or task definition
                3  plan: a deploy would change something
                4  diagnose: something is wrong with a service
               10  rolled-back: ECS went back to what ran before
               11  superseded: a newer release or deployment took its place
               12  failed: it did not come to serve
               13  cancelled
               14  stopped: somebody stopped the deployment in ECS
               20  unknown (not final): we cannot see the end; it is looked at again
               21  stuck (not final): a person is needed
              130  interrupted by Ctrl-C: the release goes on
              141  nobody reads the output any more
        "#]]
        .assert_eq(&table());
    }
}
