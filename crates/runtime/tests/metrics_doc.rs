//! `docs/metrics.md` lists just the metrics that there are, as they are.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use shipway_runtime::metrics::names::{ALL, Kind};

/// The rows of the page's tables, cell by cell.
fn rows() -> Vec<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

#[test]
fn every_metric_is_on_the_page_with_its_names_type_unit_labels_and_meaning() {
    let told: BTreeMap<String, Vec<String>> = rows()
        .into_iter()
        .filter(|row| row[0].starts_with("`shipway."))
        .map(|row| (row[0].clone(), row))
        .collect();
    let known: BTreeSet<String> = ALL.iter().map(|def| code(def.name)).collect();
    let named: BTreeSet<String> = told.keys().cloned().collect();
    assert_eq!(named, known);
    for def in ALL {
        let (kind, series) = match def.kind {
            Kind::Counter => ("counter", def.family() + "_total"),
            Kind::Gauge => ("gauge", def.family()),
            Kind::Histogram(_) => ("histogram", def.family()),
        };
        let labels: Vec<String> = def.labels.iter().map(|label| code(label)).collect();
        let labels = if labels.is_empty() {
            "–".to_owned()
        } else {
            labels.join(", ")
        };
        let wanted = [
            code(def.name),
            code(&series),
            kind.to_owned(),
            code(def.unit),
            labels,
            def.help.to_owned(),
        ];
        assert_eq!(told[&code(def.name)], wanted);
    }
}

#[test]
fn every_label_is_on_the_page_with_its_values() {
    let mut told: Vec<String> = rows().into_iter().map(|row| row[0].clone()).collect();
    // Some rows are about two.
    told = told
        .iter()
        .flat_map(|cell| cell.split(", ").map(str::to_owned))
        .collect();
    for def in ALL {
        for label in def.labels {
            assert!(told.contains(&code(label)), "{label} of {}", def.name);
        }
    }
}
