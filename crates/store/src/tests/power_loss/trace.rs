//! What a process wrote and synced, as `strace` saw it.

use std::path::{Path, PathBuf};

/// Something that a process did to its files.
#[derive(Debug)]
pub(super) enum Step {
    /// Opened; emptied when so asked.
    Opened { path: PathBuf, emptied: bool },
    /// Wrote at a place, or behind what it wrote last.
    Wrote {
        path: PathBuf,
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    /// Cut or stretched.
    Cut { path: PathBuf, len: usize },
    /// Made durable: content, and that it is there.
    Synced { path: PathBuf },
    /// Renamed.
    Renamed { from: PathBuf, to: PathBuf },
    /// Removed.
    Removed { path: PathBuf },
    /// Told the world that this release is kept.
    Told { release: u64 },
}

/// The steps inside a folder, and what was told, in their order.
pub(super) fn steps(trace: &str, folder: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    // Syncs count when they come back, everything else when it begins.
    let mut under_way: Vec<(&str, &str)> = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else {
            continue;
        };
        let mut call = call.trim();
        if call.starts_with("<... ") {
            let Some(at) = under_way.iter().position(|(of, _)| *of == pid) else {
                continue;
            };
            call = under_way.swap_remove(at).1;
        } else if call.ends_with("<unfinished ...>") && call.contains("sync(") {
            under_way.push((pid, call));
            continue;
        }
        if call.contains(" = -1 ") {
            continue;
        }
        steps.extend(step(call).filter(|step| step.is_in(folder)));
    }
    steps
}

impl Step {
    fn is_in(&self, folder: &Path) -> bool {
        match self {
            Self::Opened { path, .. }
            | Self::Wrote { path, .. }
            | Self::Cut { path, .. }
            | Self::Synced { path }
            | Self::Renamed { from: path, .. }
            | Self::Removed { path } => path.starts_with(folder),
            Self::Told { .. } => true,
        }
    }
}

fn step(call: &str) -> Option<Step> {
    let (name, args) = call.split_once('(')?;
    let mut strings = strings(args).into_iter();
    let mut path = || strings.next().map(|bytes| path_of(&bytes));
    Some(match name {
        "openat" => {
            // Folder of the process, name as asked for, path of the result.
            let (_, asked) = (path()?, path()?);
            let path = path().unwrap_or(asked);
            let emptied = args.contains("O_TRUNC");
            Step::Opened { path, emptied }
        }
        "pwrite64" => {
            let path = path()?;
            let bytes = strings.next()?;
            Step::Wrote {
                path,
                at: numbers(args).nth(1),
                bytes,
            }
        }
        "write" => {
            let (path, bytes) = (path()?, strings.next()?);
            let text = String::from_utf8_lossy(&bytes);
            match text.trim().strip_prefix("kept ") {
                Some(release) if args.starts_with("1<") => Step::Told {
                    release: release.parse().ok()?,
                },
                _ => Step::Wrote {
                    path,
                    at: None,
                    bytes,
                },
            }
        }
        "ftruncate" => Step::Cut {
            path: path()?,
            len: numbers(args).next()?,
        },
        "fsync" | "fdatasync" => Step::Synced { path: path()? },
        "rename" => Step::Renamed {
            from: path()?,
            to: path()?,
        },
        "unlink" => Step::Removed { path: path()? },
        _ => return None,
    })
}

/// The runs of `\x..` in a call: paths of descriptors, and strings. An empty string is one too.
fn strings(args: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = args;
    while let Some(start) = rest.find(['<', '"']) {
        let close = if rest[start..].starts_with('<') {
            '>'
        } else {
            '"'
        };
        let inside = &rest[start + 1..];
        let Some(end) = inside.find(close) else { break };
        let hex = &inside[..end];
        if hex.is_empty() || hex.starts_with("\\x") {
            let bytes = hex.split("\\x").skip(1);
            found.push(
                bytes
                    .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
                    .collect(),
            );
        }
        rest = &inside[end + 1..];
    }
    found
}

/// The plain numbers among the arguments, behind the descriptor.
fn numbers(args: &str) -> impl Iterator<Item = usize> {
    let args = args.rsplit_once(" = ").map_or(args, |(args, _)| args);
    let args = args.split(')').next().unwrap_or_default();
    let args = args.split(" <unfinished").next().unwrap_or_default();
    args.split(", ").skip(1).filter_map(|arg| arg.parse().ok())
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
