//! `docs/security.md` names a test for every threat, and every test it names exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Rows of the table under a heading, cell by cell.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let section = page.split(&format!("\n## {heading}\n")).nth(1).expect("the heading is there");
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn functions(folder: &Path, into: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            functions(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            into.extend(text.split("fn ").skip(1).filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

#[test]
fn every_threat_has_a_test_and_every_test_named_exists() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let mut known = BTreeSet::new();
    functions(&root().join("crates"), &mut known);
    let threats = rows(&page, "Threats");
    assert!(threats.len() >= 20, "{} threats", threats.len());
    for threat in &threats {
        let [what, done, tests] = threat.as_slice() else { panic!("three cells: {threat:?}") };
        assert!(!done.is_empty() && !named(tests).is_empty(), "no test for: {what}");
        for test in named(tests) {
            assert!(known.contains(test), "{what}: there is no test called {test}");
        }
    }
}
