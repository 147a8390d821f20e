//! The rules of ignore files, case by case (the corner cases of Moby's own tests among them).
#![allow(
    clippy::unwrap_used,
    reason = "a test may unwrap, and so may its helpers"
)]

use std::path::Path;

use proptest::prelude::*;
use shipway_context::{ContextError, IgnoreRules};

fn rules(text: &str) -> Result<IgnoreRules, ContextError> {
    let mut rules = IgnoreRules::without_git();
    rules.add(text, Path::new(".dockerignore"))?;
    Ok(rules)
}

#[test]
fn each_pattern_takes_what_docker_takes() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        // pattern, excluded, sent
        (
            "file",
            &["file", "file/below"],
            &["dir/file", "files", "fil"],
        ),
        ("/file", &["file"], &["dir/file"]),
        ("dir/", &["dir", "dir/a/b"], &["dirs", "a/dir"]),
        ("./dir/../other//x", &["other/x"], &["dir", "other"]),
        ("../up", &[], &["up", "a/up"]),
        ("/../up", &["up"], &[]),
        (".", &[], &["a", ".a"]),
        ("*", &["a", "a/b", ".hidden"], &[]),
        ("*/b", &["a/b", "a/b/c"], &["b", "a/a/b"]),
        (
            "*.md",
            &["README.md", ".md"],
            &["docs/README.md", "README.mdx"],
        ),
        (".*", &[".foo", ".foo/x"], &["foo"]),
        ("a/*.txt", &["a/f.txt"], &["a/d/f.txt", "a/f.txt2"]),
        ("abc?def", &["abcZdef", "abcÄdef"], &["abcdef", "abc/def"]),
        ("abc.def", &["abc.def"], &["abcdef", "abcZdef"]),
        ("a(b)c/d+e", &["a(b)c/d+e"], &["abc/de"]),
        ("a.|)$(}+{bc", &["a.|)$(}+{bc"], &["a"]),
        ("a[b-d]e", &["ace"], &["ae", "aae", "aCe"]),
        ("a[^b-d]e", &["aze"], &["ace"]),
        ("[ä-ü]x", &["öx"], &["ax"]),
        (r"a\*b", &["a*b"], &["axb"]),
        (r"a[\]]b", &["a]b"], &["ab"]),
        ("a]b", &["a]b"], &["ab"]),
        ("**", &["file", "dir/file"], &[]),
        ("**/", &["file", "dir/file"], &[]),
        ("**/**", &["file", "dir/file"], &[]),
        (
            "dir/**",
            &["dir/file", "dir/dir2/file"],
            &["dir", "dirs/file"],
        ),
        (
            "**/dir",
            &["dir", "a/dir", "a/b/dir/c"],
            &["adir", "a/dirs"],
        ),
        (
            "**/dir2/*",
            &["dir/dir2/f", "dir2/f", "dir2/d/f"],
            &["dir2"],
        ),
        ("**file", &["file", "dir/file", "profile"], &["files"]),
        ("**/file*txt", &["file.txt", "d/d/file.txt"], &["d/file.md"]),
        (
            "**/**/*.txt",
            &["f.txt", "d/f.txt", "d/d/f.txt"],
            &["f.txt2"],
        ),
        ("**/*.o/*", &["x.o/y", "d/x.o/y/z"], &["x.o"]),
        (
            "a**/*.txt",
            &["a/f.txt", "a/d/f.txt", "abc/f.txt"],
            &["b/f.txt"],
        ),
        ("a/**/z", &["a/z", "a/b/z", "a/b/c/z"], &["az", "b/a/z"]),
        ("foo**", &["foo", "foobar", "foobar/x"], &["fo", "a/foo"]),
        ("a/**/b/**", &["a/b/x", "a/c/b/x"], &["a/b"]),
        ("# not a comment in column 2", &[], &["#"]),
        (" #x", &["#x"], &["x"]),
        ("\u{feff}x", &["x"], &[]),
        ("  x  \r", &["x"], &[]),
        (
            "dist/proxy-2.4.0rc3.dev36+g08-none.whl",
            &["dist/proxy-2.4.0rc3.dev36+g08-none.whl"],
            &[],
        ),
    ];
    for (pattern, excluded, sent) in cases {
        let rules = rules(pattern).unwrap();
        for path in *excluded {
            assert!(rules.excludes(path), "{pattern:?} should exclude {path:?}");
        }
        for path in *sent {
            assert!(!rules.excludes(path), "{pattern:?} should send {path:?}");
        }
    }
}

#[test]
fn the_last_pattern_that_matches_decides() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("*.md\n!README.md", &["a.md"], &["README.md"]),
        (
            "*.md\n!README*.md\nREADME-secret.md",
            &["README-secret.md"],
            &["README-1.md"],
        ),
        (
            "*.md\nREADME-secret.md\n!README*.md",
            &["a.md"],
            &["README-secret.md"],
        ),
        ("*\n!src", &["a", "a/b"], &["src", "src/deep/x"]),
        ("*\n!src\nsrc/deep", &["src/deep/x"], &["src/x"]),
        ("*\n! src/deep ", &["src", "src/x"], &["src/deep/x"]),
        ("!a\na", &["a"], &["b"]),
        ("**\n!**/*.rs", &["a", "a/b"], &["a/b.rs", "c.rs"]),
        (
            "docs\n!docs/**/*.md\n",
            &["docs/a"],
            &["docs/a.md", "docs/b/c.md"],
        ),
    ];
    for (text, excluded, sent) in cases {
        let rules = rules(text).unwrap();
        for path in *excluded {
            assert!(rules.excludes(path), "{text:?} should exclude {path:?}");
        }
        for path in *sent {
            assert!(!rules.excludes(path), "{text:?} should send {path:?}");
        }
    }
}

#[test]
fn git_stays_at_home_unless_it_is_brought_back() {
    let default = rules("").unwrap();
    for path in [".git", ".git/HEAD", "sub/module/.git"] {
        assert!(default.excludes(path), "{path}");
    }
    for path in [".gitignore", ".github/workflows/a.yml", "x.git"] {
        assert!(!default.excludes(path), "{path}");
    }
    let back = rules("!.git").unwrap();
    assert!(!back.excludes(".git/HEAD"));
    assert!(back.excludes("sub/.git/HEAD"));
}

#[test]
fn a_line_that_is_no_pattern_is_refused_with_its_place() {
    for line in [
        "a[", "[]a]", "a[b", "[a-", "[-x]", "[x-]", "[^]", "[\\", r"a\", "!", "! ",
    ] {
        let error = rules(&format!("good\n{line}\n")).unwrap_err();
        assert!(
            matches!(&error, ContextError::Pattern { line: 2, .. }),
            "{line:?}: {error}"
        );
        assert!(
            error.to_string().starts_with(".dockerignore:2: "),
            "{error}"
        );
    }
}

proptest! {
    #[test]
    fn a_text_without_wildcards_takes_itself_and_what_is_below(
        path in "[a-z.+]{1,4}(/[a-z.+]{1,4}){0,3}", below in "[a-z]{1,3}",
    ) {
        prop_assume!(!path.split('/').any(|part| part == "." || part == ".."));
        let rules = rules(&path).unwrap();
        prop_assert!(rules.excludes(&path));
        let below = format!("{path}/{below}");
        let longer = format!("{path}x");
        prop_assert!(rules.excludes(&below));
        prop_assert!(!rules.excludes(&longer));
    }

    #[test]
    fn stars_agree_with_a_plain_search(pattern in "[ab/?*]{1,8}", path in "[ab]{1,3}(/[ab]{1,3}){0,3}") {
        // Only shapes without Moby's special cases: no bare prefix or suffix.
        prop_assume!(!pattern.contains("**") && !pattern.contains("//"));
        let pattern = pattern.trim_matches('/');
        prop_assume!(!pattern.is_empty());
        let ancestors: Vec<&str> = path
            .match_indices('/')
            .map(|(at, _)| &path[..at])
            .chain([path.as_str()])
            .collect();
        let want = ancestors.iter().any(|path| search(pattern.as_bytes(), path.as_bytes()));
        prop_assert_eq!(rules(pattern).unwrap().excludes(&path), want);
    }

    #[test]
    fn no_line_makes_it_panic(text in "\\PC{0,20}", path in "\\PC{1,20}") {
        if let Ok(rules) = rules(&text) {
            prop_assert_eq!(rules.excludes(&path), rules.clone().excludes(&path));
        }
    }
}

/// The textbook way, exponential: what the automaton must agree with.
fn search(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern.first(), path.first()) {
        (None, None) => true,
        (Some(b'*'), Some(c)) => {
            search(&pattern[1..], path) || (*c != b'/' && search(pattern, &path[1..]))
        }
        (Some(b'*'), None) => search(&pattern[1..], path),
        (Some(b'?'), Some(c)) => *c != b'/' && search(&pattern[1..], &path[1..]),
        (Some(p), Some(c)) => p == c && search(&pattern[1..], &path[1..]),
        _ => false,
    }
}
