//! `ganglion pack new`: a small working pack from a template that is built in.
//!
//! Left out: questions. What is written checks clean and tests green; the author changes it from there.

use anyhow::{Context as _, Result, bail, ensure};
use std::path::{Path, PathBuf};

/// Stands for the pack's name in templates, in texts as in paths.
const PLACEHOLDER: &str = "__name__";

/// A template: its name, what it is, its files by path.
struct Template {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const TEMPLATES: [Template; 2] = [
    Template {
        name: "request",
        files: &[
            ("pack.yaml", include_str!("../../../templates/request/pack.yaml")),
            ("registers/kind.yaml", include_str!("../../../templates/request/registers/kind.yaml")),
            ("data/kinds.csv", include_str!("../../../templates/request/data/kinds.csv")),
            ("processes/case.yaml", include_str!("../../../templates/request/processes/case.yaml")),
            ("indicators.yaml", include_str!("../../../templates/request/indicators.yaml")),
            ("tests/01-closed-loop.md", include_str!("../../../templates/request/tests/01-closed-loop.md")),
        ],
    },
    Template {
        name: "register",
        files: &[
            ("pack.yaml", include_str!("../../../templates/register/pack.yaml")),
            ("registers/item.yaml", include_str!("../../../templates/register/registers/item.yaml")),
            ("processes/change.yaml", include_str!("../../../templates/register/processes/change.yaml")),
            ("indicators.yaml", include_str!("../../../templates/register/indicators.yaml")),
            ("tests/01-two-persons.md", include_str!("../../../templates/register/tests/01-two-persons.md")),
        ],
    },
];

/// Longest name of a pack: names in it are longer.
const NAME_CHARS_MAX: usize = 30;

/// Names of the templates.
pub fn templates() -> Vec<&'static str> {
    TEMPLATES.iter().map(|template| template.name).collect()
}

/// Writes the pack into the folder `dir`, whose last part is its name; gives the files written.
///
/// # Errors
/// When the name is no name, the folder is there already, or it cannot be written. Nothing is overwritten.
pub fn write(dir: &Path, from: &str) -> Result<Vec<PathBuf>> {
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let letters = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    ensure!(
        letters && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= NAME_CHARS_MAX,
        "`{name}` is no name for a pack: use up to {NAME_CHARS_MAX} lower-case letters, digits and _, starting with a letter"
    );
    let Some(template) = TEMPLATES.iter().find(|template| template.name == from) else {
        bail!("there is no template `{from}`; there are {}", templates().join(" and "));
    };
    let taken = dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    ensure!(!taken && !dir.is_file(), "{} is there already and is left as it is: choose another name", dir.display());
    let mut written = Vec::new();
    for (path, text) in template.files {
        let full = dir.join(path);
        if let Some(folder) = full.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        std::fs::write(&full, text.replace(PLACEHOLDER, name))
            .with_context(|| format!("writing {}", full.display()))?;
        written.push(full);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;
    use std::sync::Arc;

    #[test]
    fn every_template_checks_clean_and_tests_green_and_is_never_overwritten() {
        for template in templates() {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("flood_watch");
            let written = write(&dir, template).unwrap();
            let (model, findings) = ganglion_pack::compile_folders(&[&dir]).unwrap();
            assert!(findings.is_empty(), "{template}: {findings}");
            let model = Arc::new(model.unwrap());
            let scenarios = written.iter().filter(|path| path.extension().is_some_and(|end| end == "md"));
            let mut taken = 0;
            for path in scenarios {
                for report in scenario::run_file(&model, &std::fs::read_to_string(path).unwrap()) {
                    assert!(report.findings.is_empty(), "{template}: {} {:?}", report.title, report.findings);
                    taken += report.taken.len();
                }
            }
            assert!(taken > 1, "{template} has scenarios");
            let error = write(&dir, template).unwrap_err().to_string();
            assert!(error.contains("is left as it is"), "{error}");
        }
    }

    #[test]
    fn two_new_packs_live_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let dirs: Vec<PathBuf> = ["one", "two"].iter().map(|name| folder.path().join(name)).collect();
        dirs.iter().for_each(|dir| drop(write(dir, "request").unwrap()));
        let (_, findings) = ganglion_pack::compile_folders(&dirs).unwrap();
        assert!(findings.is_empty(), "{findings}");
    }

    #[test]
    fn bad_names_and_templates_are_refused_with_what_there_is() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Flood", "9lives", "a-b", &"x".repeat(31)] {
            assert!(write(&folder.path().join(name), "request").is_err(), "{name}");
        }
        let error = write(&folder.path().join("good"), "nothing").unwrap_err().to_string();
        assert!(error.contains("request and register"), "{error}");
        assert!(!folder.path().join("good").exists());
    }
}
