//! Hostile tars: nothing may land outside of the folder.
#![allow(
    clippy::unwrap_used,
    reason = "a test may unwrap, and so may its helpers"
)]

use std::fs;
use std::io::Cursor;
use std::path::Path;

use shipway_context::{ContextError, unpack};
use tar::{EntryType, Header};

/// A tar of entries (kind, name, link target), written past all checks of the tar crate.
fn tar_of(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (kind, name, link) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_size(4 * u64::from(kind.is_file()));
        header.set_cksum();
        let data = if kind.is_file() { &b"evil"[..] } else { b"" };
        tar.append(&header, data).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn nothing_escapes_the_folder() {
    use EntryType::{Char, Fifo, Link, Regular, Symlink};
    let outside = tempfile::tempdir().unwrap();
    let out = outside.path().to_str().unwrap();
    let absolute = format!("{out}/evil");
    let cases: [&[(EntryType, &str, &str)]; 9] = [
        &[(Regular, "../evil", "")],
        &[(Regular, "a/../../evil", "")],
        &[(Regular, &absolute, "")],
        &[(Symlink, "door", out), (Regular, "door/evil", "")],
        &[(Symlink, "door", ".."), (Regular, "door/evil", "")],
        &[(Symlink, "evil", &absolute), (Regular, "evil", "")],
        &[(Link, "evil", "/etc/hostname")],
        &[(Fifo, "pipe", "")],
        &[(Char, "null", "")],
    ];
    for case in cases {
        let parent = tempfile::tempdir().unwrap();
        let into = parent.path().join("into");
        fs::create_dir(&into).unwrap();
        let error = unpack(Cursor::new(tar_of(case)), &into).unwrap_err();
        assert!(
            matches!(
                error,
                ContextError::Unsafe { .. } | ContextError::Unpack { .. }
            ),
            "{case:?}: {error}"
        );
        for folder in [parent.path(), outside.path()] {
            assert!(!folder.join("evil").exists(), "{case:?}");
        }
    }
}

#[test]
fn what_exists_is_not_overwritten() {
    let into = tempfile::tempdir().unwrap();
    fs::write(into.path().join("kept"), "mine").unwrap();
    let tar = tar_of(&[(EntryType::Regular, "kept", "")]);
    unpack(tar.as_slice(), into.path()).unwrap_err();
    assert_eq!(
        fs::read_to_string(into.path().join("kept")).unwrap(),
        "mine"
    );
}

#[test]
fn a_tar_that_is_cut_off_is_an_error() {
    let tar = tar_of(&[(EntryType::Regular, "a", ""), (EntryType::Regular, "b", "")]);
    let into = tempfile::tempdir().unwrap();
    let error = unpack(&tar[..700], into.path()).unwrap_err();
    assert!(
        matches!(error, ContextError::Tar(_) | ContextError::Unpack { .. }),
        "{error}"
    );
    unpack(
        &b"no tar at all, but long enough to be taken for a header"[..],
        Path::new("/nowhere"),
    )
    .unwrap_err();
}
