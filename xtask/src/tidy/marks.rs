//! No notes to a later self: what is not done is an issue, and what is not needed is deleted.

use std::path::Path;

/// Kinds of file that are code. Prose may talk about such notes, as CONTRIBUTING.md does.
const CODE_ENDINGS: [&str; 14] =
    ["rs", "ts", "js", "mjs", "css", "html", "j2", "sql", "yaml", "yml", "toml", "sh", "typ", "json"];

/// Assembled, so that this very rule does not find itself.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Checks one text.
pub fn check(path: &str, text: &str, add: &mut impl FnMut(usize, String)) {
    let ending = Path::new(path).extension().map(|end| end.to_string_lossy().into_owned());
    let is_code = ending.is_some_and(|end| CODE_ENDINGS.contains(&end.as_str()));
    if !is_code || path.ends_with("package-lock.json") {
        return;
    }
    for (line, content) in (1..).zip(text.lines()) {
        let mut words = content.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if let Some(mark) = words.find(|word| MARKS.contains(word)) {
            add(line, format!("{mark}: do it, or open an issue and delete the note"));
        }
    }
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
    fn notes_in_code_are_found_and_words_that_hold_one_are_not() {
        let note = format!("// {}: later\n", MARKS[0]);
        assert_eq!(lines_found("ui/a.ts", &note), [1]);
        assert_eq!(lines_found("ui/a.ts", "const MASTODONS = 1;\n"), Vec::<usize>::new());
        assert_eq!(lines_found("CONTRIBUTING.md", &note), Vec::<usize>::new());
    }
}
