//! What a lifecycle policy does to the images of a repository: pure (ecs-facts 7.4).

use std::cmp::Reverse;
use std::time::Duration;

use super::grammar::{Action, CountType, Policy, Selection, StorageClass, TagStatus};
use crate::clock::SimTime;
use crate::glob;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// An image as a policy sees it. What an index lists and what refers to another image are left out
/// beforehand: they live and go with that one.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidate<'a> {
    pub(super) digest: &'a str,
    pub(super) tags: Vec<&'a str>,
    pub(super) pushed: SimTime,
    /// Last pull; an image that never was pulled counts from its push or its return from the archive.
    pub(super) pulled: SimTime,
    /// When it went to the archive, if it is there.
    pub(super) archived: Option<SimTime>,
}

/// What happens to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict<'a> {
    pub(super) digest: &'a str,
    pub(super) priority: u32,
    pub(super) action: Action,
}

/// Evaluates all rules on all images, then applies them by priority: the first rule whose tags and
/// storage class fit an image is the only one that may act on it. Rules count images as if no other
/// rule had acted.
pub(super) fn evaluate<'a>(
    policy: &Policy,
    images: &[Candidate<'a>],
    now: SimTime,
) -> Vec<Verdict<'a>> {
    let mut verdicts = Vec::new();
    let mut claimed = vec![false; images.len()];
    for rule in &policy.rules {
        let selection = &rule.selection;
        let fitting = images.iter().enumerate();
        let mut fitting: Vec<_> = fitting.filter(|(_, image)| selection.fits(image)).collect();
        fitting.sort_by_key(|(_, image)| (Reverse(image.pushed), image.digest));
        for (rank, (at, image)) in fitting.into_iter().enumerate() {
            if !std::mem::replace(&mut claimed[at], true) && selection.is_due(rank, image, now) {
                verdicts.push(Verdict {
                    digest: image.digest,
                    priority: rule.rule_priority,
                    action: rule.action,
                });
            }
        }
    }
    verdicts
}

impl Selection {
    /// Whether tags and storage class are the rule's.
    fn fits(&self, image: &Candidate<'_>) -> bool {
        let class = match image.archived {
            Some(_) => StorageClass::Archive,
            None => StorageClass::Standard,
        };
        let any = |test: &dyn Fn(&str) -> bool| image.tags.iter().any(|tag| test(tag));
        class == self.storage_class
            && match self.tag_status {
                TagStatus::Any => true,
                TagStatus::Untagged => image.tags.is_empty(),
                TagStatus::Tagged => {
                    let mut patterns = self.tag_pattern_list.iter();
                    let mut prefixes = self.tag_prefix_list.iter();
                    patterns.all(|pattern| any(&|tag| glob::matches(pattern, tag)))
                        && prefixes.all(|prefix| any(&|tag| tag.starts_with(prefix)))
                }
            }
    }

    /// Whether the count is exceeded, for the image with `rank` younger ones that fit.
    fn is_due(&self, rank: usize, image: &Candidate<'_>, now: SimTime) -> bool {
        let older = |since: SimTime| {
            let days = u32::try_from(self.count_number).unwrap_or(u32::MAX);
            now.since(since) >= DAY.saturating_mul(days)
        };
        match self.count_type {
            CountType::ImageCountMoreThan => rank as u64 >= self.count_number,
            CountType::SinceImagePushed => older(image.pushed),
            CountType::SinceImagePulled => older(image.pulled),
            CountType::SinceImageTransitioned => image.archived.is_some_and(older),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRE: &str = r#"{"type":"expire"}"#;
    const ARCHIVE: &str = r#"{"type":"transition","targetStorageClass":"archive"}"#;

    fn day(day: u32) -> SimTime {
        SimTime::default() + DAY * day
    }

    /// An image pushed on a day; `pulled` and `archived` are days too.
    fn image<'a>(
        digest: &'a str,
        tags: &[&'a str],
        pushed: u32,
        pulled: Option<u32>,
        archived: Option<u32>,
    ) -> Candidate<'a> {
        Candidate {
            digest,
            tags: tags.to_vec(),
            pushed: day(pushed),
            pulled: day(pulled.unwrap_or(pushed)),
            archived: archived.map(day),
        }
    }

    /// `digest:priority` of every verdict on day 100, in order of digests.
    fn verdicts(rules: &[(&str, &str)], images: &[Candidate<'_>]) -> String {
        let rules = rules.iter().enumerate().map(|(at, (selection, action))| {
            format!(
                r#"{{"rulePriority":{},"description":"padding, because a policy has a least length of a hundred",
                "selection":{{{selection}}},"action":{action}}}"#,
                at + 1
            )
        });
        let text = format!(r#"{{"rules":[{}]}}"#, rules.collect::<Vec<_>>().join(","));
        let policy = Policy::parse(&text).unwrap();
        let mut verdicts: Vec<String> = evaluate(&policy, images, day(100))
            .iter()
            .map(|verdict| format!("{}:{}", verdict.digest, verdict.priority))
            .collect();
        verdicts.sort();
        verdicts.join(" ")
    }

    #[test]
    fn each_way_of_counting_selects_its_images() {
        let images = [
            image("a", &["v1", "release-1"], 10, Some(95), None),
            image("b", &["v2"], 20, None, None),
            image("c", &[], 30, None, None),
            image("d", &["v4"], 99, None, None),
            image("e", &["old"], 5, None, Some(50)),
        ];
        let many = r#""countType":"imageCountMoreThan","countNumber":1"#;
        for (selection, action, expected) in [
            (format!(r#""tagStatus":"any",{many}"#), EXPIRE, "a:1 b:1 c:1"),
            (format!(r#""tagStatus":"untagged",{many}"#), EXPIRE, ""),
            (format!(r#""tagStatus":"tagged","tagPrefixList":["v"],{many}"#), EXPIRE, "a:1 b:1"),
            (
                r#""tagStatus":"tagged","tagPrefixList":["v","release"],"countType":"sinceImagePushed","countUnit":"days","countNumber":1"#.to_owned(),
                EXPIRE,
                "a:1",
            ),
            (
                r#""tagStatus":"tagged","tagPatternList":["*2"],"countType":"sinceImagePushed","countUnit":"days","countNumber":80"#.to_owned(),
                EXPIRE,
                "b:1",
            ),
            (
                r#""tagStatus":"any","countType":"sinceImagePushed","countUnit":"days","countNumber":81"#.to_owned(),
                EXPIRE,
                "a:1",
            ),
            (
                r#""tagStatus":"any","countType":"sinceImagePulled","countUnit":"days","countNumber":60"#.to_owned(),
                ARCHIVE,
                "b:1 c:1",
            ),
            (
                r#""tagStatus":"any","storageClass":"archive","countType":"sinceImageTransitioned","countUnit":"days","countNumber":50"#.to_owned(),
                EXPIRE,
                "e:1",
            ),
        ] {
            assert_eq!(verdicts(&[(&selection, action)], &images), expected, "{selection}");
        }
    }

    #[test]
    fn a_rule_of_higher_priority_protects_what_fits_it() {
        let images = [
            image("a", &["v1"], 10, None, None),
            image("b", &["v2"], 20, None, None),
            image("c", &["keep"], 1, None, None),
            image("d", &[], 30, None, None),
        ];
        let keep = r#""tagStatus":"tagged","tagPrefixList":["keep"],"countType":"imageCountMoreThan","countNumber":999"#;
        let newest = r#""tagStatus":"any","countType":"imageCountMoreThan","countNumber":1"#;
        let tagged = r#""tagStatus":"tagged","tagPrefixList":["v"],"countType":"imageCountMoreThan","countNumber":1"#;
        for (rules, expected) in [
            (vec![(newest, EXPIRE)], "a:1 b:1 c:1"),
            (vec![(keep, EXPIRE), (newest, EXPIRE)], "a:2 b:2"),
            (
                vec![(keep, EXPIRE), (tagged, EXPIRE), (newest, EXPIRE)],
                "a:2",
            ),
        ] {
            assert_eq!(verdicts(&rules, &images), expected, "{rules:?}");
        }
    }

    #[test]
    fn rules_count_as_if_no_other_had_acted() {
        let images = [
            image("a", &["x"], 10, None, None),
            image("b", &["x"], 20, None, None),
            image("c", &[], 5, None, None),
        ];
        let old = r#""tagStatus":"tagged","tagPrefixList":["x"],"countType":"sinceImagePushed","countUnit":"days","countNumber":1"#;
        let two = r#""tagStatus":"any","countType":"imageCountMoreThan","countNumber":2"#;
        assert_eq!(
            verdicts(&[(old, EXPIRE), (two, EXPIRE)], &images),
            "a:1 b:1 c:2"
        );
    }
}
