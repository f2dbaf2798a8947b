//! Every text a page, the server or the kernel asks for exists in both languages, and both languages have the same.

use ganglion_kernel::decide::problems::{PROBLEMS, REFUSALS};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui")
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found
}

fn keys(language: &str) -> BTreeSet<String> {
    let lines = files(&ui().join("texts").join(language), ".ftl")
        .into_iter()
        .flat_map(|file| std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .filter_map(|line| Some(line.split_once(" =")?.0.to_owned()))
        .filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase()) && !key.contains(' '))
        .collect()
}

/// Literal keys after `call` in a source: those ending in `-` are built further and left to the tests of what builds them.
fn asked(text: &str, call: &str, quote: char) -> Vec<String> {
    text.split(call)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix(quote)?.split_once(quote))
        .map(|(key, _)| key.to_owned())
        .filter(|key| !key.is_empty() && !key.ends_with('-') && !key.contains(['{', ' ', '.', '/']))
        .collect()
}

#[test]
fn both_languages_have_the_same_texts() {
    let (zh, en) = (keys("zh-CN"), keys("en"));
    assert!(zh.len() > 300);
    assert_eq!(zh.symmetric_difference(&en).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_text_asked_for_exists() {
    let have = keys("zh-CN");
    let mut missing = BTreeSet::new();
    for folder in ["pages", "layouts", "components"] {
        for file in files(&ui().join(folder), ".html") {
            let text = std::fs::read_to_string(&file).unwrap();
            let in_page = asked(&text, "t(", '\'').into_iter().filter(|key| !key.contains('_'));
            missing.extend(in_page.filter(|key| !have.contains(key)).map(|key| format!("{key} in {}", file.display())));
        }
    }
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), ".rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let calls = [".t(", ".say(", "say(", "both("];
        for key in calls.iter().flat_map(|call| asked(text, call, '"')) {
            let known = have.contains(&key)
                || (have.contains(&format!("error-{key}-title")) && have.contains(&format!("error-{key}-what")));
            if !known {
                missing.insert(format!("{key} in {}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_refusal_and_problem_of_the_kernel_has_words() {
    let have = keys("en");
    let key = |name: &str| name.replace('_', "-");
    for code in REFUSALS {
        let name = serde_json::to_value(code).unwrap();
        let name = key(name.as_str().unwrap());
        assert!(have.contains(&format!("refusal-{name}")), "{name}");
    }
    for problem in PROBLEMS {
        assert!(have.contains(&format!("problem-{}", key(problem))), "{problem}");
    }
}
