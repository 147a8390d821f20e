//! Names the files and folders that make a context large.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::walk::{Found, Kind};

/// How many are named.
const NAMED: usize = 5;

/// The heaviest files and folders, heaviest first, none of them inside another. A folder that
/// weighs little more than one of its entries steps aside for that entry.
pub(crate) fn heaviest(found: &[Found]) -> Vec<(String, u64)> {
    let mut weights: BTreeMap<&Path, (u64, bool)> = BTreeMap::new();
    for item in found {
        let Kind::File { bytes, .. } = item.kind else {
            continue;
        };
        for (depth, path) in item.path.ancestors().enumerate() {
            let entry = weights.entry(path).or_insert((0, depth > 0));
            entry.0 += bytes;
        }
    }
    let outweighed: BTreeSet<&Path> = weights
        .iter()
        .filter_map(|(path, (bytes, _))| {
            let parent = path.parent()?;
            let (whole, _) = weights.get(parent)?;
            (bytes.saturating_mul(10) >= whole.saturating_mul(9)).then_some(parent)
        })
        .collect();
    let mut ranked: Vec<(&Path, u64, bool)> = weights
        .iter()
        .filter(|(path, _)| !path.as_os_str().is_empty() && !outweighed.contains(*path))
        .map(|(path, (bytes, folder))| (*path, *bytes, *folder))
        .collect();
    ranked.sort_by_key(|(_, bytes, _)| std::cmp::Reverse(*bytes));
    let mut named: Vec<(&Path, u64, bool)> = Vec::new();
    for item in ranked {
        let related = |other: &Path| other.starts_with(item.0) || item.0.starts_with(other);
        if named.len() < NAMED && !named.iter().any(|(other, ..)| related(other)) {
            named.push(item);
        }
    }
    named
        .into_iter()
        .map(|(path, bytes, folder)| {
            let slash = if folder { "/" } else { "" };
            (format!("{}{slash}", path.display()), bytes)
        })
        .collect()
}
