//! Whether what a measure counts can have changed with the packs: its definition, how the names in it are read, and the rows of
//! registers they lead to. Values are kept as they were written, so that titles, helps, checks and whatever else a pack says of a
//! field change no figure. What places are is no matter of packs and not looked at.

use crate::expr::{Expr, Path};
use crate::pack::{Field, FieldKind, Measure, Model, Register, Source};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is met on the way of a path.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Met<'m> {
    /// Rows of a register, one or several.
    Rows(&'m str, bool),
    /// A column of a table.
    Column(&'m str),
    /// A place.
    Place,
    /// A number that a process counts.
    Count(&'m str),
}

/// Whether `measure`, which both models have, counts the same of the same rows in both.
#[must_use]
pub fn is_counted_alike(name: &str, old: &Model, new: &Model) -> bool {
    let (Some(before), Some(after)) = (old.measures.get(name), new.measures.get(name)) else { return false };
    if before != after {
        return false;
    }
    if let Source::Register(register) = &after.of
        && (old.registers.get(register) != new.registers.get(register) || !has_same_rows(register, old, new))
    {
        return false;
    }
    let (was, is) = (met(after, old), met(after, new));
    let registers = is.iter().filter_map(|met| if let Met::Rows(register, _) = met { Some(register) } else { None });
    was == is && registers.into_iter().all(|register| has_same_rows(register, old, new))
}

/// Whether the rows a register begins with, and the way they are found, are the same.
fn has_same_rows(register: &str, old: &Model, new: &Model) -> bool {
    let way = |register: &Register| {
        let Register { scope, key, also_key, dated, series, .. } = register.clone();
        (scope, key, also_key, dated, series)
    };
    let [was, is] = [old, new].map(|model| model.registers.get(register).map(way));
    was == is && old.seeds.get(register) == new.seeds.get(register)
}

/// Everything that is met on the way of the names of a measure.
fn met<'m>(measure: &'m Measure, model: &'m Model) -> BTreeSet<Met<'m>> {
    let values = [&measure.filter, &measure.value, &measure.place, &measure.member].into_iter().flatten();
    let mut all = BTreeSet::new();
    for value in values.chain(measure.by.iter().map(|dim| &dim.of)) {
        let mut paths = Vec::new();
        value.paths(&mut paths);
        paths.into_iter().for_each(|path| follow(path, (measure, model), &mut all));
        named(value, model, &mut all);
    }
    all
}

/// What is met from the first name behind `case.` or `row.` on.
fn follow<'m>(path: &'m Path, (measure, model): (&'m Measure, &'m Model), all: &mut BTreeSet<Met<'m>>) {
    let Some((_, rest)) = path.split_first() else { return };
    let [own, later]: [&[Field]; 2] = match &measure.of {
        Source::Process(name) => {
            let Some(process) = model.processes.get(name) else { return };
            let counted = rest.first().filter(|first| process.counts.contains(first));
            all.extend(counted.map(|name| Met::Count(name)));
            [&process.form, &process.fields]
        }
        Source::Register(name) => [model.registers.get(name).map_or(&[], |register| &register.fields), &[]],
    };
    let is_own = rest.first().is_some_and(|first| own.iter().any(|field| field.name == *first));
    further(rest, (if is_own { own } else { later }, model), all);
}

/// What is met where a path goes on behind a field, as [`crate::scope::follow`] goes.
fn further<'m>(path: &'m [String], (declared, model): (&'m [Field], &'m Model), all: &mut BTreeSet<Met<'m>>) {
    let Some((name, rest)) = path.split_first().filter(|(_, rest)| !rest.is_empty()) else { return };
    let behind = |register: &'m str, several, all: &mut BTreeSet<Met<'m>>| {
        all.insert(Met::Rows(register, several));
        let fields = model.registers.get(register).map_or(&[][..], |register| &register.fields);
        further(rest, (fields, model), all);
    };
    match declared.iter().find(|field| field.name == *name).map(|field| &field.kind) {
        Some(FieldKind::Ref { register }) => behind(register, false, all),
        Some(FieldKind::Refs { register, .. }) => behind(register, true, all),
        Some(FieldKind::Table { fields, .. }) => {
            let column = rest.first().filter(|name| fields.iter().any(|field| field.name == **name));
            all.extend(column.map(|name| Met::Column(name)));
        }
        Some(FieldKind::Place { .. }) => {
            all.insert(Met::Place);
        }
        _ => {}
    }
}

/// Registers whose rows an expression counts, and those it names to a function.
fn named<'m>(value: &'m Expr, model: &'m Model, all: &mut BTreeSet<Met<'m>>) {
    match value {
        Expr::Rows(of) => {
            all.insert(Met::Rows(&of.register, true));
        }
        Expr::Lit(Value::String(text)) if model.registers.contains_key(text) => {
            all.insert(Met::Rows(text, true));
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

    fn field(name: &str, kind: FieldKind) -> Field {
        Field { name: name.to_owned(), kind, ..Field::default() }
    }

    fn path(names: &[&str]) -> Option<Expr> {
        Some(Expr::Path(names.iter().map(|name| (*name).to_owned()).collect()))
    }

    fn seed(key: &str) -> Seed {
        Seed { key: key.to_owned(), valid_from: None, valid_to: None, fields: crate::Fields::default() }
    }

    /// A process whose cases name a kind, registers of kinds and of something else, and four measures.
    fn model() -> Model {
        let kind = FieldKind::Ref { register: "kind".to_owned() };
        let matter = Process {
            name: "matter".to_owned(),
            form: vec![field("kind", kind), field("note", FieldKind::default())],
            ..Process::default()
        };
        let register = |name: &str| Register { name: name.to_owned(), key: "code".to_owned(), ..Register::default() };
        let of = |name: &str, filter| {
            let of = Source::Process("matter".to_owned());
            let measure = Measure { filter, ..Measure::counting(name, of, Moment::Opened) };
            (name.to_owned(), measure)
        };
        let rows = Measure::counting("rows", Source::Register("kind".to_owned()), Moment::ValidFrom);
        Model {
            processes: [("matter".to_owned(), matter)].into(),
            registers: ["kind", "other"].map(|name| (name.to_owned(), register(name))).into(),
            seeds: ["kind", "other"].map(|name| (name.to_owned(), vec![seed("1")])).into(),
            measures: [
                of("all", None),
                of("by_value", path(&["case", "kind"])),
                of("by_row", path(&["case", "kind", "duty"])),
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

    fn form(model: &mut Model) -> &mut Vec<Field> {
        &mut model.processes.get_mut("matter").unwrap().form
    }

    #[test]
    fn words_and_new_fields_change_no_figure() {
        assert_eq!(changed(|_| ()), [""; 0]);
        assert_eq!(changed(|new| form(new)[0].title = Text::new("类别", "Kind")), [""; 0]);
        assert_eq!(changed(|new| form(new).push(field("more", FieldKind::default()))), [""; 0]);
        assert_eq!(changed(|new| form(new)[1].kind = FieldKind::Place { levels: Vec::new() }), [""; 0]);
    }

    #[test]
    fn where_a_reference_leads_matters_to_what_follows_it() {
        let other = FieldKind::Ref { register: "other".to_owned() };
        assert_eq!(changed(|new| form(new)[0].kind = other), ["by_row"]);
        assert_eq!(changed(|new| form(new).clear()), ["by_row"]);
    }

    #[test]
    fn rows_of_a_register_matter_to_what_reads_them() {
        assert_eq!(changed(|new| new.seeds.get_mut("other").unwrap().push(seed("2"))), [""; 0]);
        assert_eq!(changed(|new| new.seeds.get_mut("kind").unwrap().push(seed("2"))), ["by_row", "rows"]);
        assert_eq!(changed(|new| new.registers.get_mut("kind").unwrap().dated = true), ["by_row", "rows"]);
        assert_eq!(changed(|new| new.registers.get_mut("other").unwrap().dated = true), [""; 0]);
        assert_eq!(changed(|new| new.registers.get_mut("kind").unwrap().title = Text::new("类", "Kinds")), ["rows"]);
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
        for filter in [count("other"), name("other")] {
            let (mut old, mut new) = (model(), model());
            for model in [&mut old, &mut new] {
                model.measures.get_mut("all").unwrap().filter.clone_from(&filter);
            }
            assert!(is_counted_alike("all", &old, &new));
            new.seeds.get_mut("other").unwrap().push(seed("2"));
            assert!(!is_counted_alike("all", &old, &new));
        }
    }
}
