//! Forms with tables, conditions and values the system gives.

#![cfg(test)]

use super::Look;
use super::form::{Asked, FieldView, Typed};
use super::sample::{self, Words, bare_world, look, now, text};
use ganglion_model::change::FieldFinding;
use ganglion_model::expr::{Expr, Func};
use ganglion_model::pack::{Check, Field, FieldKind, Required};
use ganglion_model::scope::ActorView;
use ganglion_model::{Fields, Lang};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.to_owned(), title: text(name), kind, ..Field::default() }
}

/// Something large must be explained; items with what they cost; the sum.
fn declared() -> Vec<Field> {
    let columns = vec![
        Field { required: Required::Yes, ..field("what", FieldKind::default()) },
        field("cost", FieldKind::Money),
        field("ours", FieldKind::Boolean),
    ];
    let sum = Expr::Call(Func::Sum, vec![sample::path("form.items.cost")]);
    vec![
        field("large", FieldKind::Boolean),
        Field { when: Some(sample::path("form.large")), required: Required::Yes, ..field("why", FieldKind::default()) },
        field("items", FieldKind::Table { fields: columns, min_rows: 0, max_rows: 9 }),
        Field { computed: Some(sum), ..field("total", FieldKind::Money) },
    ]
}

/// What `see` sees of the form of a matter, in Chinese.
fn seen<T>(see: impl FnOnce(&Look<'_>, &Asked<'_>) -> T) -> T {
    let world = bare_world();
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let actor = ActorView::default();
    let process = &world.model.processes["matter"];
    see(&look, &Asked { process, case: None, actor: &actor, place: world.places.root, suggested: &[], prefix: "" })
}

fn shown(values: Value, findings: &[FieldFinding], more: Option<&str>) -> Vec<FieldView> {
    let values: Fields = serde_json::from_value(values).unwrap();
    seen(|look, asked| look.fields(asked, &declared(), Typed { values: Some(&values), findings, more }))
}

#[test]
fn a_field_that_applies_only_sometimes_says_when() {
    let fields = shown(json!({}), &[], None);
    assert_eq!(fields[1].only_if.as_deref(), Some("仅当勾选“large”时填写"));
    assert!(!fields[1].applies && !fields[1].required && fields[0].applies);
    assert!(shown(json!({"large": true}), &[], None)[1].applies);
}

#[test]
fn a_table_has_its_rows_and_blank_ones_behind_them() {
    let typed = json!({"items": [{"what": "pump", "cost": 120_050}, {"cost": 5}]});
    let finding = FieldFinding {
        field: "items.1.what".to_owned(),
        problem: "required".to_owned(),
        message: None,
        args: BTreeMap::new(),
    };
    let table = &shown(typed.clone(), &[finding], None)[2];
    assert_eq!((table.kind, table.rows.len(), table.max), ("table", 5, Some(9)));
    let cell = &table.rows[0][1];
    assert_eq!(
        (cell.name.as_str(), cell.id.as_str(), cell.value.as_str()),
        ("items.0.cost", "f-items.0.cost", Some("1200.50"))
    );
    assert!(table.rows[1][0].error.as_deref().is_some_and(|error| error.contains("第 2 行")), "{:?}", table.rows[1][0]);
    assert_eq!(table.blank[0].name, "items.%.what");
    assert!(table.columns[0].required && !table.columns[1].required);
    assert_eq!(shown(typed.clone(), &[], Some("items:8"))[2].rows.len(), 8);
    assert_eq!(shown(typed.clone(), &[], Some("items:4000"))[2].rows.len(), 9, "never more than are taken");
    assert_eq!(shown(typed, &[], Some("other:8"))[2].rows.len(), 5);
}

#[test]
fn what_is_unusual_is_said_beside_the_field_and_taken_all_the_same() {
    let odd = Check { holds: sample::path("form.large"), message: text("odd") };
    let declared =
        [field("large", FieldKind::Boolean), Field { warns: vec![odd], ..field("note", FieldKind::default()) }];
    let hint = |typed: Value| {
        let typed: Fields = serde_json::from_value(typed).unwrap();
        let (live, shown) = seen(|look, asked| {
            let entered = Typed { values: Some(&typed), ..Typed::default() };
            (look.live(asked, &declared, &typed, look.world).hints, look.fields(asked, &declared, entered))
        });
        assert_eq!((shown[0].hints, shown[1].hints), (false, true));
        assert_eq!(shown[1].hint, live.get("note").cloned(), "the page says what was said while typing");
        live.get("note").cloned()
    };
    assert_eq!(hint(json!({"note": "x"})).as_deref(), Some("odd"));
    assert_eq!(hint(json!({"note": "x", "large": true})), None);
    assert_eq!(hint(json!({"large": false})), None, "nothing is said of what was not given");
}

#[test]
fn what_the_system_gives_is_shown_and_not_asked() {
    assert_eq!(shown(json!({}), &[], None)[3].kind, "given");
    let world = bare_world();
    let words = Words::of(Lang::Zh);
    let look = look(&world, &words);
    let actor = ActorView::default();
    let process = &world.model.processes["matter"];
    let asked = Asked { process, case: None, actor: &actor, place: world.places.root, suggested: &[], prefix: "" };
    let live = |typed: Value| look.live(&asked, &declared(), &serde_json::from_value(typed).unwrap(), &world);
    let first = live(json!({"items": [{"cost": 100}, {"cost": "nonsense"}]}));
    assert_eq!(
        (first.off, first.given["total"].as_str()),
        (vec!["why".to_owned()], "¥0.00"),
        "a table that cannot be read counts nothing"
    );
    let then = live(json!({"large": true, "items": [{"what": "pump", "cost": 120_050}, {"cost": 5}]}));
    assert_eq!((then.off, then.given["total"].as_str()), (Vec::<String>::new(), "¥1,200.55"));
    assert_eq!(look.now, now());
}

#[test]
fn what_turns_on_other_values_is_not_said_to_be_optional() {
    let has = |name: &str| Expr::Call(Func::Has, vec![sample::path(name)]);
    let declared = [
        field("large", FieldKind::Boolean),
        Field { required: Required::If(sample::path("form.large")), ..field("why", FieldKind::default()) },
        field("point", FieldKind::Point),
        Field {
            required: Required::If(Expr::Not(Box::new(has("form.point")))),
            ..field("place", FieldKind::default())
        },
        Field { when: Some(sample::path("form.large")), required: Required::Yes, ..field("how", FieldKind::default()) },
        field("note", FieldKind::default()),
    ];
    let said = |typed: Value| {
        let typed: Fields = serde_json::from_value(typed).unwrap();
        let (live, shown) = seen(|look, asked| {
            let entered = Typed { values: Some(&typed), ..Typed::default() };
            (look.live(asked, &declared, &typed, look.world).needs, look.fields(asked, &declared, entered))
        });
        let needs = |name: &str| shown.iter().find(|field| field.name == name).unwrap().needs.clone();
        for name in ["large", "note"] {
            assert_eq!((needs(name), live.get(name)), (None, None), "{name} turns on nothing");
        }
        let all = ["why", "point", "place", "how"].map(|name| {
            assert_eq!(needs(name), live.get(name).cloned(), "{name}: the page says what was said while typing");
            needs(name).unwrap()
        });
        (all, shown[1].required)
    };
    let either = "（“point”“place”填一项即可）";
    let (empty, required) = said(json!({}));
    assert_eq!(
        (empty.each_ref().map(String::as_str), required),
        (["（勾选“large”时必填）", either, either, ""], false)
    );
    let (large, required) = said(json!({"large": true, "point": [116.8, 38.3]}));
    assert_eq!((large.each_ref().map(String::as_str), required), (["", either, "（可不填）", ""], true));
    let (small, _) = said(json!({"large": false, "place": "x"}));
    assert_eq!(small.each_ref().map(String::as_str), ["（可不填）", "（可不填）", either, ""]);
}

#[test]
fn what_was_left_empty_is_asked_for_by_its_kind() {
    let choice = FieldKind::Choice { list: "kinds".to_owned() };
    let files = FieldKind::Files { images: true, max: 3 };
    let kinds = [("choice", choice), ("photo", files), ("note", FieldKind::default())];
    let declared = kinds.map(|(name, kind)| field(name, kind));
    let empty = |name: &str| FieldFinding {
        field: name.to_owned(),
        problem: "required".to_owned(),
        message: None,
        args: BTreeMap::new(),
    };
    let findings = ["choice", "photo", "note"].map(empty);
    let said = seen(|look, _| look.problems(&declared, &findings, &|name: &str| name.to_owned()));
    let said: Vec<&str> = said.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(said, ["请选择choice", "请上传photo", "请填写note"]);
}
