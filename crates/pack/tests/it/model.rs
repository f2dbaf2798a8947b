//! What the base packs become.

use crate::packs::{base, edit, folder, sources};
use ganglion_model::Level;
use ganglion_model::Model;
use ganglion_model::pack::{Assign, Effect, LengthFrom, Moment, NumberPart, OnOverdue, Required, Source, Who};
use serde_json::json;

fn model() -> Model {
    let (model, findings) = ganglion_pack::compile(&sources(&base()));
    model.unwrap_or_else(|| panic!("{findings}"))
}

#[test]
fn packs_roles_and_lists() {
    let model = model();
    assert_eq!(model.packs["things"].requires, ["core"]);
    assert_eq!(model.roles["clerk"].levels, [Level::Township, Level::County]);
    let topics: Vec<&str> = model.lists["topic"].codes.iter().map(|code| code.code.as_str()).collect();
    assert_eq!(topics, ["road", "water"]);
    assert_eq!(model.lists["reason"].code("lost").unwrap().valid_to.unwrap().to_string(), "2023-01-01");
}

#[test]
fn rows_keep_their_versions_and_types() {
    let model = model();
    let rows = &model.seeds["kind"];
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].fields["limit"], json!("4 WH"));
    assert_eq!(rows[0].fields["photo"], json!(true));
    assert_eq!(rows[1].fields["parent"], json!("K1"));
    assert_eq!(rows[1].valid_to, rows[2].valid_from);
    assert!(!rows[0].fields.contains_key("parent"));
}

#[test]
fn the_process_is_whole() {
    let model = model();
    let process = &model.processes["thing"];
    assert_eq!((process.initial.as_str(), process.heading.as_str()), ("new", "about"));
    assert_eq!(process.state_order, ["new", "working", "closed", "refused"]);
    assert_eq!(process.open_by, [Who::Public, Who::Role { role: "clerk".into(), level: Level::Township }, Who::System]);
    assert_eq!(process.retention_days, Some(365));
    assert!(matches!(process.field("where").unwrap().required, Required::If(_)));
    assert!(process.field("phone").unwrap().personal);
    let number = &process.numbers["file"];
    assert_eq!(number.on_state.as_deref(), Some("working"));
    let literal = |text: &str| NumberPart::Literal(text.to_owned());
    assert_eq!(number.parts, [literal("F-"), NumberPart::Place(Level::County), literal("-"), NumberPart::Sequence(6)]);
    assert_eq!(process.route.handled_at, Some(Level::Township));
}

#[test]
fn what_an_action_asks_is_seen_by_those_who_see_it_in_the_case() {
    let mut files = base();
    let kept = "  why:    {type: choice, of: reason, title";
    edit(&mut files, "things/processes/thing.yaml", kept, "  why:    {type: choice, of: reason, see: [clerk], title");
    let (model, findings) = ganglion_pack::compile(&sources(&files));
    let model = model.unwrap_or_else(|| panic!("{findings}"));
    let refuse = model.processes["thing"].action("new", "refuse").unwrap();
    let see: Vec<(&str, &[String])> =
        refuse.form.iter().map(|field| (field.name.as_str(), field.see.as_slice())).collect();
    assert_eq!(see, [("why", &["clerk".to_owned()][..]), ("note", &[][..])]);
}

#[test]
fn clocks_and_effects() {
    let model = model();
    let process = &model.processes["thing"];
    assert_eq!(process.clocks["look"].length, LengthFrom::Share { clock: "work".into(), percent: 50 });
    assert!(matches!(process.clocks["work"].length, LengthFrom::Expr(_)));
    assert_eq!(process.clocks["work"].on_overdue, OnOverdue::Act("lapse".into()));
    let take = process.action("new", "take").unwrap();
    assert_eq!(take.effects[0], Effect::Assign(Assign::Form("handler".into())));
    assert_eq!(
        serde_json::to_value(&take.effects[1]).unwrap(),
        json!({"set": {"field": "urgent", "value": {"Lit": true}}})
    );
    let back = process.action("working", "back").unwrap();
    assert_eq!(back.not, ["finished"]);
    assert_eq!(
        back.effects[1],
        Effect::Extend { clock: "work".into(), by: LengthFrom::Fixed("1 wd".parse().unwrap()), max: None }
    );
}

#[test]
fn measures_and_indicators() {
    let model = model();
    assert_eq!(model.measures["closed"].at, Moment::First("closed".into()));
    assert_eq!(model.measures["kinds"].of, Source::Register("kind".into()));
    assert_eq!(model.indicators["hours"].levels, [Level::County]);
}

#[test]
fn the_model_survives_json_and_order_of_packs_does_not_matter() {
    let model = model();
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), model);
    let mut packs = sources(&base());
    packs.reverse();
    assert_eq!(ganglion_pack::compile(&packs).0.unwrap(), model);
}

#[test]
fn anchors_stand_for_what_they_name_and_are_reported_once() {
    let mut files = base();
    let process = "things/processes/thing.yaml";
    edit(
        &mut files,
        process,
        "      back:\n        title: {zh: 退回, en: Return}",
        "      back: &back\n        title: 退回",
    );
    edit(
        &mut files,
        process,
        "  closed:\n    title: {zh: 办结, en: Closed}\n",
        "  closed:\n    title: {zh: 办结, en: Closed}\n    actions: {back: *back}\n",
    );
    let (model, findings) = ganglion_pack::compile(&sources(&files));
    let untranslated = findings.iter().filter(|finding| finding.code == "missing-english").count();
    assert_eq!(untranslated, 1, "{findings}");
    assert!(model.unwrap().processes["thing"].action("closed", "back").is_some());
}

#[test]
fn the_shipped_packs_compile() {
    let root = folder("../../../packs");
    let folders = ["grid", "mediation", "incidents"].map(|name| root.join(name));
    let (model, findings) = ganglion_pack::compile_folders(&folders).unwrap();
    assert!(model.is_some(), "{findings}");
}
