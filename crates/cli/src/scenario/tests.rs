//! The runner itself: a pack whose scenarios pass, and files whose scenarios must fail with exactly the findings that each
//! names in a `text` block (`LINE: what was found`).

use super::run_file;
use ganglion_model::Model;
use ganglion_pack::compile_folders;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn model() -> Arc<Model> {
    pack("packs/sketch")
}

fn pack(folder: &str) -> Arc<Model> {
    let (model, findings) = compile_folders(&[here(folder)]).unwrap();
    Arc::new(model.unwrap_or_else(|| panic!("{findings}")))
}

/// Headings of a file with the findings they name.
fn expected(text: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            all.push((title.to_owned(), Vec::new()));
        }
        match (inside, line) {
            (false, "```text") => inside = true,
            (true, "```") => inside = false,
            (true, line) => all.last_mut().unwrap().1.push(line.to_owned()),
            _ => {}
        }
    }
    all
}

#[test]
fn scenarios_of_the_sketch_pass() {
    let model = model();
    let all = [("returned-twice", 2), ("rows", 2), ("rules", 3), ("counted", 1), ("ended", 1), ("series", 1)];
    for (file, scenarios) in all {
        let text = std::fs::read_to_string(here(&format!("packs/sketch/tests/{file}.md"))).unwrap();
        let reports = run_file(&model, &text);
        assert_eq!(reports.len(), scenarios, "{file}");
        for report in reports {
            assert_eq!(report.findings, [], "{}", report.title);
        }
    }
}

#[test]
fn figures_over_registers_are_those_counted_by_hand() {
    let text = std::fs::read_to_string(here("packs/figures/tests/figures.md")).unwrap();
    let reports = run_file(&pack("packs/figures"), &text);
    assert_eq!(reports.len(), 6);
    for report in reports {
        assert_eq!(report.findings, [], "{}", report.title);
    }
}

#[test]
fn plans_over_registers_are_those_worked_out_by_hand() {
    let text = std::fs::read_to_string(here("packs/plans/tests/plans.md")).unwrap();
    let reports = run_file(&pack("packs/plans"), &text);
    assert_eq!(reports.len(), 5);
    for report in reports {
        assert_eq!(report.findings, [], "{}", report.title);
    }
}

#[test]
fn every_kind_of_field_goes_from_the_pack_to_the_row() {
    let model = pack("packs/fields");
    let text = std::fs::read_to_string(here("packs/fields/tests/claim.md")).unwrap();
    let reports = run_file(&model, &text);
    assert_eq!(reports.len(), 1);
    for report in reports {
        assert_eq!(report.findings, [], "{}", report.title);
    }
}

#[test]
fn every_scenario_that_must_fail_fails_with_the_findings_it_names() {
    let model = model();
    let mut files = 0;
    for entry in std::fs::read_dir(here("scenarios-that-fail")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let found: Vec<(String, Vec<String>)> = run_file(&model, &text)
            .into_iter()
            .map(|report| {
                let findings = report.findings.iter().map(|finding| format!("{}: {}", finding.line, finding.found));
                (report.title, findings.collect())
            })
            .collect();
        let wanted = expected(&text);
        assert!(wanted.iter().all(|(_, findings)| !findings.is_empty()), "{}", path.display());
        assert_eq!(found, wanted, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 3);
}

/// What the language says and no shipped pack uses yet has a pack of its own here; the last is the one the browser tests install.
#[test]
fn the_scenarios_of_the_test_packs_pass() {
    for pack in ["flows", "deadlines", "said", "lift_renewal", "../../../../tests/e2e/packs/roads"] {
        let dir = here("packs").join(pack);
        let (model, findings) = compile_folders(std::slice::from_ref(&dir)).unwrap();
        let model = Arc::new(model.unwrap_or_else(|| panic!("{findings}")));
        assert!(findings.is_empty(), "{findings}");
        let mut run = 0;
        for entry in std::fs::read_dir(dir.join("tests")).unwrap() {
            let path = entry.unwrap().path();
            for report in run_file(&model, &std::fs::read_to_string(&path).unwrap()) {
                assert_eq!(report.findings, [], "{}: {}", path.display(), report.title);
                run += 1;
            }
        }
        assert!(run > 0, "{pack}");
    }
}

#[test]
fn the_same_file_gives_the_same_reports() {
    let model = model();
    let text = std::fs::read_to_string(here("scenarios-that-fail/wrong-expectations.md")).unwrap();
    assert_eq!(run_file(&model, &text), run_file(&model, &text));
}

#[test]
fn a_block_that_does_not_end_is_a_finding() {
    let reports = run_file(&model(), "# T\n```then\nstate: x\n");
    assert_eq!((reports[0].findings[0].line, reports[0].findings[0].found.as_str()), (2, "the file ends first"));
}

#[test]
fn the_scenarios_of_every_pack_that_ships_pass() {
    let packs = here("../../../packs");
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    let (model, findings) = compile_folders(&dirs).unwrap();
    let model = Arc::new(model.unwrap_or_else(|| panic!("{findings}")));
    let mut run = 0;
    for dir in dirs {
        for entry in std::fs::read_dir(dir.join("tests")).unwrap() {
            let path = entry.unwrap().path();
            for report in run_file(&model, &std::fs::read_to_string(&path).unwrap()) {
                assert_eq!(report.findings, [], "{}: {}", path.display(), report.title);
                run += 1;
            }
        }
    }
    assert!(run > 50, "{run}");
}

#[test]
fn a_block_runs_as_often_as_it_says() {
    let text = std::fs::read_to_string(here("packs/sketch/tests/returned-twice.md")).unwrap();
    let given = text.split("```when").next().unwrap();
    let often = |header: &str, last: &str| {
        let block = format!(
            "```when {header}\nreporter opens incident {{category: \"0101\", description: 坑, place: \"130903001001\"}}\n```"
        );
        let text = format!("{given}\n{block}\n```then\nfigure reports at 130903 in {last}\n```\n");
        run_file(&model(), &text).remove(0).findings
    };
    assert_eq!(often("2022-06-27 09:00, 40 times every 1 cd", "2022-07: 31"), []);
    assert_eq!(often("2022-06-27 09:00, 40 times every 1 cd", "2022-07: 40")[0].found, "31");
    for wrong in
        ["2022-06-27 09:00, 0 times every 1 cd", "2022-06-27 09:00, 4 times", "2022-06-27 09:00, 2 times every x"]
    {
        assert_eq!(often(wrong, "2022-07: 1")[0].found, format!("when {wrong}"), "{wrong}");
    }
}
