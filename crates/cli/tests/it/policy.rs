//! `ganglion policy` over the packs that ship.

use ganglion_kernel::permissions::{table, written};
use ganglion_model::Text;
use ganglion_model::pack::{Action, Field};
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

#[test]
fn every_personal_field_that_ships_says_why_on_what_basis_who_sees_it_and_for_how_long() {
    let model = shipped();
    let mut personal = 0;
    let mut holds = |of: &str, fields: &[Field], (purpose, basis, days): (&Text, &Text, Option<u32>)| {
        for field in fields.iter().filter(|field| field.personal) {
            personal += 1;
            let of = format!("{of}.{}", field.name);
            for (what, said) in [("purpose", purpose), ("basis", basis)] {
                assert!(!said.zh.is_empty() && !said.en.is_empty(), "{of} has no {what}");
            }
            assert!(!field.see.is_empty(), "{of} does not say who sees it");
            assert!(days.is_some(), "{of} does not say for how long it is kept");
        }
    };
    for process in model.processes.values() {
        let forms = process.states.values().flat_map(|state| &state.actions).flat_map(|action| &action.form);
        let fields: Vec<Field> = process.form.iter().chain(&process.fields).chain(forms).cloned().collect();
        holds(&process.name, &fields, (&process.purpose, &process.basis, process.retention_days));
    }
    for register in model.registers.values() {
        holds(&register.name, &register.fields, (&register.purpose, &register.basis, register.retention_days));
    }
    assert!(personal > 20, "{personal}");
}

/// Decisions over money, rights or publication, each with what its maker did before.
const DECIDED_BY_TWO: [(&str, &str, &str); 28] = [
    ("allowance_application", "confirm", "drafted"),
    ("allowance_application", "confirm_here", "drafted"),
    ("allowance_application", "put_up", "drafted"),
    ("allowance_change", "decide", "drafted"),
    ("allowance_change", "decide_here", "drafted"),
    ("allowance_change", "decide_less", "drafted"),
    ("allowance_change", "decide_stop", "drafted"),
    ("allowance_change", "publish_again", "objected"),
    ("annual_return", "issue_plan", "reported"),
    ("appointment", "issue", "published"),
    ("data_request", "confirm_erasure", "proposed"),
    ("delimitation", "agree", "submitted"),
    ("delimitation", "file", "checked"),
    ("dispute", "pass_legal", "drafted"),
    ("harvest_bulletin", "publish", "submitted"),
    ("harvest_bulletin", "reissue", "submitted"),
    ("incident", "pass", "handled"),
    ("interference", "settle", "reported"),
    ("metering_order", "connect", "installed"),
    ("permit_application", "approve", "accepted"),
    ("permit_application", "cancel", "measure_proposed"),
    ("permit_application", "limit", "measure_proposed"),
    ("permit_application", "refuse", "accepted"),
    ("point_closure", "announce", "drafted"),
    ("reading_check", "settle", "checked"),
    ("saving_measure", "accept", "reported"),
    ("saving_measure", "confirm", "accepted"),
    ("well_closure", "accept", "sealed"),
];
/// Registers that say what somebody may take, gets or owns.
const CHANGED_BY_TWO: [&str; 9] = [
    "allowance_standard",
    "allowance_tier",
    "harvest_target",
    "mediator_file",
    "overdraft_base",
    "reduction_line",
    "water_limit",
    "water_zone",
    "well",
];

#[test]
fn what_decides_over_money_rights_or_publication_is_never_done_by_who_prepared_it() {
    let model = shipped();
    for (process, action, before) in DECIDED_BY_TWO {
        let states = model.processes[process].states.values();
        let all: Vec<_> = states.flat_map(|state| &state.actions).collect();
        let mut decisions = all.iter().filter(|one| one.name == action).peekable();
        assert!(decisions.peek().is_some(), "there is no {process}.{action}");
        assert!(decisions.all(|one| one.not.iter().any(|mark| mark == before)), "{process}.{action} not by {before}");
        let marks = |one: &Action| format!("{:?}", one.effects).contains(&format!("Mark(\"{before}\")"));
        assert!(all.iter().any(|one| marks(one)), "{process}: nobody leaves the mark {before}");
    }
    // What publishes or erases is among them.
    for process in model.processes.values() {
        for action in process.states.values().flat_map(|state| &state.actions) {
            let effects = format!("{:?}", action.effects);
            let decides = ["Publish(", "EraseCase(", "EraseRow "].iter().any(|effect| effects.contains(effect));
            let (process, action) = (process.name.as_str(), action.name.as_str());
            let by_two = DECIDED_BY_TWO.iter().any(|(of, name, _)| (*of, *name) == (process, action));
            assert!(!decides || by_two, "{process}.{action}");
        }
    }
    for register in CHANGED_BY_TWO {
        assert!(!model.registers[register].approve.is_empty(), "{register} is changed by one");
    }
}
