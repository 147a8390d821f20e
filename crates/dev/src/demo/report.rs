//! What ran where, as a table and as JSON.

use serde_json::{Value, json};
use shipway_domain::ids::ReleaseId;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1;

use crate::stack::ACCOUNTS;

/// One command and what came of it.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) command: String,
    pub(super) expected: Verdict,
    pub(super) code: u8,
    /// Number of the act whose image has to serve again.
    pub(super) same_image_as: Option<usize>,
    pub(super) release: Option<v1::ReleaseView>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Report {
    builder: String,
    acts: Vec<Act>,
}

/// Heads of the columns.
const HEAD: [&str; 8] = [
    "release",
    "env",
    "account",
    "verdict",
    "image",
    "task definition",
    "time",
    "what",
];

/// A line of the table.
type Row = [String; HEAD.len()];

impl Report {
    pub(super) fn new(builder: &str) -> Self {
        Self {
            builder: builder.to_owned(),
            acts: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// Whether every act ended as it should.
    pub(super) fn as_expected(&self) -> bool {
        self.acts.iter().all(|act| self.act_as_expected(act))
    }

    /// Exit code and verdict are right, a rolled back release has a cause, and where an earlier
    /// image was to be taken, it is that one.
    fn act_as_expected(&self, act: &Act) -> bool {
        let verdict = act.release.as_ref().and_then(|r| verdict(r.verdict));
        let explained = act.expected != Verdict::RolledBack
            || act
                .reports()
                .any(|(_, report)| report.is_some_and(|report| !report.findings.is_empty()));
        let same = act.same_image_as.is_none_or(|number| {
            let before = self.acts.get(number).and_then(Act::digest);
            before.is_some() && before == act.digest()
        });
        act.code == act.expected.exit_code()
            && verdict == Some(act.expected.as_str())
            && explained
            && same
    }

    pub(super) fn table(&self) -> String {
        let head = std::iter::once(HEAD.map(str::to_owned));
        let lines: Vec<Row> = head.chain(self.acts.iter().flat_map(Act::rows)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let widths: [usize; HEAD.len()] = std::array::from_fn(|column| width(column).unwrap_or(0));
        let text = lines.iter().map(|line| {
            let cells = line.iter().zip(widths);
            let cells: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        });
        let mut text: Vec<String> = text.collect();
        let end = if self.as_expected() {
            "every release ended as it should"
        } else {
            "NOT every release ended as it should"
        };
        text.push(format!("\n{end}; images were built by {}", self.builder));
        text.join("\n")
    }

    pub(super) fn json(&self) -> Value {
        let acts = self.acts.iter().map(|act| {
            let targets = act.reports().map(|(target, report)| {
                json!({
                    "account": target.account,
                    "region": target.region,
                    "cluster": target.cluster,
                    "service": target.service,
                    "verdict": report.and_then(|report| verdict(Some(report.verdict))),
                    "summary": report.map(|report| report.summary.as_str()),
                    "image_digest": report.and_then(|report| report.image_digest.as_deref()),
                    "task_definition": report.and_then(|report| report.task_definition.as_deref()),
                    "findings": findings(report.map_or(&[], |report| report.findings.as_slice())),
                })
            });
            let release = act.release.as_ref();
            json!({
                "command": act.command,
                "release": release.map(|r| ReleaseId::from_number(r.id).to_string()),
                "env": release.map(|r| r.env.as_str()),
                "title": release.map(|r| r.title.as_str()),
                "verdict": release.and_then(|r| verdict(r.verdict)),
                "expected": act.expected.as_str(),
                "exit_code": act.code,
                "seconds": release.and_then(seconds),
                "targets": targets.collect::<Vec<_>>(),
            })
        });
        json!({
            "version": 1,
            "builder": self.builder,
            "as_expected": self.as_expected(),
            "releases": acts.collect::<Vec<_>>(),
        })
    }
}

impl Act {
    /// Its targets with what came of them.
    fn reports(&self) -> impl Iterator<Item = (&v1::Target, Option<&v1::RolloutReport>)> {
        let jobs = self.release.iter().flat_map(|release| &release.jobs);
        jobs.filter_map(|job| {
            let outcome = job.outcome.as_ref().and_then(|o| o.outcome.as_ref());
            let report = match outcome {
                Some(v1::outcome::Outcome::RolledOut(report)) => Some(report),
                _ => None,
            };
            Some((job.target.as_ref()?, report))
        })
    }

    /// The image that it rolled out.
    fn digest(&self) -> Option<&str> {
        self.reports()
            .find_map(|(_, report)| report?.image_digest.as_deref())
    }

    /// Its lines of the table.
    fn rows(&self) -> impl Iterator<Item = Row> {
        let release = self.release.as_ref();
        self.reports().filter_map(move |(target, report)| {
            let release = release?;
            let named = ACCOUNTS.iter().find(|(_, id)| *id == target.account);
            let account = named.map_or(target.account.as_str(), |(name, _)| name);
            let verdict = report.and_then(|report| verdict(Some(report.verdict)));
            let digest = report.and_then(|report| report.image_digest.as_deref());
            let definition = report.and_then(|report| report.task_definition.as_deref());
            Some([
                ReleaseId::from_number(release.id).to_string(),
                release.env.clone(),
                account.to_owned(),
                verdict.unwrap_or("-").to_owned(),
                digest.map_or_else(|| "-".to_owned(), short),
                definition
                    .and_then(|arn| arn.rsplit('/').next())
                    .unwrap_or("-")
                    .to_owned(),
                seconds(release).map_or_else(|| "-".to_owned(), |s| format!("{s:.1} s")),
                release.title.clone(),
            ])
        })
    }
}

fn findings(findings: &[v1::Finding]) -> Value {
    let object = |finding: &v1::Finding| {
        json!({
            "code": finding.code,
            "cause": finding.cause,
            "evidence": finding.evidence,
            "remedy": finding.remedy,
        })
    };
    findings.iter().map(object).collect()
}

fn verdict(number: Option<i32>) -> Option<&'static str> {
    let message = v1::Verdict::try_from(number?).ok()?;
    Some(Verdict::try_from(message).ok()?.as_str())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a demo")]
fn seconds(release: &v1::ReleaseView) -> Option<f64> {
    Some(release.ended_ms?.saturating_sub(release.submitted_ms) as f64 / 1000.0)
}

fn short(digest: &str) -> String {
    digest.get(..19).unwrap_or(digest).to_owned()
}

#[cfg(test)]
mod tests;
