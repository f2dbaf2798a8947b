//! The schemas that are made from the compiler's readers take what the compiler takes, and refuse plain mistakes.

use crate::packs::{base, edit, folder, sources};
use ganglion_pack::{PackSource, schemas};
use serde_json::Value;
use std::collections::BTreeMap;

fn validators() -> BTreeMap<String, jsonschema::Validator> {
    let all = schemas(&[]);
    all.into_iter().map(|(name, schema)| (name, jsonschema::validator_for(&schema).unwrap())).collect()
}

/// YAML as an editor's language server sees it.
fn content(bytes: &[u8]) -> Value {
    serde_saphyr::from_str(std::str::from_utf8(bytes).unwrap()).unwrap()
}

fn kind_of(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".yaml")
}

fn complaints(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_shipped_pack_and_the_specimen_fit() {
    let validators = validators();
    let root = folder("../../../packs");
    let mut packs: Vec<PackSource> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("pack.yaml").is_file())
        .map(|path| PackSource::folder(&path).unwrap())
        .collect();
    packs.extend(sources(&base()));
    let mut read = 0;
    for pack in &packs {
        for (path, bytes) in pack.files.iter().filter(|(path, _)| path.ends_with(".yaml")) {
            let Some(validator) = validators.get(kind_of(path)) else { continue };
            let found = complaints(validator, &content(bytes.as_ref().unwrap()));
            assert!(found.is_empty(), "{}/{path}: {found:?}", pack.shown);
            read += 1;
        }
    }
    assert!(read > 12, "{read} files");
}

#[test]
fn plain_mistakes_are_refused() {
    let validators = validators();
    let process = "things/processes/thing.yaml";
    let mistakes = [
        (process, "heading: about", "headings: about"),
        (process, "retention: 365", "retention: soon"),
        (process, "type: point,", "type: pint,"),
        (process, "type: point,", "type: point, max: 3,"),
        (process, "final: true\n  refused", "final: maybe\n  refused"),
        (process, "tone: working", "tone: busy"),
        (process, "- count: returns", "- counts: returns"),
        (process, "to: working\n", "next: working\n"),
        (process, "levels: [village], required", "levels: [hamlet], required"),
        ("things/registers/kind.yaml", "key: code\n", ""),
        ("things/registers/kind.yaml", "dated: true", "dated: sometimes"),
        ("things/indicators.yaml", "levels: [county]", "levels: [world]"),
        ("things/pack.yaml", "version: \"1.0\"\n", ""),
        ("core/pack.yaml", "levels: [grid]", "level: [grid]"),
    ];
    for (path, old, new) in mistakes {
        let mut files = base();
        edit(&mut files, path, old, new);
        let validator = &validators[kind_of(path.split_once('/').unwrap().1)];
        let found = complaints(validator, &content(&files[path]));
        assert!(!found.is_empty(), "{path}: `{new}` is taken");
    }
}

#[test]
fn editors_show_every_key_in_both_languages_with_an_example() {
    let mut shown = 0;
    for (name, schema) in schemas(&[]) {
        let kinds = schema["$defs"].as_object().unwrap();
        // What a field takes hangs on its type; those are kinds of their own.
        for (kind, of) in kinds.iter().filter(|(_, of)| of.get("allOf").is_none()) {
            for (key, property) in of["properties"].as_object().unwrap() {
                let said = property["description"].as_str().unwrap_or_default();
                assert!(said.lines().count() == 3, "{name}: {kind}: {key}: {said}");
                shown += 1;
            }
        }
    }
    assert!(shown > 300, "{shown} keys");
}

#[test]
fn every_file_of_the_tests_is_in_the_specimen() {
    let text = std::fs::read_to_string(folder("../src/specimen.rs")).unwrap();
    for path in base().keys() {
        assert!(text.contains(&format!("\"{path}\"")), "add {path} to src/specimen.rs");
    }
}
