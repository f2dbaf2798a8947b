//! Nothing a file may hold makes the compiler panic or run away.

use crate::fuzz::target::BITS;
use crate::packs::{Files, base, findings, sources};
use ganglion_model::Lang;
use ganglion_pack::{MAX_FILE_BYTES, MAX_FINDINGS, PackSource};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn bounded(files: &Files) {
    let found = findings(files);
    assert!(found.len() <= MAX_FINDINGS);
    for finding in found {
        assert!(finding.line >= 1 && finding.column >= 1);
        assert!(!finding.render_in(Lang::Zh).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(which in 0usize..8, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut files = base();
        let path = files.keys().nth(which % files.len()).unwrap().clone();
        files.insert(path, bytes);
        bounded(&files);
    }

    #[test]
    fn mutated_packs(which in 0usize..8, cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, 0usize..BITS.len()), 1..6)) {
        let mut files = base();
        let path = files.keys().nth(which % files.len()).unwrap().clone();
        let mut text: Vec<char> = String::from_utf8(files[&path].clone()).unwrap().chars().collect();
        for (at, length, bit) in cuts {
            let from = at.index(text.len().max(1)).min(text.len());
            let to = (from + length).min(text.len());
            text.splice(from..to, BITS[bit].chars());
        }
        files.insert(path, text.into_iter().collect::<String>().into_bytes());
        bounded(&files);
    }

    #[test]
    fn any_expression(text in "[a-z0-9.()' \\[\\]{}&|!<>=+*/%?:,-]{0,60}") {
        let mut files = base();
        crate::packs::edit(&mut files, "things/processes/thing.yaml", "case.returns < 2", &text);
        bounded(&files);
    }
}

/// Files of every pack that ships, by `pack/path`.
fn shipped() -> Files {
    let mut files = Files::new();
    for entry in std::fs::read_dir(crate::packs::folder("../../../packs")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let source = PackSource::folder(&entry.path()).unwrap();
        files.extend(source.files.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes.unwrap())));
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// One file of the packs that ship is cut, bent or mixed with another; the whole set is still read in bounded time.
    #[test]
    fn mutated_shipped_packs(
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, 0usize..BITS.len()), 1..8),
        mix in any::<bool>(),
    ) {
        let mut files = shipped();
        let paths: Vec<String> = files.keys().filter(|path| path.ends_with(".yaml")).cloned().collect();
        let path = which.get(&paths).clone();
        let mut text: Vec<char> = String::from_utf8(files[&path].clone()).unwrap().chars().collect();
        if mix {
            let stranger = String::from_utf8(files[other.get(&paths)].clone()).unwrap();
            text.extend(stranger.chars().skip(stranger.chars().count() / 2));
        }
        for (at, length, bit) in cuts {
            let from = at.index(text.len().max(1)).min(text.len());
            let to = (from + length).min(text.len());
            text.splice(from..to, BITS[bit].chars());
        }
        files.insert(path, text.into_iter().collect::<String>().into_bytes());
        bounded(&files);
    }
}

#[test]
fn brackets_without_end_are_refused_not_followed() {
    for text in [
        "(".repeat(3000),
        "!".repeat(3000),
        "[".repeat(3000),
        format!("{}1{}", "(".repeat(900), ")".repeat(900)),
        "case.".repeat(700),
    ] {
        let mut files = base();
        crate::packs::edit(&mut files, "things/processes/thing.yaml", "case.returns < 2", &text);
        bounded(&files);
    }
}

#[test]
fn deep_and_swelling_yaml_is_refused() {
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..9 {
        let before = format!("*a{}, ", n - 1).repeat(10);
        bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    for text in [deep, bomb] {
        let mut files = base();
        files.insert("things/pack.yaml".to_owned(), text.into_bytes());
        let found = findings(&files);
        assert!(found.iter().any(|one| one.code == "yaml"), "{found}");
    }
}

#[test]
fn files_too_large_or_not_text_are_findings() {
    let mut files =
        BTreeMap::from([("pack.yaml".to_owned(), vec![b'#'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1])]);
    let source = PackSource::load("big", &files).unwrap();
    let (model, found) = ganglion_pack::compile(&[source]);
    assert!(model.is_none());
    assert_eq!(found[0].code, "unreadable-file");
    files.insert("pack.yaml".to_owned(), b"pack: x\ntitle: \xff".to_vec());
    let (_, found) = ganglion_pack::compile(&[PackSource::load("big", &files).unwrap()]);
    assert_eq!((found[0].code, found[0].line), ("not-utf8", 2));
}

#[test]
fn the_number_of_findings_is_bounded() {
    let mut files = base();
    let keys: String = (0..MAX_FINDINGS + 500).map(|n| format!("zz{n}: 1\n")).collect();
    files.entry("things/pack.yaml".to_owned()).and_modify(|text| text.extend(keys.into_bytes()));
    assert_eq!(findings(&files).len(), MAX_FINDINGS);
    assert_eq!(sources(&files).len(), 2);
}
