//! Lifecycle policies of ECR: which images one takes away (ecs-facts 7.4).

use std::time::Duration;

use crate::document::Document;
use crate::ids::Digest;
use crate::surroundings::{ImageListed, RepositoryContents};
use crate::tags::wildcard_matches;
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The priority of the rule that takes `digest` away once another image like it has been pushed; `None` when it stays,
/// or when the policy cannot be read. An image that is archived counts as taken away: it cannot be pulled.
#[must_use]
pub fn taken_away(contents: &RepositoryContents, digest: &Digest) -> Option<i64> {
    let ours = contents.images.iter().find(|one| one.digest == *digest)?;
    let policy = Document::parse(&contents.policy).ok()?;
    let mut rules: Vec<Rule<'_>> = policy
        .get("rules")?
        .items()
        .iter()
        .filter_map(rule)
        .collect();
    rules.sort_by_key(|rule| rule.priority);
    // All rules look at all images; an image that the tags of a rule fit is out of reach of the rules after it.
    let first = rules.into_iter().find(|rule| rule.fits(&ours.tags))?;
    first.takes(contents, ours).then_some(first.priority)
}

struct Rule<'d> {
    priority: i64,
    status: &'d str,
    /// Patterns of tags, with wildcards; each must fit one of the tags.
    patterns: Vec<String>,
    counts: &'d str,
    number: u64,
}

fn rule(rule: &Document) -> Option<Rule<'_>> {
    let selection = rule.get("selection")?;
    let text = |name: &str| selection.get(name).and_then(Document::as_str);
    // Images in the archive are gone already.
    if text("storageClass") == Some("archive") {
        return None;
    }
    let list = |name: &str| selection.get(name).map_or(&[][..], Document::items);
    let patterns = list("tagPatternList").iter().filter_map(Document::as_str);
    let prefixes = list("tagPrefixList").iter().filter_map(Document::as_str);
    Some(Rule {
        priority: rule.get("rulePriority")?.as_i64()?,
        status: text("tagStatus")?,
        patterns: patterns
            .map(ToOwned::to_owned)
            .chain(prefixes.map(|prefix| format!("{prefix}*")))
            .collect(),
        counts: text("countType")?,
        number: u64::try_from(selection.get("countNumber")?.as_i64()?).ok()?,
    })
}

impl Rule<'_> {
    fn fits(&self, tags: &[String]) -> bool {
        let any = |pattern: &String| tags.iter().any(|tag| wildcard_matches(pattern, tag));
        match self.status {
            "any" => true,
            "untagged" => tags.is_empty(),
            _ => !tags.is_empty() && self.patterns.iter().all(any),
        }
    }

    /// Of images that this rule fits.
    fn takes(&self, contents: &RepositoryContents, ours: &ImageListed) -> bool {
        let older_than = |at: Timestamp| {
            let days = u32::try_from(self.number).unwrap_or(u32::MAX);
            contents.at.since(at) > DAY.saturating_mul(days)
        };
        match self.counts {
            "imageCountMoreThan" => {
                let newer = contents.images.iter().filter(|one| {
                    self.fits(&one.tags)
                        && (one.pushed_at, &one.digest) > (ours.pushed_at, &ours.digest)
                });
                // Those that are newer, itself, and the next one.
                newer.count() as u64 + 2 > self.number
            }
            "sinceImagePushed" => older_than(ours.pushed_at),
            "sinceImagePulled" => older_than(ours.pulled_at.unwrap_or(ours.pushed_at)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days since the images were pushed, the tag of the first, and the rules.
    fn verdict(ages: &[u64], tags: &[&str], rules: &str) -> Option<i64> {
        let at = Timestamp::from_millis(1_000 * DAY.as_secs() * 1000);
        let images = ages.iter().enumerate().map(|(nth, days)| ImageListed {
            digest: Digest::of(nth.to_string().as_bytes()),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            pushed_at: Timestamp::from_millis(at.millis() - days * DAY.as_secs() * 1000),
            pulled_at: None,
        });
        let contents = RepositoryContents {
            name: "web".to_owned(),
            policy: format!("{{\"rules\":[{rules}]}}"),
            images: images.collect(),
            at,
        };
        taken_away(&contents, &Digest::of(b"0"))
    }

    fn count(priority: u32, status: &str, tags: &str, most: u32) -> String {
        format!(
            r#"{{"rulePriority":{priority},"selection":{{"tagStatus":"{status}",{tags}
            "countType":"imageCountMoreThan","countNumber":{most}}},"action":{{"type":"expire"}}}}"#
        )
    }

    #[test]
    fn the_next_push_counts_for_rules_that_keep_a_number_of_images() {
        for (ages, most, taken) in [
            (&[5, 3, 1][..], 3, true),
            (&[5, 3, 1][..], 4, false),
            (&[1, 3, 5][..], 2, false),
            (&[1, 3, 5][..], 1, true),
        ] {
            let found = verdict(ages, &["a"], &count(7, "any", "", most));
            assert_eq!(found, taken.then_some(7), "{ages:?} {most}");
        }
    }

    #[test]
    fn an_image_that_a_rule_fits_is_out_of_reach_of_the_rules_after_it() {
        let keep = count(1, "tagged", r#""tagPrefixList":["live-"],"#, 100);
        let all = count(2, "any", "", 1);
        let both = format!("{all},{keep}");
        assert_eq!(verdict(&[9, 1], &["live-prod"], &both), None);
        assert_eq!(verdict(&[9, 1], &["v1"], &both), Some(2));
    }

    #[test]
    fn each_pattern_must_fit_a_tag_and_untagged_means_without_any() {
        let tagged = |list: &str| count(1, "tagged", &format!("\"tagPatternList\":[{list}],"), 1);
        assert_eq!(
            verdict(&[9, 1], &["v1", "prod"], &tagged(r#""v*","prod""#)),
            Some(1)
        );
        assert_eq!(verdict(&[9, 1], &["v1"], &tagged(r#""v*","prod""#)), None);
        assert_eq!(verdict(&[9, 1], &[], &count(1, "untagged", "", 1)), Some(1));
        assert_eq!(
            verdict(&[9, 1], &["v1"], &count(1, "untagged", "", 1)),
            None
        );
    }

    #[test]
    fn age_counts_in_days_from_the_push_and_archives_are_left_alone() {
        let since = |class: &str, days: u32| {
            format!(
                r#"{{"rulePriority":3,"selection":{{"tagStatus":"any",{class}"countType":"sinceImagePushed",
                "countUnit":"days","countNumber":{days}}}}}"#
            )
        };
        assert_eq!(verdict(&[30], &[], &since("", 29)), Some(3));
        assert_eq!(verdict(&[30], &[], &since("", 30)), None);
        assert_eq!(
            verdict(&[30], &[], &since(r#""storageClass":"archive","#, 1)),
            None
        );
        assert_eq!(verdict(&[30], &[], "{}"), None);
    }
}
