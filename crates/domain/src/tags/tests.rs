//! What tags promise: only what a registry takes, and one tag for one content where a commit is named.

use proptest::prelude::*;

use super::{
    BadPattern, PLACEHOLDERS, TagFacts, TagPattern, highest_version, is_tag, is_wildcard,
    version_of, wildcard_matches,
};
use crate::spec::Revision;

fn revision(dirty: bool) -> Revision {
    Revision {
        commit: "4f1c2d9e0b7a4f1c2d9e0b7a4f1c2d9e0b7a4f1c".to_owned(),
        subject: "Faster cart".to_owned(),
        committed_at: 0,
        dirty,
        repository: None,
    }
}

fn resolve(pattern: &str, dirty: bool) -> String {
    let facts = TagFacts {
        env: "prod",
        revision: Some(&revision(dirty)),
        version: Some("1.4.0"),
        dirt: "9a41",
    };
    let tag = TagPattern::parse(pattern).unwrap().resolve(&facts).unwrap();
    format!("{}{}", tag.tag, if tag.moving { " moves" } else { "" })
}

#[test]
fn placeholders_are_filled() {
    assert_eq!(
        resolve("{sha}", false),
        "4f1c2d9e0b7a4f1c2d9e0b7a4f1c2d9e0b7a4f1c"
    );
    assert_eq!(resolve("v{version}-{short-sha}", false), "v1.4.0-4f1c2d9");
    assert_eq!(resolve("{env}-latest", false), "prod-latest moves");
    assert_eq!(resolve("stable", false), "stable moves");
    assert_eq!(
        resolve("{sha}-latest", false),
        "4f1c2d9e0b7a4f1c2d9e0b7a4f1c2d9e0b7a4f1c-latest moves"
    );
}

#[test]
fn every_placeholder_that_is_offered_is_understood() {
    for name in PLACEHOLDERS {
        assert!(TagPattern::parse(&format!("{{{name}}}")).is_ok(), "{name}");
    }
}

#[test]
fn a_changed_work_tree_never_takes_the_tag_of_its_commit() {
    assert_eq!(resolve("{short-sha}", true), "4f1c2d9-dirty-9a41");
    let facts = TagFacts {
        env: "prod",
        revision: Some(&revision(true)),
        version: Some("1.4.0"),
        dirt: "9a41",
    };
    assert_eq!(
        TagPattern::parse("{version}").unwrap().resolve(&facts),
        None
    );
}

#[test]
fn people_know_a_commit_by_seven_digits_and_whether_something_was_changed() {
    assert_eq!(revision(false).short(), "4f1c2d9");
    assert_eq!(revision(true).short(), "4f1c2d9-dirty");
}

#[test]
fn a_tag_of_something_unknown_is_no_tag() {
    let facts = TagFacts {
        env: "prod",
        revision: None,
        version: None,
        dirt: "",
    };
    for pattern in ["{sha}", "{short-sha}-x", "{version}"] {
        assert_eq!(
            TagPattern::parse(pattern).unwrap().resolve(&facts),
            None,
            "{pattern}"
        );
    }
}

#[test]
fn what_could_never_be_a_tag_is_refused() {
    assert_eq!(
        TagPattern::parse("{branch}"),
        Err(BadPattern::Unknown("branch".to_owned()))
    );
    for (pattern, error) in [
        ("{sha", BadPattern::Brace),
        ("sha}", BadPattern::Brace),
        ("", BadPattern::NoTag),
        ("-{sha}", BadPattern::NoTag),
        ("a/b", BadPattern::NoTag),
        ("a b", BadPattern::NoTag),
    ] {
        assert_eq!(TagPattern::parse(pattern), Err(error), "{pattern}");
    }
    for (error, text) in [
        (BadPattern::Brace, "a brace has no partner"),
        (
            BadPattern::Unknown("x".to_owned()),
            "{x} stands for nothing",
        ),
        (BadPattern::NoTag, "a tag has 1 to 128 of letters"),
    ] {
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

#[test]
fn git_tags_name_versions() {
    for (tag, version) in [
        ("v1.4.0", Some("1.4.0")),
        ("1.4.0-rc.1", Some("1.4.0-rc.1")),
        ("1.4.0+build.5", Some("1.4.0-build.5")),
        ("1.4", None),
        ("v01.4.0", None),
        ("release-1.4.0", None),
        ("1.4.0-", None),
        ("1.4.x", None),
    ] {
        assert_eq!(version_of(tag).as_deref(), version, "{tag}");
    }
}

#[test]
fn the_highest_version_of_a_commit_counts() {
    let tags = ["nightly", "v1.9.0", "v1.10.0-rc.1", "v1.10.0", "v0.99.0"];
    assert_eq!(highest_version(&tags).as_deref(), Some("1.10.0"));
    assert_eq!(highest_version(&["nightly"]), None);
}

#[test]
fn wildcards_match_as_ecr_says() {
    for (wildcard, tag, matches) in [
        ("*-latest", "prod-latest", true),
        ("*-latest", "prod-latest-2", false),
        ("prod*", "prod", true),
        ("*", "", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("latest", "latest", true),
        ("a*a", "a", false),
        ("a*b*b", "a-b", false),
    ] {
        assert_eq!(wildcard_matches(wildcard, tag), matches, "{wildcard} {tag}");
    }
    assert!(is_wildcard("*-latest") && !is_wildcard("") && !is_wildcard("a/b"));
}

proptest! {
    #[test]
    fn whatever_resolves_is_a_tag(pattern in "[a-z{}.-]{0,12}|(\\{(sha|short-sha|env|version)\\}-?){1,4}") {
        let revision = revision(true);
        let facts = TagFacts { env: "prod", revision: Some(&revision), version: None, dirt: "00" };
        if let Ok(pattern) = TagPattern::parse(&pattern)
            && let Some(tag) = pattern.resolve(&facts) {
            prop_assert!(is_tag(&tag.tag));
        }
    }
}
