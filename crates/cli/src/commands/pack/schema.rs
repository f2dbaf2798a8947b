//! `ganglion pack schema`: JSON Schemas of the pack files, for editors.

use crate::city::home;
use anyhow::{Context as _, Result};
use ganglion_pack::{PackSource, schemas};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The schemas as one JSON document, or one file each in `out`; gives the text to print.
///
/// # Errors
/// When a folder cannot be read or a file not written.
pub fn run(dirs: &[PathBuf], out: Option<&Path>) -> Result<String> {
    let shipped = if dirs.is_empty() { beside() } else { Vec::new() };
    let packs: Vec<PackSource> = dirs
        .iter()
        .chain(&shipped)
        .map(|dir| PackSource::folder(dir).with_context(|| format!("cannot read {}", dir.display())))
        .collect::<Result<_>>()?;
    let all = schemas(&packs);
    let Some(out) = out else {
        return Ok(serde_json::to_string_pretty(&all)? + "\n");
    };
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let mut text = String::new();
    for (name, schema) in &all {
        let path = out.join(format!("{name}.schema.json"));
        write(&path, schema)?;
        text.push_str(&format!("{}\n", path.display()));
    }
    Ok(text)
}

/// The packs of the installation this runs in, if there are some: samples without being named.
fn beside() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home(None).join("packs")).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    dirs.retain(|dir| dir.join("pack.yaml").is_file());
    dirs.sort();
    dirs
}

fn write(path: &Path, schema: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(schema)? + "\n";
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
