//! Quantities, tables, computed values, bounds and defaults through the whole compiler: what they give.

use crate::packs::{base, edit, findings, sources};
use ganglion_model::expr::{Scope, Val};
use ganglion_model::pack::{Field, FieldKind};
use serde_json::{Value, json};

const COST: &str = "  cost:  {type: decimal, precision: 8, scale: 2, title: {zh: 费用, en: Cost}}\n";

fn form(lines: &[&str]) -> Vec<Field> {
    let mut files = base();
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    edit(&mut files, "things/processes/thing.yaml", COST, &lines);
    let (model, found) = ganglion_pack::compile(&sources(&files));
    let model = model.unwrap_or_else(|| panic!("{lines}\n{found}"));
    assert!(findings(&files).is_empty(), "{found}");
    model.processes["thing"].form.clone()
}

struct Values(Value);

impl Scope for Values {
    fn get<'a>(&'a self, path: &[String]) -> Val<'a> {
        path.iter().try_fold(&self.0, |value, key| value.get(key)).map_or(Val::Null, Val::from_json)
    }
}

fn computed(lines: &[&str], name: &str, values: Value) -> Value {
    let form = form(lines);
    let field = form.iter().find(|field| field.name == name).unwrap();
    assert!(!field.is_typed());
    field.computed.as_ref().unwrap().eval(&Values(values)).to_json()
}

const T: &str = "title: {zh: 值, en: Value}";

fn quantity(name: &str, unit: &str) -> String {
    format!("{name}: {{type: quantity, unit: {unit}, {T}}}")
}

#[test]
fn quantities_convert_within_a_dimension_and_stay_exact() {
    let (land, plot) = (quantity("land", "mu"), quantity("plot", "m2"));
    let cases = [
        ("quantity, unit: mu", "form.land + form.plot", json!("13.5")),
        ("quantity, unit: ha", "form.land + form.plot", json!("0.9")),
        ("quantity, unit: mu", "form.land * 2", json!("24")),
        ("decimal, scale: 4", "form.land / form.plot", json!("8")),
        ("decimal", "amount(form.land, 'm2')", json!("8000")),
        ("money", "amount(form.land, 'mu') * 33.335", json!(400)),
        ("boolean", "form.land > '7999 m2' && form.land < '1 ha' && form.land >= 12", json!(true)),
        ("quantity, unit: mu", "max(form.land, form.plot)", json!("12")),
        ("quantity, unit: m2", "form.has_land ? form.land : form.plot", json!("1000")),
    ];
    for (kind, value, wanted) in cases {
        let kind = format!("out: {{type: computed, as: {kind}, value: \"{value}\", {T}}}");
        let has = format!("has_land: {{type: boolean, {T}}}");
        let given = json!({"form": {"land": "12", "plot": "1000"}});
        assert_eq!(computed(&[&land, &plot, &has, &kind], "out", given), wanted, "{value}");
    }
}

#[test]
fn what_is_worked_out_is_rounded_half_up_to_what_the_field_holds() {
    let cases = [
        ("decimal, scale: 2", "7.86 / 8.48", json!("0.93")),
        ("decimal, scale: 4", "7.86 / 8.48", json!("0.9269")),
        ("money", "10 / 4.0", json!(3)),
        ("integer", "round(7.5)", json!(8)),
        ("text", "string(2 + 3) + '!'", json!("5!")),
        ("date", "add_days('2022-02-27', 2)", json!("2022-03-01")),
        ("integer", "years(today, '2000-01-01')", json!(22)),
    ];
    for (kind, value, wanted) in cases {
        let line = format!("out: {{type: computed, as: {kind}, value: \"{value}\", {T}}}");
        assert_eq!(computed(&[&line], "out", json!({"today": "2022-06-27"})), wanted, "{value}");
    }
}

#[test]
fn shapes_are_measured_in_metres() {
    let shape = |name: &str, kind: &str| format!("{name}: {{type: {kind}, {T}}}");
    let fields = [shape("here", "point"), shape("there", "point"), shape("way", "line"), shape("plot", "polygon")];
    let square = json!([[[116.84, 38.31], [116.85, 38.31], [116.85, 38.32], [116.84, 38.32], [116.84, 38.31]]]);
    let given = json!({"form": {
        "here": [116.84, 38.31], "there": [116.85, 38.31], "way": [[116.84, 38.31], [116.85, 38.31]], "plot": square,
    }});
    let cases = [
        ("quantity, unit: m, scale: 1", "distance(form.here, form.there)", json!("874.6")),
        ("quantity, unit: km, scale: 3", "length(form.way)", json!("0.875")),
        ("boolean", "area(form.plot) > '1456 mu' && area(form.plot) < '1457 mu'", json!(true)),
        ("boolean", "inside(form.here, form.plot) && distance(form.here, form.there) > 10", json!(true)),
    ];
    for (kind, value, wanted) in cases {
        let out = format!("out: {{type: computed, as: {kind}, value: \"{value}\", {T}}}");
        let lines: Vec<&str> = fields.iter().map(String::as_str).chain([out.as_str()]).collect();
        assert_eq!(computed(&lines, "out", given.clone()), wanted, "{value}");
        assert_eq!(
            computed(&lines, "out", json!({"form": {}})),
            if kind == "boolean" { json!(false) } else { Value::Null }
        );
    }
}

#[test]
fn a_table_has_columns_that_are_lists() {
    let cell = |name: &str, kind: &str| format!("{name}: {{type: {kind}, {T}}}");
    let columns = [
        cell("what", "text, required: true"),
        cell("count", "integer, min: 1"),
        cell("price", "money"),
        cell("cost", "computed, as: money, value: row.count * row.price"),
    ];
    let table = format!("items: {{type: table, min_rows: 1, max_rows: 20, {T}, fields: {{{}}}}}", columns.join(", "));
    let total = format!("total: {{type: computed, as: money, value: sum(form.items.cost), {T}}}");
    let most = format!("most: {{type: computed, as: integer, value: max(form.items.count) + size(form.items), {T}}}");
    let named = format!("named: {{type: boolean, {T}, when: \"'pump' in form.items.what\"}}");
    let form = form(&[&table, &total, &most, &named]);
    let items = form.iter().find(|field| field.name == "items").unwrap();
    let FieldKind::Table { fields, min_rows: 1, max_rows: 20 } = &items.kind else { panic!("{items:?}") };
    assert!(fields[3].computed.is_some() && fields[0].title.en == "Value");
}

#[test]
fn bounds_and_defaults_are_constants_or_expressions() {
    let lines = [
        format!("day: {{type: date, min: today, max: \"add_days(today, 30)\", default: today, {T}}}"),
        format!("at: {{type: time, range: [\"08:00\", \"18:00\"], {T}}}"),
        format!("land: {{type: quantity, unit: mu, min: 0, max: 1.5 ha, {T}}}"),
        format!("pay: {{type: money, max: 1.2万元, {T}}}"),
        format!("place: {{type: place, levels: [township], default: actor.place, {T}}}"),
        format!(
            "word: {{type: text, default: today's, pattern: {{matches: \"[a-z' ]+\", message: {{zh: 小写, en: lower}}}}, {T}}}"
        ),
        format!("next: {{type: integer, max: form.other, default: {{value: \"1 + 1\"}}, {T}}}"),
        format!("other: {{type: integer, {T}}}"),
    ];
    let form = form(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let field = |name: &str| form.iter().find(|field| field.name == name).unwrap();
    let value = |expr: &Option<ganglion_model::expr::Expr>| {
        let given = Values(json!({"today": "2022-06-27", "actor": {"place": "130903001"}, "form": {"other": 7}}));
        expr.as_ref().unwrap().eval(&given).to_json()
    };
    assert_eq!(value(&field("day").min), json!("2022-06-27"));
    assert_eq!(value(&field("day").max), json!("2022-07-27"));
    assert_eq!(value(&field("day").default_from), json!("2022-06-27"));
    assert_eq!((value(&field("at").min), value(&field("at").max)), (json!("08:00"), json!("18:00")));
    assert_eq!(value(&field("land").max), json!("22.5"));
    assert_eq!(value(&field("pay").max), json!(1_200_000));
    assert_eq!(value(&field("place").default_from), json!("130903001"));
    assert_eq!(field("word").default, Some(json!("today's")));
    assert_eq!(field("word").pattern_says.as_ref().unwrap().en, "lower");
    assert_eq!((value(&field("next").max), value(&field("next").default_from)), (json!(7), json!(2)));
}
