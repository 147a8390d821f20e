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
    pub(super) release: Option<v1::ReleaseView>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Report {
    builder: String,
    acts: Vec<Act>,
}

/// A line of the table.
struct Row {
    release: String,
    env: String,
    account: String,
    verdict: String,
    digest: String,
    task_definition: String,
    took: String,
    title: String,
}

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
        self.acts
            .iter()
            .all(|act| act.code == act.expected.exit_code())
    }

    pub(super) fn table(&self) -> String {
        let head = [
            "release",
            "env",
            "account",
            "verdict",
            "image",
            "task definition",
            "time",
            "what",
        ];
        let mut lines = vec![head.map(str::to_owned).to_vec()];
        for row in self.acts.iter().flat_map(rows) {
            let digest = short(&row.digest);
            lines.push(vec![
                row.release,
                row.env,
                row.account,
                row.verdict,
                digest,
                row.task_definition,
                row.took,
                row.title,
            ]);
        }
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                lines
                    .iter()
                    .map(|line| line[column].len())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let text = lines.iter().map(|line| {
            let cells = line
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
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
            let targets = rows(act).map(|row| {
                json!({
                    "account": row.account,
                    "verdict": row.verdict,
                    "image_digest": row.digest,
                    "task_definition": row.task_definition,
                })
            });
            let release = act.release.as_ref();
            json!({
                "command": act.command,
                "release": release.map(|r| ReleaseId::from_number(r.id).to_string()),
                "env": release.map(|r| r.env.clone()),
                "verdict": release.and_then(|r| verdict(r.verdict)),
                "expected": act.expected.as_str(),
                "exit_code": act.code,
                "seconds": release.and_then(seconds),
                "targets": targets.collect::<Vec<_>>(),
            })
        });
        json!({
            "builder": self.builder,
            "as_expected": self.as_expected(),
            "releases": acts.collect::<Vec<_>>(),
        })
    }
}

fn rows(act: &Act) -> impl Iterator<Item = Row> {
    let release = act.release.iter();
    release.flat_map(|release| {
        release.jobs.iter().filter_map(|job| {
            let target = job.target.as_ref()?;
            let report = match job
                .outcome
                .as_ref()
                .and_then(|outcome| outcome.outcome.as_ref())
            {
                Some(v1::outcome::Outcome::RolledOut(report)) => Some(report),
                _ => None,
            };
            let named = ACCOUNTS.iter().find(|(_, id)| *id == target.account);
            let task_definition = report.and_then(|report| report.task_definition.clone());
            let task_definition = task_definition.unwrap_or_default();
            Some(Row {
                release: ReleaseId::from_number(release.id).to_string(),
                env: release.env.clone(),
                account: named
                    .map_or_else(|| target.account.clone(), |(name, _)| (*name).to_owned()),
                verdict: report
                    .and_then(|report| verdict(Some(report.verdict)))
                    .unwrap_or_default()
                    .to_owned(),
                digest: report
                    .and_then(|r| r.image_digest.clone())
                    .unwrap_or_default(),
                task_definition: task_definition
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                took: seconds(release).map_or_else(String::new, |s| format!("{s:.1} s")),
                title: release.title.clone(),
            })
        })
    })
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
