//! Which rows of other registers the cells of a file mean: by their key, by the name they are listed under, or by a value that
//! stands once in their register. A name that several rows have is never guessed at.
//!
//! Only rows the reader may read are found by name; any other is named by its key, as in forms.

use super::cells::{BETWEEN, key};
use super::check::Prepared;
use super::columns::Column;
use crate::error::Error;
use crate::staff::registers::{Readable, readable, rows};
use crate::web::Web;
use ganglion_kernel::decide::row_who::RowReach;
use ganglion_kernel::port_rows::{RowFilter, RowOrder};
use ganglion_model::pack::{FieldKind, Register, Scope};
use ganglion_model::units::half_width;
use ganglion_model::{PlaceCode, Record, Shard};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Rows read at a time.
const ROWS_AT_ONCE: u32 = 1_000;

/// A row something is called.
#[derive(Clone, Debug)]
struct Named {
    shard: Shard,
    key: String,
    place: Option<PlaceCode>,
}

/// What a cell may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The row with this key.
    One(String),
    /// Rows with these keys.
    Several(Vec<String>),
    /// None that is known here.
    Nothing,
}

/// The rows that the cells of a file may mean: by register, then by what is written, as it is compared.
#[derive(Debug, Default)]
pub struct RowNames(HashMap<String, HashMap<String, Vec<Named>>>);

/// What is written as it is compared: without spaces, width or case.
fn bare(text: &str) -> String {
    half_width(text).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

impl RowNames {
    /// Finds what the cells of references in a file may mean.
    ///
    /// # Errors
    /// Storage.
    pub async fn read(web: &Web, prepared: &Prepared) -> Result<RowNames, Error> {
        let mut names = RowNames::default();
        for (register, wanted) in wanted(prepared) {
            let Ok(found) = readable(web, &register) else { continue };
            names.0.insert(register, called(web, &found, &wanted).await?);
        }
        Ok(names)
    }

    /// The row of `register` that `cell` means for a row kept in `shard` at `near`. A key goes before a name, and of several
    /// rows called so the only one in the place is meant.
    #[must_use]
    pub fn find(&self, register: &str, cell: &str, (shard, near): (Shard, Option<PlaceCode>)) -> Meant {
        let Some(names) = self.0.get(register) else { return Meant::Nothing };
        let here = |text: &str| -> Vec<&Named> {
            let all = names.get(&bare(text)).into_iter().flatten();
            all.filter(|one| one.shard == Shard::DEPLOYMENT || one.shard == shard).collect()
        };
        if here(key(cell)).iter().any(|one| one.key == key(cell)) {
            return Meant::One(key(cell).to_owned());
        }
        let found = here(cell);
        let inside = |one: &Named| near.zip(one.place).is_some_and(|(near, place)| near.holds(place));
        let near: Vec<&Named> = found.iter().copied().filter(|one| inside(one)).collect();
        let meant = if near.len() == 1 { near } else { found };
        match meant.as_slice() {
            [] => Meant::Nothing,
            [one] => Meant::One(one.key.clone()),
            all => Meant::Several(all.iter().map(|one| one.key.clone()).collect()),
        }
    }
}

/// What is written in cells of references, as it is compared, by the register they refer to.
fn wanted(prepared: &Prepared) -> HashMap<String, HashSet<String>> {
    let mut all: HashMap<String, HashSet<String>> = HashMap::new();
    for (at, column) in &prepared.header.columns {
        let Column::Field(index) = column else { continue };
        let (register, several) = match &prepared.register.fields[*index].kind {
            FieldKind::Ref { register } => (register, false),
            FieldKind::Refs { register, .. } => (register, true),
            _ => continue,
        };
        let texts = all.entry(register.clone()).or_default();
        let cells = prepared.sheet.rows.iter().skip(prepared.header.row + 1).filter_map(|row| row.get(*at));
        for cell in cells.map(|cell| cell.trim()).filter(|cell| !cell.is_empty()) {
            if several {
                texts.extend(cell.split(BETWEEN).map(bare));
            } else {
                texts.extend([bare(cell), bare(key(cell))]);
            }
        }
    }
    all
}

/// The rows of a register that hold today and are called one of `wanted`.
async fn called(
    web: &Web,
    readable: &Readable<'_>,
    wanted: &HashSet<String>,
) -> Result<HashMap<String, Vec<Named>>, Error> {
    let place = match (readable.register.scope, readable.reach) {
        (Scope::Place(_), RowReach::Within(place)) => Some(place),
        _ => None,
    };
    let filter = RowFilter { place, ..RowFilter::of(&readable.register.name, web.today()) };
    let (order, mut after) = (RowOrder::default(), None);
    let mut found: HashMap<String, Vec<Named>> = HashMap::new();
    loop {
        let page = rows::page(web, readable.register, (&filter, &order), after.as_ref(), ROWS_AT_ONCE).await?;
        for record in &page.rows {
            for name in names_of(readable.register, record).into_iter().filter(|name| wanted.contains(name)) {
                let named = Named { shard: record.shard, key: record.key.clone(), place: record.place };
                found.entry(name).or_default().push(named);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// What a row is called, as it is compared: its key, its label in every language, and values that stand once. Personal values
/// name nobody.
fn names_of(register: &Register, record: &Record) -> BTreeSet<String> {
    let labels = ["", "_zh", "_en"].map(|ending| format!("{}{ending}", register.label));
    let names = register.fields.iter().filter(|field| !field.personal && field.see.is_empty());
    let names = names.filter(|field| field.unique || labels.contains(&field.name));
    let values = names.filter_map(|field| record.fields.get(&field.name)).filter_map(Value::as_str);
    values.chain([record.key.as_str()]).map(bare).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> RowNames {
        let named = |key: &str, place: &str| {
            let place: PlaceCode = place.parse().unwrap();
            Named { shard: place.shard(), key: key.to_owned(), place: Some(place) }
        };
        let (east, west) = (named("W1", "130903001"), named("W2", "130903002"));
        let other = named("W3", "130902001");
        let of = |name: &str, all: &[&Named]| (bare(name), all.iter().copied().cloned().collect::<Vec<Named>>());
        let wells = [
            of("East well", &[&east, &other]),
            of("Well", &[&east, &west]),
            of("W1", &[&east]),
            of("W2", &[&west, &named("W9", "130903001")]),
        ];
        RowNames([("well".to_owned(), wells.into())].into())
    }

    #[test]
    fn a_cell_means_a_key_then_a_name_and_never_one_of_several() {
        let names = names();
        let find = |cell: &str, near: &str| {
            let near: Option<PlaceCode> = near.parse().ok();
            names.find("well", cell, (Shard(130_903), near))
        };
        let one = |key: &str| Meant::One(key.to_owned());
        assert_eq!(find("W1", ""), one("W1"));
        assert_eq!(find("W1 · East well", ""), one("W1"), "as an exported list has it");
        assert_eq!(find("Ｅａｓｔ　WELL", ""), one("W1"), "the one of another county is not meant");
        assert_eq!(find("W2", ""), one("W2"), "a key goes before the name of another row");
        assert_eq!(find("Well", ""), Meant::Several(vec!["W1".to_owned(), "W2".to_owned()]));
        assert_eq!(find("Well", "130903002"), one("W2"), "the only one in the place");
        assert_eq!(find("North", ""), Meant::Nothing);
        assert_eq!(names.find("lamp", "W1", (Shard(130_903), None)), Meant::Nothing);
    }
}
