//! What changes from one version to the next, in words.

use crate::packs::{base, edit, sources};
use ganglion_model::Model;

fn model(edits: &[(&str, &str, &str)]) -> Model {
    let mut files = base();
    edits.iter().for_each(|(path, old, new)| edit(&mut files, path, old, new));
    let (model, findings) = ganglion_pack::compile(&sources(&files));
    model.unwrap_or_else(|| panic!("{findings}"))
}

fn lines(edits: &[(&str, &str, &str)]) -> Vec<String> {
    ganglion_pack::diff(&model(&[]), &model(edits)).iter().map(ToString::to_string).collect()
}

const PROCESS: &str = "things/processes/thing.yaml";

#[test]
fn the_same_has_no_differences() {
    assert!(lines(&[]).is_empty());
}

#[test]
fn each_change_is_one_line_and_what_needs_care_is_marked() {
    // What things are called stands before their names; it is the titles' own test that looks at it.
    let untitled = |line: &String| {
        let (before, rest) = line.split_once(" \u{201c}").unwrap_or((line.as_str(), ""));
        let after = rest.split_once("\u{201d}").map(|(_, after)| after).unwrap_or_default();
        format!("{before}{after}")
    };
    for (path, old, new, line) in [
        (PROCESS, "length: {share: 50, of: work}", "length: 2 wd", "! clock `thing.look` has another length"),
        (
            PROCESS,
            "by: [clerk@handling]",
            "by: [clerk@county]",
            "! action `thing.new.refuse` has another by: role_handling clerk → clerk@county",
        ),
        (
            PROCESS,
            "to: closed\n        do:",
            "to: refused\n        do:",
            "! action `thing.working.finish` has another to: closed → refused",
        ),
        (PROCESS, "max: 60", "max: 80", "! field `thing.about` has another kind: text"),
        (
            PROCESS,
            "{zh: 内容, en: About}",
            "{zh: 内容, en: Content}",
            "  field `thing.about` has another title: About → Content",
        ),
        (
            PROCESS,
            "  box:   {type: ref, to: post_box, title: {zh: 信箱, en: Box}}\n",
            "",
            "! field `thing.box` is gone",
        ),
        (
            PROCESS,
            "counts: [returns]",
            "counts: [returns, taken]",
            "  process `thing` has another counts: returns → returns, taken",
        ),
        ("things/data/topic.csv", "water,水,Water", "water,水,Water\nlight,路灯,Light", "  code `topic.light` is new"),
        (
            "things/data/kinds.csv",
            "K1,路面,road,4 wh",
            "K1,路面,road,6 wh",
            "  row `kind.K1 from 2020-01-01` has another fields",
        ),
        (
            "things/indicators.yaml",
            "{zh: 办结数, en: Closed}",
            "{zh: 办结, en: Done}",
            "  indicator `closed` has another title: Closed → Done",
        ),
        (
            "core/pack.yaml",
            "levels: [township, county]",
            "levels: [township, county, city]",
            "! role `clerk` has another levels: township, county → township, county, city",
        ),
    ] {
        let found = lines(&[(path, old, new)]);
        assert!(found.iter().map(untitled).any(|found| found.starts_with(line)), "{line}\nfound {found:#?}");
    }
}

#[test]
fn a_change_says_what_the_things_are_called_and_its_values_in_both_languages() {
    let edits = [(PROCESS, "to: closed\n        do:", "to: refused\n        do:")];
    let found = ganglion_pack::diff(&model(&[]), &model(&edits));
    let one = found.iter().find(|one| one.path == "thing.working.finish").unwrap();
    assert_eq!((one.what.as_str(), one.root.as_str()), ("action", "process"));
    assert_eq!(one.titles.len(), 3, "process, state and action: {:?}", one.titles);
    assert!(one.titles.iter().all(|title| !title.zh.is_empty() && !title.en.is_empty()), "{:?}", one.titles);
    let edits = [(PROCESS, "kind: kind\npurpose", "purpose")];
    let found = ganglion_pack::diff(&model(&edits), &model(&[]));
    let one = found.iter().find(|one| one.what == "process" && one.part.as_deref() == Some("kind_field")).unwrap();
    let before = one.before.clone().unwrap();
    assert_eq!((before.zh.as_str(), before.en.as_str()), ("空", "nothing"));
    let edits = [("things/data/topic.csv", "water,水,Water", "water,水,Water\nlight,路灯,Light")];
    let found = ganglion_pack::diff(&model(&[]), &model(&edits));
    let one = found.iter().find(|one| one.path == "topic.light").unwrap();
    assert_eq!((one.root.as_str(), one.titles[1].zh.as_str()), ("list", "路灯"));
    assert_eq!(one.told(ganglion_model::Lang::Zh), "  新增代码“主题 · 路灯” `topic.light`");
    assert_eq!(one.to_string(), "  code “Topic · Light” `topic.light` is new");
}

#[test]
fn each_template_is_a_thing_of_its_own_whatever_folder_it_was_shown_in() {
    let with = |shown: &str, text: &str| {
        let mut model = model(&[]);
        let files = [("documents/a.typ".to_owned(), text.to_owned())].into();
        model.papers.insert("things".to_owned(), ganglion_model::pack::Papers { shown: shown.to_owned(), files });
        model
    };
    assert!(ganglion_pack::diff(&with("here", "a"), &with("there", "a")).is_empty());
    let found = ganglion_pack::diff(&with("here", "a"), &with("there", "b"));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["  paper `things/documents/a.typ` has another content: a → b"]);
}
