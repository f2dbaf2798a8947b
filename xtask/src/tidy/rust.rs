//! Rules about Rust sources: a head, a length, no names of systems, no Chinese, no shortcuts.

use super::source::{Kind, Source};

/// 300 lines without tests is the aim; here is the stop, tests included.
const FILE_LINES_MAX: usize = 500;

/// Packs that share their name with a level of the place tree: the bare word belongs to the model, so only phrases that
/// can mean nothing but the pack are refused.
const ALSO_PLACE_LEVELS: [&str; 1] = ["grid"];

/// Checks one source; `packs` are the names of the packs of this repository.
pub fn check(path: &str, text: &str, packs: &[String], add: &mut impl FnMut(usize, String)) {
    let source = Source::read(path, text);
    let in_crate_source = path.starts_with("crates/") && path.contains("/src/");
    if (in_crate_source || path.starts_with("xtask/src/")) && !text.starts_with("//! ") {
        add(1, "the first line must be a `//!` that says what the file is for".to_owned());
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        add(FILE_LINES_MAX + 1, format!("{lines} lines, {FILE_LINES_MAX} is the stop: split by noun"));
    }
    // Assembled, so that this very rule does not find itself.
    let skipped_test = concat!("#[", "ignore");
    for (line, _) in matches(&with_tests_code(text), skipped_test) {
        add(line, "a test that never runs proves nothing: make it run or delete it".to_owned());
    }
    if !path.contains("/tests/") {
        for (line, _) in matches(&source.only(Kind::Code), ".unwrap()") {
            add(
                line,
                "`unwrap()` outside tests: return the error, or `expect` with the reason it cannot happen".to_owned(),
            );
        }
    }
    if in_crate_source {
        check_words(&source, packs, add);
    }
}

/// What belongs into packs and texts: Chinese words, and the names of systems.
fn check_words(source: &Source<'_>, packs: &[String], add: &mut impl FnMut(usize, String)) {
    for (line, text) in (1..).zip(source.without_tests().lines()) {
        if let Some(han) = text.chars().find(|c| is_han(*c)) {
            add(line, format!("Chinese in Rust ({han:?}): texts live in ui/texts/ or in the pack"));
        }
    }
    for (line, literal) in source.literals() {
        if let Some(pack) = packs.iter().find(|pack| names_pack(literal, pack)) {
            add(line, format!("the name of the pack {pack:?} in Rust: what it needs, the pack language must say"));
        }
    }
}

fn names_pack(literal: &str, pack: &str) -> bool {
    let path_to_it = format!("packs/{pack}");
    if literal.contains(&path_to_it) {
        return true;
    }
    if ALSO_PLACE_LEVELS.contains(&pack) {
        return false;
    }
    literal.strip_prefix(pack).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', ':']))
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3134F}')
}

/// Code of tests and non-tests alike.
fn with_tests_code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn matches(text: &str, wanted: &str) -> Vec<(usize, usize)> {
    (1..).zip(text.lines()).filter_map(|(line, content)| content.find(wanted).map(|at| (line, at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_sample(path: &str, text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let packs = ["grid".to_owned(), "incidents".to_owned()];
        check(path, text, &packs, &mut |line, message| found.push((line, message)));
        found
    }

    fn lines_found(text: &str) -> Vec<usize> {
        check_sample("crates/model/src/sample.rs", text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn a_tidy_file_has_no_findings() {
        assert_eq!(lines_found("//! Places.\nfn level() -> &'static str { \"grid\" }\n"), Vec::<usize>::new());
    }

    #[test]
    fn a_missing_head_and_a_long_file_are_found() {
        assert_eq!(lines_found("fn a() {}\n"), [1]);
        assert_eq!(lines_found(&format!("//! Long.\n{}", "\n".repeat(500))), [501]);
    }

    #[test]
    fn chinese_is_found_outside_tests_only() {
        let text = "//! Head.\n// 立案\nfn a() {}\n#[cfg(test)]\nmod tests { const A: &str = \"立案\"; }\n";
        assert_eq!(lines_found(text), [2]);
        assert!(check_sample("crates/model/tests/it/main.rs", "const A: &str = \"立案\";\n").is_empty());
    }

    #[test]
    fn pack_names_are_found_in_literals() {
        assert_eq!(
            lines_found("//! Head.\nconst A: &str = \"incidents\";\nconst B: &str = \"incidents.incident\";\n"),
            [2, 3]
        );
        assert_eq!(lines_found("//! Head.\nconst A: &str = \"packs/grid/pack.yaml\";\n"), [2]);
        assert_eq!(lines_found("//! Head.\n// incidents\nconst A: &str = \"coincidents\";\n"), Vec::<usize>::new());
    }

    #[test]
    fn unwrap_is_found_in_code_outside_tests() {
        let text = "//! Head.\nfn a() { b().unwrap(); }\n// x.unwrap()\nconst C: &str = \".unwrap()\";\n";
        assert_eq!(lines_found(text), [2]);
    }

    #[test]
    fn a_skipped_test_is_found_even_among_tests() {
        let text = format!("#[test]\n{}]\nfn a() {{}}\n", concat!("#[", "ignore"));
        assert_eq!(check_sample("crates/model/tests/it/a.rs", &text).len(), 1);
    }
}
