//! `cargo xtask generate`: the one command that rewrites every file a program writes into this repository.
//!
//! A generator is a function from the repository to (path, content) pairs; with `--check` the contents are compared
//! instead of written, so that CI notices a file somebody forgot or edited by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;

/// Write, or only compare.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when a file is not what its generator makes.
    #[arg(long)]
    check: bool,
}

/// A generator reads the repository and says what each of its files must hold.
type Generator = fn(&Path) -> Result<Vec<(PathBuf, String)>>;

/// Every generator.
const GENERATORS: [Generator; 1] = [pack_reference];

/// The reference of the pack language, as the compiler's own readers describe it.
fn pack_reference(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let arguments = ["run", "--quiet", "-p", "ganglion-pack", "--example", "reference"];
    let output = Command::new("cargo").args(arguments).current_dir(root).output().context("running the generator")?;
    if !output.status.success() {
        bail!("the generator of the pack reference failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let page = String::from_utf8(output.stdout).context("the pack reference")?;
    Ok(vec![(PathBuf::from("docs/packs/reference.md"), page)])
}

/// Runs the generators.
pub fn run(options: &Options) -> Result<()> {
    let stale = apply(&shell::repository_root(), &GENERATORS, options.check)?;
    if options.check && !stale.is_empty() {
        bail!("not up to date, run `cargo xtask generate`:\n  {}", stale.join("\n  "));
    }
    println!("generate: {} generators, {} files changed", GENERATORS.len(), stale.len());
    Ok(())
}

/// The paths whose content differs from what their generator makes; rewrites them unless `check`.
pub fn apply(root: &Path, generators: &[Generator], check: bool) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for generator in generators {
        for (path, content) in generator(root)? {
            let full_path = root.join(&path);
            if fs::read_to_string(&full_path).is_ok_and(|kept| kept == content) {
                continue;
            }
            stale.push(path.display().to_string());
            if !check {
                fs::write(&full_path, content).with_context(|| format!("writing {}", full_path.display()))?;
            }
        }
    }
    Ok(stale)
}

/// The files that are not up to date, for the test task.
pub fn stale() -> Result<Vec<String>> {
    apply(&shell::repository_root(), &GENERATORS, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(_: &Path) -> Result<Vec<(PathBuf, String)>> {
        Ok(vec![(PathBuf::from("list.txt"), "a\n".to_owned())])
    }

    #[test]
    fn checking_names_a_stale_file_and_writing_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(apply(folder.path(), &[sample], true).unwrap(), ["list.txt"]);
        assert!(!folder.path().join("list.txt").exists());
        apply(folder.path(), &[sample], false).unwrap();
        assert!(apply(folder.path(), &[sample], true).unwrap().is_empty());
    }
}
