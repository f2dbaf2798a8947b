//! Names of things this project refuses to build: no field, table or type may bear them.
//!
//! A profile of people begins with a column. The list is the handbook's; this file and the pack compiler's own list are
//! the only places where the words may stand, and tests may use them to show that they are refused.

/// The names, whole: `person_risk_score_v2` is refused as well, `key_personnel` is not.
const REFUSED: [&str; 6] =
    ["key_person", "focus_group", "stability_control", "person_risk_score", "face_template", "plate_track"];

/// Files whose purpose is to refuse these names. The last folder or file name is enough to recognise them.
const LISTS: [&str; 2] = ["xtask/src/tidy/refused.rs", "crates/pack/src/names.rs"];

/// Checks one text of a pack or crate.
pub fn check(path: &str, text: &str, add: &mut impl FnMut(usize, String)) {
    let is_checked = ["packs/", "crates/", "ui/"].iter().any(|folder| path.starts_with(folder));
    if !is_checked || LISTS.contains(&path) || path.contains("/tests/") || path.ends_with("/tests.rs") {
        return;
    }
    for (line, content) in (1..).zip(text.lines()) {
        if let Some(name) = REFUSED.iter().find(|name| bears(&content.to_lowercase(), name)) {
            add(line, format!("{name}: this is what Ganglion refuses to hold about people"));
        }
    }
}

/// Whether a word of `line` is the name, or the name with a prefix or suffix joined by an underscore.
fn bears(line: &str, name: &str) -> bool {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .map(|word| format!("_{word}_"))
        .any(|word| word.contains(&format!("_{name}_")) || word.contains(&format!("_{name}s_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_found(path: &str, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        check(path, text, &mut |line, _| found.push(line));
        found
    }

    #[test]
    fn a_refused_field_is_found_in_packs_and_schemas() {
        assert_eq!(lines_found("packs/sample/pack.yaml", "fields:\n  key_person: {type: boolean}\n"), [2]);
        assert_eq!(lines_found("crates/store/src/schema.sql", "CREATE TABLE Key_Persons (id TEXT);"), [1]);
        assert_eq!(lines_found("crates/store/src/a.rs", "struct A { old_person_risk_score: u8 }"), [1]);
    }

    #[test]
    fn words_that_only_resemble_one_are_not() {
        assert_eq!(lines_found("packs/sample/pack.yaml", "key_personnel: 1\nface_templates_are: no\n"), [2]);
        assert_eq!(lines_found("docs/a.md", "key_person"), Vec::<usize>::new());
    }
}
