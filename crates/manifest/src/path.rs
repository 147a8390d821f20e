//! Paths as text with `/`, so that they mean the same in a folder and in a git commit.

/// The folder of a file, "" for the one where we are.
pub(crate) fn folder_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// `path` as seen from `folder`, without `.` and with `..` taken out where that is possible.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let absolute = path.starts_with('/') || folder.starts_with('/');
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    };
    let mut names: Vec<&str> = Vec::new();
    for name in whole.split('/') {
        match name {
            "" | "." => {}
            ".." if absolute && names.is_empty() => {}
            ".." if names.last().is_some_and(|last| *last != "..") => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let start = if absolute { "/" } else { "" };
    format!("{start}{}", names.join("/"))
}

/// Whether a joined path leads out of the folder that paths start from.
pub(crate) fn leads_out(joined: &str) -> bool {
    joined == ".." || joined.starts_with("../") || joined.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::{folder_of, join, leads_out};

    #[test]
    fn paths_are_joined_and_tidied() {
        for (folder, path, joined) in [
            ("", ".", ""),
            ("", "a.json", "a.json"),
            ("services/web", "./task.json", "services/web/task.json"),
            ("services/web", "../..", ""),
            ("services/web", "../../..", ".."),
            ("/srv/web", "../api", "/srv/api"),
            ("web", "/etc/x", "/etc/x"),
        ] {
            assert_eq!(join(folder, path), joined, "{folder} {path}");
        }
        assert_eq!(folder_of("services/web/shipway.toml"), "services/web");
        assert_eq!(folder_of("shipway.toml"), "");
        assert_eq!(folder_of("/shipway.toml"), "/");
    }

    #[test]
    fn a_way_out_is_seen() {
        assert!(leads_out("..") && leads_out("../x") && leads_out("/etc"));
        assert!(!leads_out("") && !leads_out("..x/y"));
    }
}
