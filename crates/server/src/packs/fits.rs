//! Which fields must be looked at row by row when one version follows another, and what each row is asked.

use super::obstacle::Obstacle;
use ganglion_kernel::World;
use ganglion_kernel::decide::{FormContext, still_fits};
use ganglion_kernel::packs::Unique;
use ganglion_kernel::seal::is_sealed;
use ganglion_model::pack::{Field, FieldKind, Process, Required};
use ganglion_model::scope::ActorView;
use ganglion_model::{Case, Fields, Model, Shard};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one field's values are asked.
pub struct FieldCheck {
    field: Field,
    path: String,
    retyped: bool,
    required: bool,
    unique: bool,
    /// Codes that are gone from its list.
    codes: BTreeSet<String>,
    /// Values seen, for those that may stand once: the first row that has each.
    seen: BTreeMap<(Shard, String), String>,
}

/// The checks that `old` fields give when they become `new`. Fields that stay as they are give none.
pub fn checks(owner: &str, (old, new): (&[Field], &[Field]), lists: (&Model, &Model), is_row: bool) -> Vec<FieldCheck> {
    let mut all = Vec::new();
    for field in new {
        let before = old.iter().find(|one| one.name == field.name);
        let codes = codes_gone(&field.kind, lists);
        let is_required = |field: &Field| field.required == Required::Yes && field.when.is_none();
        let check = FieldCheck {
            path: format!("{owner}.{}", field.name),
            retyped: before.is_some_and(|before| before.kind != field.kind),
            // A case was asked when it was opened; a row of a register is asked whenever it is changed.
            required: is_row && is_required(field) && !before.is_some_and(is_required) && field.default.is_none(),
            unique: field.unique && !before.is_some_and(|before| before.unique),
            codes,
            seen: BTreeMap::new(),
            field: field.clone(),
        };
        if check.retyped || check.required || check.unique || !check.codes.is_empty() {
            all.push(check);
        }
    }
    all
}

fn codes_gone(kind: &FieldKind, (old, new): (&Model, &Model)) -> BTreeSet<String> {
    let (FieldKind::Choice { list } | FieldKind::Choices { list }) = kind else { return BTreeSet::new() };
    let codes = |model: &Model| -> BTreeSet<String> {
        model.lists.get(list).map(|list| list.codes.iter().map(|code| code.code.clone()).collect()).unwrap_or_default()
    };
    codes(old).difference(&codes(new)).cloned().collect()
}

/// A row as checks see it.
pub struct Row<'a> {
    /// Shard.
    pub shard: Shard,
    /// Number or key.
    pub name: &'a str,
    /// Values.
    pub fields: &'a Fields,
    /// The case, if it is one.
    pub case: Option<&'a Case>,
}

/// What was found so far.
#[derive(Default)]
pub struct Found {
    /// Obstacles by kind and path.
    pub obstacles: BTreeMap<(&'static str, String), Obstacle>,
    /// Values that may stand once from now on.
    pub unique: Vec<Unique>,
}

impl Found {
    /// One row more for an obstacle.
    pub fn add(&mut self, code: &'static str, path: &str, name: &str) {
        let key = (code, path.to_owned());
        self.obstacles.entry(key).or_insert_with(|| Obstacle::new(code, path)).add(name);
    }
}

impl FieldCheck {
    /// Asks one row.
    pub fn look(&mut self, (world, process): (&World, &Process), row: &Row<'_>, now: Timestamp, found: &mut Found) {
        let Some(value) = row.fields.get(&self.field.name).filter(|value| !value.is_null()) else {
            if self.required {
                found.add("value-missing", &self.path, row.name);
            }
            return;
        };
        if value.as_str().is_some_and(is_sealed) {
            return;
        }
        for code in self.codes.iter().filter(|code| has(value, code)) {
            let list = match &self.field.kind {
                FieldKind::Choice { list } | FieldKind::Choices { list } => list.as_str(),
                _ => "",
            };
            found.add("code-in-use", &format!("{list}.{code}"), row.name);
        }
        if self.retyped && self.codes.is_empty() {
            let actor = ActorView::default();
            let context = FormContext { world, rows: world, process, case: row.case, before: None, actor: &actor, now };
            if !still_fits(&context, &self.field, value) {
                found.add("value-unfit", &self.path, row.name);
            }
        }
        if self.unique {
            self.once(row, value, found);
        }
    }

    fn once(&mut self, row: &Row<'_>, value: &Value, found: &mut Found) {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
        match self.seen.get(&(row.shard, text.clone())) {
            Some(first) if first != row.name => found.add("value-twice", &self.path, row.name),
            Some(_) => {}
            None => {
                found.unique.push((row.shard, self.path.clone(), text.clone(), row.name.to_owned()));
                self.seen.insert((row.shard, text), row.name.to_owned());
            }
        }
    }
}

fn has(value: &Value, code: &str) -> bool {
    match value {
        Value::String(text) => text == code,
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(code)),
        _ => false,
    }
}
