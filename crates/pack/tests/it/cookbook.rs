//! Every recipe of the cookbook compiles, in the pack the cookbook begins with.

use crate::packs::{folder, sources};
use std::collections::BTreeMap;

struct Block {
    head: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let fenced = line.strip_prefix("```yaml ").or_else(|| line.strip_prefix("```typst "));
        let Some(head) = fenced else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { head: head.to_owned(), text: body.join("\n") + "\n" });
    }
    blocks
}

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines().map(|line| format!("{pad}{line}\n")).collect()
}

/// Puts `text` behind the line `after`, which is there once.
fn behind(file: &mut String, after: &str, text: &str) {
    let line = format!("{after}\n");
    assert_eq!(file.matches(&line).count(), 1, "one line {after}");
    *file = file.replace(&line, &format!("{line}{text}"));
}

fn apply(files: &mut BTreeMap<String, String>, block: &Block) {
    let text = &block.text;
    let name = || text.lines().next().and_then(|line| line.split_once(": ")).unwrap().1.to_owned();
    let job = "recipes/processes/job.yaml";
    match block.head.as_str() {
        "field" => behind(files.get_mut(job).unwrap(), "form:", &indented(text, 2)),
        "later" => behind(files.get_mut(job).unwrap(), "fields:", &indented(text, 2)),
        "action" => behind(files.get_mut(job).unwrap(), "    actions:", &indented(text, 6)),
        "state" => files.get_mut(job).unwrap().push_str(&indented(text, 2)),
        "count" => behind(files.get_mut(job).unwrap(), "kind: kind", &format!("counts: [{}]\n", text.trim())),
        "clock" => {
            let file = files.get_mut(job).unwrap();
            if !file.contains("\nclocks:\n") {
                behind(file, "kind: kind", "clocks:\n");
            }
            behind(file, "clocks:", &indented(text, 2));
        }
        "list" => behind(files.get_mut("recipes/pack.yaml").unwrap(), "lists:", &indented(text, 2)),
        "role" => behind(files.get_mut("recipes/pack.yaml").unwrap(), "roles:", &indented(text, 2)),
        "register" => drop(files.insert(format!("recipes/registers/{}.yaml", name()), text.clone())),
        "process" => drop(files.insert(format!("recipes/processes/{}.yaml", name()), text.clone())),
        file if file.ends_with(".typ") => drop(files.insert(format!("recipes/{file}"), text.clone())),
        file => drop(files.insert(format!("recipes/{file}.yaml"), text.clone())),
    }
}

#[test]
fn every_recipe_compiles() {
    let text = std::fs::read_to_string(folder("../../../docs/packs/cookbook.md")).unwrap();
    let mut base = BTreeMap::new();
    for block in blocks(&text) {
        if let Some(path) = block.head.strip_prefix("base/") {
            base.insert(format!("recipes/{path}"), block.text);
        }
    }
    let recipes: Vec<&str> = text.split("\n### ").skip(1).collect();
    assert!(recipes.len() >= 30, "{} recipes", recipes.len());
    let mut report = String::new();
    for recipe in recipes {
        let mut files = base.clone();
        let pieces = blocks(recipe);
        assert!(!pieces.is_empty(), "no piece in: {}", recipe.lines().next().unwrap());
        pieces.iter().for_each(|piece| apply(&mut files, piece));
        let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        let (model, findings) = ganglion_pack::compile(&sources(&files));
        if model.is_none() || !findings.is_empty() {
            report.push_str(&format!("## {}\n{findings}\n", recipe.lines().next().unwrap()));
        }
    }
    assert!(report.is_empty(), "{report}");
}
