//! Packing and unpacking of real trees.
#![allow(
    clippy::unwrap_used,
    reason = "a test may unwrap, and so may its helpers"
)]

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use shipway_context::{ContextError, IgnoreFile, PackOptions, Packed, pack, unpack};
use tempfile::TempDir;

fn options() -> PackOptions {
    PackOptions {
        ignore: IgnoreFile::Auto,
        dockerfile: None,
        max_bytes: 1 << 30,
    }
}

fn put(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn packed(root: &Path, options: &PackOptions) -> (Packed, Vec<u8>) {
    let mut tar = Vec::new();
    let packed = pack(root, options, &mut tar).unwrap();
    assert_eq!(packed.bytes, tar.len() as u64);
    (packed, tar)
}

fn names(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| entry.unwrap().path().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// A tree with one of everything; `order` turns the order of creation around.
fn sample(order: bool, time: u64, mode: u32) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("{}/{}", "deep".repeat(30), "name".repeat(40));
    let mut files = vec![
        ("a.txt", "one"),
        ("a/b.txt", "two"),
        ("bin/run", "#!/bin/sh"),
        ("grün/größe ☃", "three"),
        (long.as_str(), "four"),
    ];
    if order {
        files.reverse();
    }
    for (path, content) in files {
        put(dir.path(), path, content);
        let path = dir.path().join(path);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(at)
            .unwrap();
    }
    let exec = Permissions::from_mode(mode | 0o100);
    fs::set_permissions(dir.path().join("bin/run"), exec).unwrap();
    symlink("../a.txt", dir.path().join("bin/link")).unwrap();
    symlink("./very//odd/".repeat(20), dir.path().join("bin/long-link")).unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    dir
}

#[test]
fn an_unchanged_tree_has_an_unchanged_digest() {
    let (first, tar) = packed(sample(false, 1, 0o644).path(), &options());
    let (second, again) = packed(sample(true, 1_700_000_000, 0o600).path(), &options());
    assert_eq!(first, second);
    assert_eq!(tar, again);
    // Known for good: another digest would make every app build and push anew.
    assert_eq!(
        first.digest_hex(),
        "b60785915e96720761b5a64ee1e2911729c4512786e8d733b48fb3233dceac6b"
    );
    assert_eq!(first.files, 7);
}

#[test]
fn what_is_in_the_tree_changes_the_digest() {
    let base = packed(sample(false, 1, 0o644).path(), &options()).0.digest;
    type Change = (&'static str, fn(&Path));
    let changes: [Change; 5] = [
        ("content", |root| put(root, "a.txt", "other")),
        ("executable bit", |root| {
            fs::set_permissions(root.join("a.txt"), Permissions::from_mode(0o755)).unwrap();
        }),
        ("empty folder", |root| {
            fs::remove_dir(root.join("empty")).unwrap()
        }),
        ("name", |root| {
            fs::rename(root.join("a.txt"), root.join("b.txt")).unwrap()
        }),
        ("link", |root| {
            fs::remove_file(root.join("bin/link")).unwrap();
            symlink("../a", root.join("bin/link")).unwrap();
        }),
    ];
    for (what, change) in changes {
        let tree = sample(false, 1, 0o644);
        change(tree.path());
        assert_ne!(packed(tree.path(), &options()).0.digest, base, "{what}");
    }
}

#[test]
fn entries_are_sorted_and_bare_of_times_and_owners() {
    let (_, tar) = packed(sample(true, 5, 0o640).path(), &options());
    let mut archive = tar::Archive::new(tar.as_slice());
    let mut paths = Vec::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(header.mtime().unwrap(), 0);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(header.username().unwrap(), Some(""));
        assert_eq!(header.groupname().unwrap(), Some(""));
        let path = entry.path().unwrap().into_owned();
        let mode = match path.to_str().unwrap() {
            "a" | "bin" | "bin/run" | "empty" | "grün" => 0o755,
            "bin/link" | "bin/long-link" => 0o777,
            path if path.ends_with("deep") => 0o755,
            _ => 0o644,
        };
        assert_eq!(header.mode().unwrap(), mode, "{}", path.display());
        paths.push(path);
    }
    assert!(paths.is_sorted());
    assert_eq!(paths.len(), 12);
}

#[test]
fn a_tree_comes_back_as_it_was() {
    let tree = sample(false, 9, 0o644);
    let (first, tar) = packed(tree.path(), &options());
    let copy = tempfile::tempdir().unwrap();
    assert_eq!(unpack(tar.as_slice(), copy.path()).unwrap(), first.files);
    assert_eq!(packed(copy.path(), &options()).0, first);
    let link = fs::read_link(copy.path().join("bin/long-link")).unwrap();
    assert_eq!(link.to_str().unwrap(), "./very//odd/".repeat(20));
}

#[test]
fn the_ignore_file_is_honoured_and_sent() {
    let tree = tempfile::tempdir().unwrap();
    for path in [
        "Dockerfile",
        "src/main.rs",
        "target/x",
        "docs/a/b.md",
        "docs/c",
        ".git/HEAD",
    ] {
        put(tree.path(), path, path);
    }
    put(tree.path(), ".dockerignore", "*\n!src\n!docs/**/*.md");
    let with_dockerfile = PackOptions {
        dockerfile: Some("./Dockerfile".to_owned()),
        ..options()
    };
    let (_, tar) = packed(tree.path(), &with_dockerfile);
    let want = [
        ".dockerignore",
        "Dockerfile",
        "docs",
        "docs/a",
        "docs/a/b.md",
        "src",
        "src/main.rs",
    ];
    assert_eq!(names(&tar), want);

    put(tree.path(), "build/Dockerfile", "FROM scratch");
    put(tree.path(), "build/Dockerfile.dockerignore", "**");
    let own = PackOptions {
        dockerfile: Some("build/Dockerfile".to_owned()),
        ..options()
    };
    let want = ["build", "build/Dockerfile", "build/Dockerfile.dockerignore"];
    assert_eq!(names(&packed(tree.path(), &own).1), want);

    let all = PackOptions {
        ignore: IgnoreFile::None,
        ..options()
    };
    let sent = names(&packed(tree.path(), &all).1);
    assert!(sent.contains(&"target/x".to_owned()) && !sent.contains(&".git".to_owned()));
}

#[test]
fn a_dockerfile_that_is_not_in_the_context_is_refused() {
    let tree = sample(false, 1, 0o644);
    for name in ["Dockerfile", "../Dockerfile", "a", "/etc/hostname"] {
        let options = PackOptions {
            dockerfile: Some(name.to_owned()),
            ..options()
        };
        let error = pack(tree.path(), &options, io::sink()).unwrap_err();
        assert!(
            matches!(&error, ContextError::NoDockerfile { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_tree_that_is_too_large_names_what_is_heavy_and_writes_nothing() {
    let tree = tempfile::tempdir().unwrap();
    put(tree.path(), "src/main.rs", "small");
    put(tree.path(), "node_modules/left/a.js", &"x".repeat(60_000));
    put(tree.path(), "node_modules/right/b.js", &"x".repeat(50_000));
    put(tree.path(), "data/deep/dump.sql", &"x".repeat(90_000));
    let options = PackOptions {
        max_bytes: 100_000,
        ..options()
    };
    let mut out = Vec::new();
    let error = pack(tree.path(), &options, &mut out).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("more than the 100.0 kB permitted; the largest in it: node_modules/ (110.0 kB), data/deep/dump.sql (90.0 kB), src/main.rs (5 B);"),
        "{text}"
    );
    assert!(out.is_empty());
    let exact = PackOptions {
        max_bytes: packed(tree.path(), &self::options()).0.bytes,
        ..options
    };
    pack(tree.path(), &exact, io::sink()).unwrap();
}

#[test]
fn sockets_are_left_out_and_reported() {
    let tree = sample(false, 1, 0o644);
    let plain = packed(tree.path(), &options()).0;
    let _socket = UnixListener::bind(tree.path().join("a/socket")).unwrap();
    let with = packed(tree.path(), &options()).0;
    assert_eq!(with.digest, plain.digest);
    assert_eq!(with.skipped, [Path::new("a/socket")]);
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let tree = sample(false, 1, 0o644);
    for path in ["a.txt", "nowhere"] {
        let error = pack(&tree.path().join(path), &options(), io::sink()).unwrap_err();
        assert!(matches!(error, ContextError::NotAFolder(_)), "{error}");
    }
}

#[test]
fn a_link_out_of_the_tree_is_kept_as_a_link() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "secret", "do not pack");
    let tree = tempfile::tempdir().unwrap();
    symlink(outside.path(), tree.path().join("out")).unwrap();
    let (packed, tar) = packed(tree.path(), &options());
    assert_eq!(packed.files, 1);
    assert_eq!(names(&tar), ["out"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_tree_survives_the_round_trip(
        files in prop::collection::btree_map("[a-cä☃]{1,3}(/[a-cä ]{1,3}){0,2}", prop::collection::vec(any::<u8>(), 0..1500), 0..12),
    ) {
        let tree = tempfile::tempdir().unwrap();
        for (path, content) in &files {
            let path = tree.path().join(path);
            // A name may be a file and a folder at once in the map: the first one stays.
            let made = fs::create_dir_all(path.parent().unwrap()).is_ok();
            if made && !path.is_dir() {
                fs::write(path, content).unwrap();
            }
        }
        let (first, tar) = packed(tree.path(), &options());
        let copy = tempfile::tempdir().unwrap();
        prop_assert_eq!(unpack(tar.as_slice(), copy.path()).unwrap(), first.files);
        prop_assert_eq!(packed(copy.path(), &options()).0, first);
    }
}
