//! The plan of the house, held against the code: who stands on whom, who names what, how files look.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

type Table = BTreeMap<String, Vec<String>>;

const LONGEST_FILE: usize = 500;
const LONGEST_MAIN: usize = 40;

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lie in the root").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(path: &Path) -> toml::Table {
    read(path)
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A table of lists from `[workspace.metadata]`.
fn table(name: &str) -> Table {
    let manifest = manifest(&root().join("Cargo.toml"));
    let table = manifest["workspace"]["metadata"][name].clone();
    table.try_into().expect("lists of names")
}

struct Package {
    name: String,
    manifest: PathBuf,
    /// Kind (`normal`, `dev`, `build`) and name of what it depends on.
    dependencies: Vec<(String, String)>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--no-deps",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {errors}");
    let json: Json = serde_json::from_slice(&output.stdout).expect("cargo speaks JSON");
    let text = |json: &Json| json.as_str().expect("a text").to_owned();
    let packages = json["packages"].as_array().expect("packages");
    let packages = packages.iter().map(|package| Package {
        name: text(&package["name"]),
        manifest: text(&package["manifest_path"]).into(),
        dependencies: package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .map(|dependency| {
                let kind = dependency["kind"].as_str().unwrap_or("normal").to_owned();
                (kind, text(&dependency["name"]))
            })
            .collect(),
    });
    packages.collect()
}

/// Files of the repository's own with this ending.
fn files(ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "target" && !name.to_string_lossy().starts_with('.') {
                    walk(&path, ending, found);
                }
            } else if name.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), ending, &mut found);
    assert!(found.len() > 10, "the search for {ending} finds the code");
    found
}

/// What is wrong, one line each.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_arrow_between_packages_is_in_the_plan() {
    let (plan, packages) = (table("plan"), packages());
    let ours: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let planned: BTreeSet<&str> = plan.keys().map(String::as_str).collect();
    assert_eq!(ours, planned, "the plan names every package, and no other");
    let mut problems = Vec::new();
    for package in &packages {
        let allowed = &plan[&package.name];
        for (kind, to) in &package.dependencies {
            let planned = kind == "dev" || allowed.iter().any(|name| name == "*" || name == to);
            if ours.contains(to.as_str()) && !planned {
                problems.push(format!("{} -> {to} is not in the plan", package.name));
            }
        }
    }
    none(&problems);
}

#[test]
fn the_plan_has_no_arrow_that_nobody_needs() {
    let packages = packages();
    let mut problems = Vec::new();
    for (name, allowed) in table("plan") {
        let package = packages.iter().find(|p| p.name == name);
        let Some(package) = package else { continue };
        for to in allowed.iter().filter(|to| *to != "*") {
            let used = |(kind, on): &(String, String)| kind != "dev" && on == to;
            if !package.dependencies.iter().any(used) {
                problems.push(format!("{name} -> {to} is planned and not there"));
            }
        }
    }
    none(&problems);
}

#[test]
fn nobody_stands_on_the_roof() {
    let mut problems = Vec::new();
    for package in packages() {
        for (_, to) in &package.dependencies {
            let on_dev = to == "shipway-dev" && package.name != "shipway-tests";
            if on_dev || to == "shipway-tests" {
                problems.push(format!("{} depends on {to}", package.name));
            }
        }
    }
    none(&problems);
}

#[test]
fn guarded_crates_are_named_only_where_they_may_be() {
    let guarded = table("guarded");
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let mut problems = Vec::new();
    for package in &packages {
        for (kind, to) in &package.dependencies {
            if kind == "dev" || ours.contains(to.as_str()) {
                continue;
            }
            for (prefix, allowed) in &guarded {
                if to.starts_with(prefix.as_str()) && !allowed.contains(&package.name) {
                    problems.push(format!("{} may not use {to}", package.name));
                }
            }
        }
    }
    none(&problems);
}

#[test]
fn every_manifest_inherits_lints_and_dependencies() {
    let mut problems = Vec::new();
    for package in packages() {
        let file = manifest(&package.manifest);
        let lints = file.get("lints").and_then(|lints| lints.get("workspace"));
        if lints != Some(&true.into()) {
            problems.push(format!("{}: lints are not the workspace's", package.name));
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(toml::Value::Table(all)) = file.get(section) else {
                continue;
            };
            for (name, entry) in all {
                if entry.get("workspace") != Some(&true.into()) {
                    problems.push(format!("{}: {name} is not the workspace's", package.name));
                }
            }
        }
    }
    none(&problems);
}

#[test]
fn programs_have_small_mains_and_files_have_an_end() {
    let mut problems = Vec::new();
    for path in files(".rs") {
        let text = read(&path);
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            problems.push(format!("{}: {lines} lines", path.display()));
        }
        let program = path.ends_with("src/main.rs") && !path.starts_with(root().join("deploy"));
        if program && lines > LONGEST_MAIN {
            problems.push(format!("{}: a main of {lines} lines", path.display()));
        }
    }
    none(&problems);
}

#[test]
fn every_file_says_first_what_it_is() {
    let opens = |path: &PathBuf| read(path).starts_with("//! ");
    let silent = files(".rs").into_iter().filter(|path| !opens(path));
    let silent: Vec<String> = silent.map(|path| path.display().to_string()).collect();
    none(&silent);
}

#[test]
fn every_file_of_tests_holds_tests() {
    let mut problems = Vec::new();
    for path in files(".rs") {
        let tests = path
            .parent()
            .is_some_and(|folder| folder.ends_with("tests/tests"));
        if tests && !read(&path).contains("test]\n") {
            problems.push(format!("{} tests nothing", path.display()));
        }
    }
    none(&problems);
}

#[test]
fn no_test_is_ignored() {
    let mark = ["#[", "ignore"].concat();
    let ignoring = files(".rs")
        .into_iter()
        .filter(|path| read(path).contains(&mark));
    let ignoring: Vec<String> = ignoring.map(|path| path.display().to_string()).collect();
    none(&ignoring);
}

/// Builds the file with the failpoints as a release does, and as a test does not: no name of a point, no
/// variable, nothing that dies.
#[test]
fn release_builds_have_no_failpoints() {
    let profiles = manifest(&root().join("Cargo.toml"))["profile"].clone();
    for (name, profile) in profiles.as_table().expect("profiles") {
        let asserts = profile.get("debug-assertions");
        let tests = ["dev", "test"].contains(&name.as_str());
        assert!(
            tests || asserts.is_none(),
            "profile {name} would have failpoints"
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let point = "agent.update.after-act";
    let source = format!(
        "#[path = {:?}]\nmod failpoint;\nfn main() {{\n    failpoint::hit(|| {point:?});\n    \
         println!(\"alive after {{}}\", failpoint::POINTS.len());\n}}\n",
        root().join("crates/runtime/src/failpoint.rs"),
    );
    let file = folder.path().join("main.rs");
    std::fs::write(&file, source).expect("written");
    let program = folder.path().join("program");
    let built = Command::new("rustc")
        .args(["--edition", "2024", "-O", "-o"])
        .args([&program, &file])
        .current_dir(root())
        .output()
        .expect("rustc runs");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");
    let ran = Command::new(&program)
        .env("SHIPWAY_FAILPOINT", format!("{point}=kill"))
        .output()
        .expect("it runs");
    assert!(ran.status.success(), "{}", ran.status);
    assert!(String::from_utf8_lossy(&ran.stdout).starts_with("alive"));
    let bytes = std::fs::read(&program).expect("a program");
    let variable = b"SHIPWAY_FAILPOINT";
    assert!(!bytes.windows(variable.len()).any(|part| part == variable));
}

/// The variable has one reader.
#[test]
fn failpoints_are_armed_in_one_place() {
    let mut problems = Vec::new();
    for path in files(".rs") {
        let own = path.ends_with("crates/runtime/src/failpoint.rs");
        let tests = path.starts_with(root().join("tests"));
        if !own && !tests && read(&path).contains("SHIPWAY_FAILPOINT") {
            problems.push(format!("{} reads SHIPWAY_FAILPOINT", path.display()));
        }
    }
    none(&problems);
}
