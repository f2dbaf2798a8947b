//! Skipping work whose inputs have not changed: a digest of the inputs, kept in a small file under the target folder.
//!
//! The digest only has to notice changes on one machine; it is no proof of anything and is never published.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// Folders that hold results, not inputs.
const RESULT_FOLDERS: [&str; 4] = ["node_modules", "dist", "target", ".git"];

/// A named piece of work and the digest of what goes into it.
pub struct Stamp {
    path: PathBuf,
    digest: String,
}

impl Stamp {
    /// The stamp called `name` for everything under `inputs` (files, or folders read to the bottom).
    pub fn of(name: &str, inputs: &[PathBuf]) -> Result<Self> {
        Self::kept_in(&shell::target_folder().join("xtask"), name, inputs)
    }

    fn kept_in(folder: &Path, name: &str, inputs: &[PathBuf]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            for file in files_under(input)? {
                file.hash(&mut hasher);
                fs::read(&file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
            }
        }
        Ok(Self { path: folder.join(format!("{name}.stamp")), digest: format!("{:016x}", hasher.finish()) })
    }

    /// Whether the work was done before with these very inputs.
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|kept| kept == self.digest)
    }

    /// Notes that the work is done.
    pub fn write(&self) -> Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
        }
        fs::write(&self.path, &self.digest).with_context(|| format!("writing the stamp {}", self.path.display()))
    }
}

/// Every file at or below `start`, sorted, without folders that hold results. A path that does not exist has none.
pub fn files_under(start: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![start.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).with_context(|| format!("listing {}", path.display()))?;
            for entry in entries {
                let child = entry.with_context(|| format!("listing {}", path.display()))?.path();
                let is_result =
                    child.file_name().is_some_and(|name| RESULT_FOLDERS.iter().any(|folder| name == *folder));
                if !(is_result && child.is_dir()) {
                    open.push(child);
                }
            }
        } else if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_until_an_input_changes() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("src");
        fs::create_dir_all(source.join("node_modules")).unwrap();
        fs::write(source.join("a.ts"), "one").unwrap();
        let stamp = || Stamp::kept_in(folder.path(), "build", std::slice::from_ref(&source)).unwrap();

        assert!(!stamp().is_current());
        stamp().write().unwrap();
        assert!(stamp().is_current());

        fs::write(source.join("node_modules/b.ts"), "a result, not an input").unwrap();
        assert!(stamp().is_current());
        fs::write(source.join("a.ts"), "two").unwrap();
        assert!(!stamp().is_current());
    }
}
