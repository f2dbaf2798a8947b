//! `ganglion policy` over the packs that ship.

use ganglion_kernel::permissions::{table, written};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn shipped() -> ganglion_model::Model {
    let folders: Vec<PathBuf> = std::fs::read_dir(root().join("packs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("pack.yaml").is_file())
        .collect();
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    model.unwrap_or_else(|| panic!("{findings}"))
}

#[test]
fn every_word_of_every_shipped_pack_stands_in_the_table() {
    let model = shipped();
    let grants = table(&model);
    let has = |of: &str, name: &str, action: &str, who: &str| {
        grants.iter().any(|one| one.of == of && one.name == name && one.action == action && one.who == who)
    };
    let mut words = 0;
    for process in model.processes.values() {
        for who in &process.open_by {
            assert!(has("process", &process.name, "open", &written(who)), "{}", process.name);
        }
        for action in process.states.values().flat_map(|state| &state.actions) {
            for who in &action.by {
                words += 1;
                let who = written(who);
                assert!(has("process", &process.name, &action.name, &who), "{} {} {who}", process.name, action.name);
            }
        }
    }
    for register in model.registers.values() {
        for who in &register.edit {
            words += 1;
            assert!(has("register", &register.name, "edit", &written(who)), "{}", register.name);
        }
    }
    assert!(words > 100, "{words}");
}

#[test]
fn the_table_is_printed_for_people_and_for_programs() {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ganglion"));
        let output = command.arg("policy").args(args).env("GANGLION_HOME", root()).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (good, lines) = run(&["table", "--pack", "grid", "--json"]);
    assert!(good && lines.lines().count() > 10);
    for line in lines.lines() {
        let grant: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(grant["pack"], "grid", "{line}");
        assert!(grant["who"].is_string() && grant["action"].is_string() && grant["effect"] == "permit", "{line}");
    }
    let (good, text) = run(&["table", "--pack", "grid"]);
    assert!(good && text.lines().count() == lines.lines().count() && text.contains("process"), "{text}");
    assert!(!run(&["table", "--pack", "nothing"]).0);
}
