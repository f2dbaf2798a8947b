//! `docs/security.md` names a test for every threat, pages of proofs one for every clause, and every test they name exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Pages of proofs: rows of clause, where it is made, and what shows it.
const PROOFS: &[&str] = &["docs/proofs-interfaces.md"];

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

/// Whether a name stands for something that is there: a test, a spec in a browser, the scenarios of a pack, a step of the suite.
fn is_there(known: &BTreeSet<String>, mark: &str, name: &str) -> bool {
    match mark {
        "T" => known.contains(name),
        "B" => root().join(format!("tests/e2e/specs/{name}.mjs")).is_file(),
        "S" => root().join(format!("packs/{name}/tests")).is_dir(),
        "X" => {
            std::fs::read_to_string(root().join("xtask/src/steps.rs")).unwrap().contains(&format!("name: \"{name}\""))
        }
        _ => false,
    }
}

#[test]
fn every_clause_of_access_has_a_place_and_a_test_that_exists() {
    let page = std::fs::read_to_string(root().join("docs/proofs-access.md")).unwrap();
    let mut known = BTreeSet::new();
    functions(&root().join("crates"), &mut known);
    functions(&root().join("xtask"), &mut known);
    let mut clauses = 0;
    for section in page.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap();
        for row in rows(&page, heading) {
            let [clause, places, proofs] = row.as_slice() else { panic!("three cells: {row:?}") };
            clauses += 1;
            for place in named(places) {
                assert!(root().join(place).exists(), "{clause}: there is no {place}");
            }
            assert!(!named(places).is_empty() && !named(proofs).is_empty(), "{clause}: nowhere, or without a proof");
            let mut mark = "";
            for (at, part) in proofs.split('`').enumerate() {
                match at % 2 {
                    0 => {
                        mark = part
                            .split_whitespace()
                            .last()
                            .filter(|one| ["T", "B", "S", "X"].contains(one))
                            .unwrap_or(mark)
                    }
                    _ => assert!(is_there(&known, mark, part), "{clause}: there is no {mark} {part}"),
                }
            }
        }
    }
    assert!(clauses >= 50, "{clauses} clauses");
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

/// What is wrong with the names in the last cell: `T` before tests, `B` before specs in a browser, anything else is words.
fn missing(shown: &str, known: &BTreeSet<String>) -> Vec<String> {
    let spec = |name: &str| root().join(format!("tests/e2e/specs/{name}.mjs")).is_file();
    let of_part = |part: &str| -> Vec<String> {
        let exists: &dyn Fn(&str) -> bool = match part.split_once(' ').unwrap_or_default().0 {
            "T" => &|name| known.contains(name),
            "B" => &spec,
            _ => &|_| true,
        };
        named(part).into_iter().filter(|name| !exists(name)).map(str::to_owned).collect()
    };
    shown.split("; ").flat_map(of_part).collect()
}

#[test]
fn every_clause_of_a_page_of_proofs_names_what_is_there() {
    let mut known = BTreeSet::new();
    functions(&root().join("crates"), &mut known);
    for page in PROOFS {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| clause"));
        let mut clauses = 0;
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [clause, places, shown] = cells.as_slice() else { panic!("{page}: three cells: {row}") };
            assert!(!named(places).is_empty() && !shown.is_empty(), "{page}: nothing shows {clause}");
            for place in named(places) {
                assert!(root().join(place).exists(), "{page}: {clause}: there is no {place}");
            }
            assert_eq!(missing(shown, &known), [""; 0], "{page}: {clause}");
            clauses += 1;
        }
        assert!(clauses >= 10, "{page}: {clauses} clauses");
    }
}

#[test]
fn a_test_that_is_named_and_not_there_is_found() {
    let known = BTreeSet::from(["a_test".to_owned()]);
    assert_eq!(missing("T `a_test`, `another`; B `search`, `nothing`; P 7; `words`", &known), ["another", "nothing"]);
}
