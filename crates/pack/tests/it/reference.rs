//! `docs/packs/reference.md` is what the compiler says now.

use crate::findings::sections;
use crate::packs::{findings, folder};
use ganglion_pack::{Example, PackSource, reference};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The page as it must be.
pub fn page() -> String {
    let mut examples: BTreeMap<String, Example> = BTreeMap::new();
    for section in sections() {
        for finding in findings(&section.files) {
            let severity = serde_json::to_value(finding.severity).unwrap().as_str().unwrap().to_owned();
            let example = Example { severity, message: finding.message.clone(), remedy: finding.remedy.clone() };
            examples.entry(finding.code.to_owned()).or_insert(example);
        }
    }
    reference(&examples, &samples())
}

/// Packs that ship and packs of other tests: the more they use of the language, the more the page can say.
fn samples() -> Vec<PackSource> {
    let under = ["../../../packs", "../../cli/tests/packs"].map(folder);
    let entries = under.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    dirs.retain(|dir| dir.join("pack.yaml").is_file());
    dirs.sort();
    dirs.iter().map(|dir| PackSource::folder(dir).unwrap()).collect()
}

#[test]
fn the_reference_is_up_to_date() {
    let kept = std::fs::read_to_string(folder("../../../docs/packs/reference.md")).unwrap_or_default();
    assert!(kept == page(), "docs/packs/reference.md is not up to date: run `cargo xtask generate`");
}
