//! Whether what a measure counts can have changed with the packs: its definition, how the names in it are read, and the rows of
//! registers they lead to. Values are kept as they were written, so that titles, helps, checks and whatever else a pack says of a
//! field change no figure. What places are is no matter of packs and not looked at.

use crate::expr::{Expr, Path};
use crate::pack::{Field, FieldKind, Measure, Model, Register, Source};
use serde_json::Value;

/// What is met on the way of a path.
#[derive(PartialEq, Eq)]
enum Met<'m> {
    /// Rows of a register, one or several.
    Rows(&'m str, bool),
    /// A column of a table.
    Column,
    /// A place.
    Place,
    /// A number that a process counts.
    Count,
}

/// What the paths of a measure meet, in the order they stand in; what an expression names without one has none.
type Way<'m> = Vec<(Option<&'m Path>, Met<'m>)>;

/// Whether the measure called `name` counts the same of the same rows in both models; not where one of them has none.
#[must_use]
pub fn is_counted_alike(name: &str, old: &Model, new: &Model) -> bool {
    let (Some(before), Some(after)) = (old.measures.get(name), new.measures.get(name)) else { return false };
    let is_of_both = match &after.of {
        Source::Process(process) => [old, new].iter().all(|model| model.processes.contains_key(process)),
        Source::Register(register) => has_same_rows(register, old, new),
    };
    if before != after || !is_of_both {
        return false;
    }
    let (was, is) = (met(after, old), met(after, new));
    let registers =
        is.iter().filter_map(|(_, met)| if let Met::Rows(register, _) = met { Some(register) } else { None });
    was == is && registers.into_iter().all(|register| has_same_rows(register, old, new))
}

/// Whether both models have a register, and the rows it begins with and the way they are found are the same.
fn has_same_rows(register: &str, old: &Model, new: &Model) -> bool {
    let (Some(was), Some(is)) = (old.registers.get(register), new.registers.get(register)) else { return false };
    let way = |one: &Register| (one.scope, one.dated);
    way(was) == way(is)
        && (&was.key, &was.also_key, &was.series, &was.location) == (&is.key, &is.also_key, &is.series, &is.location)
        && old.seeds.get(register) == new.seeds.get(register)
}

/// Everything that is met on the way of the names of a measure.
fn met<'m>(measure: &'m Measure, model: &'m Model) -> Way<'m> {
    let values = [&measure.filter, &measure.value, &measure.place, &measure.member].into_iter().flatten();
    let mut all = Way::new();
    for value in values.chain(measure.by.iter().map(|dim| &dim.of)) {
        let mut paths = Vec::new();
        value.paths(&mut paths);
        paths.into_iter().for_each(|path| follow(path, (measure, model), &mut all));
        named(value, model, &mut all);
    }
    all
}

/// What a path meets whose names stand for values that lead on: of the row, or of the one before it, whose register is named first.
fn follow<'m>(path: &'m Path, (measure, model): (&'m Measure, &'m Model), all: &mut Way<'m>) {
    let fields = |name: &String| model.registers.get(name).map_or(&[][..], |register| &register.fields);
    let (rest, declared): (&[String], &[Field]) = match (path.as_slice(), &measure.of) {
        ([root, register, rest @ ..], _) if root == "previous" => {
            all.push((Some(path), Met::Rows(register, false)));
            (rest, fields(register))
        }
        ([root, rest @ ..], Source::Register(name)) if matches!(root.as_str(), "row" | "case" | "form") => {
            (rest, fields(name))
        }
        ([root, rest @ ..], Source::Process(name)) if root == "case" => {
            let Some(process) = model.processes.get(name) else { return };
            let first = rest.first();
            if first.is_some_and(|first| process.counts.contains(first)) {
                all.push((Some(path), Met::Count));
            }
            let is_said = first.is_some_and(|first| process.form.iter().any(|field| field.name == *first));
            (rest, if is_said { &process.form } else { &process.fields })
        }
        _ => return,
    };
    further((path, rest), (declared, model), all);
}

/// What is met where a path goes on behind a field, as [`crate::scope::follow`] goes.
fn further<'m>((path, rest): (&'m Path, &'m [String]), (declared, model): (&'m [Field], &'m Model), all: &mut Way<'m>) {
    let Some((name, rest)) = rest.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
    let behind = |register: &'m str, several, all: &mut Way<'m>| {
        all.push((Some(path), Met::Rows(register, several)));
        let fields = model.registers.get(register).map_or(&[][..], |register| &register.fields);
        further((path, rest), (fields, model), all);
    };
    match declared.iter().find(|field| field.name == *name).map(|field| &field.kind) {
        Some(FieldKind::Ref { register }) => behind(register, false, all),
        Some(FieldKind::Refs { register, .. }) => behind(register, true, all),
        Some(FieldKind::Table { fields, .. }) => {
            let column = rest.first().filter(|name| fields.iter().any(|field| field.name == **name));
            all.extend(column.map(|_| (Some(path), Met::Column)));
        }
        Some(FieldKind::Place { .. }) => all.push((Some(path), Met::Place)),
        _ => {}
    }
}

/// Registers whose rows an expression counts, and those it names to a function.
fn named<'m>(value: &'m Expr, model: &'m Model, all: &mut Way<'m>) {
    match value {
        Expr::Rows(of) => all.push((None, Met::Rows(&of.register, true))),
        Expr::Lit(Value::String(text)) if model.registers.contains_key(text) => {
            all.push((None, Met::Rows(text, true)));
        }
        _ => {}
    }
    value.parts(&mut |part| named(part, model, all));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{Moment, Process, Seed};
    use crate::text::Text;
    use std::collections::BTreeSet;

    fn field(name: &str, kind: FieldKind) -> Field {
        Field { name: name.to_owned(), kind, ..Field::default() }
    }

    fn path(names: &[&str]) -> Option<Expr> {
        Some(Expr::Path(names.iter().map(|name| (*name).to_owned()).collect()))
    }

    fn seed(key: &str) -> Seed {
        Seed { key: key.to_owned(), valid_from: None, valid_to: None, fields: crate::Fields::default() }
    }

    fn leading(register: &str) -> FieldKind {
        FieldKind::Ref { register: register.to_owned() }
    }

    fn several(register: &str) -> FieldKind {
        FieldKind::Refs { register: register.to_owned(), max: 9 }
    }

    fn table(column: &str) -> FieldKind {
        FieldKind::Table { fields: vec![field(column, FieldKind::default())], min_rows: 0, max_rows: 9 }
    }

    /// A process whose cases name a kind and the like, registers of kinds, which lead to others, and measures that read them.
    fn model() -> Model {
        let places = FieldKind::Place { levels: Vec::new() };
        let kinds = [("kind", leading("kind")), ("more", leading("other")), ("bills", table("cost")), ("at", places)];
        let matter = Process {
            name: "matter".to_owned(),
            form: kinds
                .into_iter()
                .chain([("note", FieldKind::default())])
                .map(|(name, kind)| field(name, kind))
                .collect(),
            counts: vec!["urged".to_owned()],
            ..Process::default()
        };
        let register = |name: &str| {
            let fields = vec![field("duty", leading("other"))];
            Register { name: name.to_owned(), key: "code".to_owned(), fields, ..Register::default() }
        };
        let of = |name: &str, filter| {
            let of = Source::Process("matter".to_owned());
            let measure = Measure { filter, ..Measure::counting(name, of, Moment::Opened) };
            (name.to_owned(), measure)
        };
        let rows = Measure {
            filter: path(&["previous", "kind", "duty", "rank"]),
            ..Measure::counting("rows", Source::Register("kind".to_owned()), Moment::ValidFrom)
        };
        let both = [path(&["case", "kind", "title"]), path(&["case", "more", "title"])];
        Model {
            processes: [("matter".to_owned(), matter)].into(),
            registers: ["kind", "other", "far"].map(|name| (name.to_owned(), register(name))).into(),
            seeds: ["kind", "other", "far"].map(|name| (name.to_owned(), vec![seed("1")])).into(),
            measures: [
                of("all", None),
                of("by_value", path(&["case", "kind"])),
                of("by_row", path(&["case", "kind", "code"])),
                of("by_both", Some(Expr::List(both.into_iter().flatten().collect()))),
                of("by_cost", path(&["case", "bills", "cost"])),
                of("by_county", path(&["case", "at", "county"])),
                of("by_urging", path(&["case", "urged"])),
                of("by_paper", path(&["document", "kind", "valid"])),
                ("rows".to_owned(), rows),
            ]
            .into(),
            ..Model::default()
        }
    }

    fn changed(change: impl FnOnce(&mut Model)) -> Vec<String> {
        let (old, mut new) = (model(), model());
        change(&mut new);
        let names = old.measures.keys().chain(new.measures.keys()).collect::<BTreeSet<&String>>();
        names.into_iter().filter(|name| !is_counted_alike(name, &old, &new)).cloned().collect()
    }

    fn process(model: &mut Model) -> &mut Process {
        model.processes.get_mut("matter").unwrap()
    }

    fn form(model: &mut Model) -> &mut Vec<Field> {
        &mut process(model).form
    }

    fn register<'m>(model: &'m mut Model, name: &str) -> &'m mut Register {
        model.registers.get_mut(name).unwrap()
    }

    #[test]
    fn words_and_new_fields_change_no_figure() {
        assert_eq!(changed(|_| ()), [""; 0]);
        assert_eq!(changed(|new| form(new)[0].title = Text::new("类别", "Kind")), [""; 0]);
        assert_eq!(changed(|new| form(new).push(field("far", FieldKind::default()))), [""; 0]);
        assert_eq!(changed(|new| form(new)[4].kind = leading("far")), [""; 0]);
        assert_eq!(changed(|new| register(new, "kind").title = Text::new("类", "Kinds")), [""; 0]);
        assert_eq!(changed(|new| register(new, "kind").fields[0].title = Text::new("职责", "Duty")), [""; 0]);
    }

    #[test]
    fn where_a_reference_leads_matters_to_what_follows_it() {
        assert_eq!(changed(|new| form(new)[0].kind = leading("other")), ["by_both", "by_row"]);
        assert_eq!(changed(|new| form(new)[0].kind = several("kind")), ["by_both", "by_row"]);
        assert_eq!(changed(|new| register(new, "kind").fields[0].kind = leading("far")), ["rows"]);
        let swapped = |new: &mut Model| {
            form(new)[0].kind = leading("other");
            form(new)[1].kind = leading("kind");
        };
        assert_eq!(changed(swapped), ["by_both", "by_row"], "the same registers by other names");
    }

    #[test]
    fn what_a_name_stands_for_matters() {
        assert_eq!(changed(|new| form(new)[2].kind = table("sum")), ["by_cost"]);
        assert_eq!(changed(|new| form(new)[3].kind = FieldKind::default()), ["by_county"]);
        assert_eq!(changed(|new| process(new).counts.clear()), ["by_urging"]);
        assert_eq!(changed(|new| new.processes.clear()).len(), 8, "all but the one of rows");
    }

    #[test]
    fn rows_of_a_register_matter_to_what_reads_them() {
        let more = |new: &mut Model, name: &str| new.seeds.get_mut(name).unwrap().push(seed("2"));
        assert_eq!(changed(|new| more(new, "far")), [""; 0]);
        assert_eq!(changed(|new| more(new, "other")), ["by_both", "rows"]);
        assert_eq!(changed(|new| more(new, "kind")), ["by_both", "by_row", "rows"]);
        assert_eq!(changed(|new| register(new, "kind").dated = true), ["by_both", "by_row", "rows"]);
        assert_eq!(changed(|new| register(new, "far").dated = true), [""; 0]);
    }

    #[test]
    fn a_definition_that_changed_came_or_went_is_counted_anew() {
        assert_eq!(changed(|new| new.measures.get_mut("all").unwrap().at = Moment::Always), ["all"]);
        assert_eq!(changed(|new| drop(new.measures.remove("by_value"))), ["by_value"]);
        let newly = |new: &mut Model| {
            let of = Source::Process("matter".to_owned());
            new.measures.insert("newly".to_owned(), Measure::counting("newly", of, Moment::Always));
        };
        assert_eq!(changed(newly), ["newly"]);
    }

    #[test]
    fn a_register_that_is_counted_or_named_to_a_function_is_read() {
        let count = |register: &str| {
            let of = crate::expr::RowsOf { register: register.to_owned(), sum: None, matching: Vec::new() };
            Some(Expr::List(vec![Expr::Rows(Box::new(of))]))
        };
        let name = |register: &str| Some(Expr::Not(Box::new(Expr::Lit(Value::String(register.to_owned())))));
        for filter in [count("far"), name("far")] {
            let (mut old, mut new) = (model(), model());
            for model in [&mut old, &mut new] {
                model.measures.get_mut("all").unwrap().filter.clone_from(&filter);
            }
            assert!(is_counted_alike("all", &old, &new));
            new.seeds.get_mut("far").unwrap().push(seed("2"));
            assert!(!is_counted_alike("all", &old, &new));
        }
    }
}
