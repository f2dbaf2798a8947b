//! Relative links in Markdown lead somewhere: a map with dead roads is worse than none.
//!
//! Only that the target exists is checked; headings inside it and addresses on the web are not.

use std::path::Path;

/// Checks the links of one Markdown text at `path` below `root`.
pub fn check(root: &Path, path: &str, text: &str, add: &mut impl FnMut(usize, String)) {
    let folder = root.join(path).parent().map(Path::to_path_buf).unwrap_or_default();
    let mut in_block = false;
    for (line, content) in (1..).zip(text.lines()) {
        if content.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        if in_block {
            continue;
        }
        for target in link_targets(content) {
            let is_elsewhere = target.contains("://") || target.starts_with('#') || target.starts_with("mailto:");
            let file = target.split('#').next().unwrap_or_default();
            if is_elsewhere || file.is_empty() {
                continue;
            }
            if !folder.join(file).exists() {
                add(line, format!("the link to {file} leads nowhere"));
            }
        }
    }
}

/// The targets of `[text](target)` and `![text](target "title")` in a line, code spans left out.
fn link_targets(line: &str) -> Vec<String> {
    // Every second piece between backticks is code.
    let prose: Vec<&str> = line.split('`').step_by(2).collect();
    let prose = prose.join("`");
    let mut targets = Vec::new();
    let mut rest = prose.as_str();
    while let Some(at) = rest.find("](") {
        rest = &rest[at + 2..];
        let Some(end) = rest.find(')') else { break };
        targets.extend(rest[..end].split_whitespace().next().map(|target| target.trim_matches(['<', '>']).to_owned()));
        rest = &rest[end..];
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found_and_live_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("docs")).unwrap();
        std::fs::write(folder.path().join("docs/a.md"), "").unwrap();
        let text = "[a](a.md#part) ![up](../docs/a.md \"t\") [web](https://example.org/x) [here](#top)\n\
            [dead](b.md) `[code](c.md)` [`named`](d.md)\n```\n[e](e.md)\n```\n";
        let mut found = Vec::new();
        check(folder.path(), "docs/readme.md", text, &mut |line, message| found.push((line, message)));
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 2], "{found:?}");
    }
}
