//! Copies from a context into a layer, read back entry by entry.

use std::io::Write;

use shipway_domain::spec::CopyFiles;
use tar::{EntryType, Header};

use super::{Copied, Copy, CopyError};

fn copy(from: &str, to: &str, on_base: bool) -> Result<Copy, String> {
    let (from, to) = (from.to_owned(), to.to_owned());
    Copy::new(&CopyFiles { from, to }, on_base)
}

/// A context: `name/` is a folder, `name -> x` a link, `name*` an executable file.
fn context(entries: &[&str]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        let (name, kind, mode) = match entry.split_once(" -> ") {
            Some((name, to)) => {
                header.set_link_name(to).unwrap();
                (name, EntryType::Symlink, 0o777)
            }
            None if entry.ends_with('/') => {
                (entry.trim_end_matches('/'), EntryType::Directory, 0o700)
            }
            None if entry.ends_with('*') => {
                (entry.trim_end_matches('*'), EntryType::Regular, 0o711)
            }
            None => (*entry, EntryType::Regular, 0o600),
        };
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(77);
        header.set_size(if kind.is_file() { 3 } else { 0 });
        header.set_cksum();
        let data: &[u8] = if kind.is_file() { b"abc" } else { b"" };
        tar.append(&header, data).unwrap();
    }
    tar.into_inner().unwrap()
}

const APP: [&str; 9] = [
    "README",
    "dist/",
    "dist/.env",
    "dist/app*",
    "dist/assets/",
    "dist/assets/a.css",
    "dist/link -> app",
    "src/",
    "src/main.c",
];

/// The layer, as lines of path, mode and link.
fn layer(copy: &Copy, context: &[u8]) -> Result<(Vec<String>, Copied), String> {
    let mut out = tar::Builder::new(Vec::new());
    let copied = match copy.run(context, &mut out) {
        Ok(copied) => copied,
        Err(CopyError::Invalid(text)) => return Err(text),
        Err(CopyError::Io(error)) => panic!("{error}"),
    };
    let mut bytes = out.into_inner().unwrap();
    bytes.flush().unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let lines = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 0);
        let link = entry.link_name().unwrap();
        let link = link.map_or_else(String::new, |to| format!(" -> {}", to.display()));
        let mode = entry.header().mode().unwrap();
        format!("{} {mode:o}{link}", entry.path().unwrap().display())
    });
    Ok((lines.collect(), copied))
}

fn lines(from: &str, to: &str) -> Vec<String> {
    layer(&copy(from, to, false).unwrap(), &context(&APP))
        .unwrap()
        .0
}

#[test]
fn a_folder_is_copied_with_its_content() {
    let want = [
        "opt 755",
        "opt/app 755",
        "opt/app/.env 644",
        "opt/app/app 755",
        "opt/app/assets 755",
        "opt/app/assets/a.css 644",
        "opt/app/link 777 -> app",
    ];
    assert_eq!(lines("dist", "/opt/app"), want);
    assert_eq!(lines("./dist/", "/opt/app/"), want);
    assert_eq!(lines("/src/../dist", "/opt/./app"), want);
    let (_, copied) = layer(&copy("dist", "/", false).unwrap(), &context(&APP)).unwrap();
    assert_eq!(copied, Copied { files: 4, bytes: 9 });
}

#[test]
fn the_whole_context_is_copied_by_a_dot() {
    assert_eq!(lines(".", "/").len(), APP.len());
    assert_eq!(lines(".", "/x")[..2], ["x 755", "x/README 644"]);
}

#[test]
fn a_file_goes_to_the_path_or_into_the_folder() {
    assert_eq!(
        lines("dist/app", "/usr/bin/hello"),
        ["usr 755", "usr/bin 755", "usr/bin/hello 755"]
    );
    assert_eq!(lines("dist/app", "/srv/"), ["srv 755", "srv/app 755"]);
    assert_eq!(lines("dist/app", "/"), ["app 755"]);
}

#[test]
fn folders_that_are_special_everywhere_keep_their_modes() {
    assert_eq!(lines("README", "/tmp/x"), ["tmp 1777", "tmp/x 644"]);
    assert_eq!(
        lines("README", "/var/tmp/x")[..2],
        ["var 755", "var/tmp 1777"]
    );
    assert_eq!(lines("README", "/root/x")[..1], ["root 700"]);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let missing =
        |from: &str| layer(&copy(from, "/x", false).unwrap(), &context(&APP)).unwrap_err();
    assert_eq!(
        missing("dist/app.js"),
        "there is no \"dist/app.js\" in the context; dist/ holds .env, app, assets/, link (what .dockerignore names is left out)"
    );
    assert!(missing("build/out").contains("its root holds README, dist/, src/ ("));
    assert!(missing("README/x").contains("its root holds"));
    let empty = layer(&copy("a", "/x", false).unwrap(), &context(&[])).unwrap_err();
    assert!(empty.contains("its root holds nothing"), "{empty}");
    let many: Vec<String> = (10..40).map(|n| format!("f{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = layer(&copy("a", "/x", false).unwrap(), &context(&many)).unwrap_err();
    assert!(many.contains("f20, f21, and 18 more ("), "{many}");
}

#[test]
fn paths_that_lead_nowhere_good_are_refused() {
    for (from, to) in [
        ("..", "/x"),
        ("a/../../b", "/x"),
        ("a", "x"),
        ("a", "/.."),
        ("a", ""),
        ("a", "/x/../../y"),
    ] {
        copy(from, to, false).unwrap_err();
    }
}

#[test]
fn a_layer_never_hides_a_link_of_the_base() {
    for to in ["/bin/app", "/lib", "/lib64/x.so", "/var/run/app"] {
        copy("dist", to, false).unwrap();
        let error = copy("dist", to, true).unwrap_err();
        assert!(error.contains("a link in many base images"), "{error}");
    }
    copy("dist", "/usr/bin/app", true).unwrap();
    let rootfs = context(&["rootfs/", "rootfs/bin/", "rootfs/bin/app*"]);
    let error = layer(&copy("rootfs", "/", true).unwrap(), &rootfs).unwrap_err();
    assert!(error.contains("\"/bin\""), "{error}");
    layer(&copy("rootfs", "/", false).unwrap(), &rootfs).unwrap();
}

#[test]
fn strange_contexts_are_refused() {
    for (entries, word) in [
        (&["../evil"][..], "not a path inside"),
        (&["/evil"], "not a path inside"),
        (&["a/", "a/.wh.b"], "delete files"),
    ] {
        let error = layer(&copy(".", "/x", false).unwrap(), &context(entries)).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
    let link = context(&["out -> dist"]);
    let error = layer(&copy("out", "/x", false).unwrap(), &link).unwrap_err();
    assert_eq!(
        error,
        "\"out\" is a symbolic link to \"dist\"; name what is to be copied itself"
    );
}

#[test]
fn a_copy_is_described_as_people_say_it() {
    for (from, to, text) in [
        ("dist", "/app", "dist to /app"),
        ("./a", "/app/", "a to /app/"),
        (".", "/", ". to /"),
    ] {
        assert_eq!(copy(from, to, false).unwrap().describe(), text);
    }
}
