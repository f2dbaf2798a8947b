//! Editions of the division list into dated places.
//!
//! An edition names what was in force on its day. A code that stands in several editions under one name is one place over
//! the whole span; a new name or kind begins a new version; a code that is gone ended on the day of the edition that no
//! longer has it. What became of a recoded place comes from the list of changes.

use anyhow::{Context as _, Result, bail};
use ganglion_model::{Place, PlaceCode, PlaceKind};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One edition: the day it speaks of, and its rows.
pub struct Edition {
    /// As of.
    pub day: Date,
    /// Code to kind and name.
    pub rows: BTreeMap<PlaceCode, (PlaceKind, String)>,
}

/// Reads the text of an edition (columns `code`, `kind`, `name`, others ignored).
///
/// # Errors
/// Names every bad line.
pub fn edition(day: Date, text: &str) -> Result<Edition> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name).with_context(|| format!("no column {name:?}"));
    let (code_at, kind_at, name_at) = (column("code")?, column("kind")?, column("name")?);
    let mut rows = BTreeMap::new();
    let mut bad = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let line = index + 2;
        let parsed = record.map_err(|e| e.to_string()).and_then(|record| {
            let cell = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
            let code: PlaceCode = cell(code_at).parse().map_err(|e| format!("{e}"))?;
            let kind = serde_json::from_value(serde_json::Value::String(cell(kind_at)))
                .map_err(|_| format!("{:?} is no kind of place", cell(kind_at)))?;
            Ok((code, (kind, cell(name_at))))
        });
        match parsed {
            Ok((code, row)) => {
                if rows.insert(code, row).is_some() {
                    bad.push(format!("line {line}: {code} stands twice"));
                }
            }
            Err(why) => bad.push(format!("line {line}: {why}")),
        }
    }
    if !bad.is_empty() {
        bail!("{} bad lines:\n{}", bad.len(), bad.join("\n"));
    }
    Ok(Edition { day, rows })
}

/// From the list of changes: new code to old codes.
///
/// # Errors
/// When the list cannot be read.
pub fn predecessors(text: &str) -> Result<HashMap<PlaceCode, Vec<PlaceCode>>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|h| h == name).with_context(|| format!("no column {name:?}"));
    let (change_at, old_at, new_at) = (column("change")?, column("old_code")?, column("new_code")?);
    let mut found: HashMap<PlaceCode, Vec<PlaceCode>> = HashMap::new();
    for record in reader.records() {
        let record = record?;
        let cell = |at: usize| record.get(at).unwrap_or_default();
        if cell(change_at).starts_with("recoded") {
            found.entry(cell(new_at).parse()?).or_default().push(cell(old_at).parse()?);
        }
    }
    Ok(found)
}

/// Joins editions, earliest first, into dated places. Places of the last edition are open-ended.
#[must_use]
pub fn dated(editions: &[Edition], predecessors: &HashMap<PlaceCode, Vec<PlaceCode>>) -> Vec<Place> {
    let mut open: BTreeMap<PlaceCode, Place> = BTreeMap::new();
    let mut done = Vec::new();
    for edition in editions {
        let gone: Vec<PlaceCode> = open
            .iter()
            .filter(|(code, place)| {
                edition.rows.get(code).is_none_or(|(kind, name)| *kind != place.kind || *name != place.name)
            })
            .map(|(code, _)| *code)
            .collect();
        for code in gone {
            if let Some(place) = open.remove(&code) {
                done.push(Place { valid_to: Some(edition.day), ..place });
            }
        }
        for (code, (kind, name)) in &edition.rows {
            open.entry(*code).or_insert_with(|| Place {
                code: *code,
                name: name.clone(),
                kind: *kind,
                valid_from: edition.day,
                valid_to: None,
                predecessors: predecessors.get(code).cloned().unwrap_or_default(),
                host: None,
                synthetic: false,
                official: None,
            });
        }
    }
    done.extend(open.into_values());
    done.sort_by_key(|place| (place.code, place.valid_from));
    done
}

/// A city's folder of editions, described by its `editions.json`: `[{"day": "2021-10-31", "file": "2021.csv"}, …]`.
///
/// # Errors
/// When a file is missing or bad.
pub fn from_folder(dir: &Path) -> Result<Vec<Place>> {
    #[derive(serde::Deserialize)]
    struct Item {
        day: Date,
        file: String,
    }
    let read = |name: &str| {
        std::fs::read_to_string(dir.join(name)).with_context(|| format!("reading {}", dir.join(name).display()))
    };
    let items: Vec<Item> = serde_json::from_str(&read("editions.json")?).context("editions.json")?;
    let editions: Vec<Edition> = items
        .iter()
        .map(|item| edition(item.day, &read(&item.file)?).with_context(|| item.file.clone()))
        .collect::<Result<_>>()?;
    Ok(dated(&editions, &predecessors(&read("changes.csv")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::{Level, PlaceTree};
    use jiff::civil::date;

    fn folder() -> Vec<Place> {
        from_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/divisions")).unwrap()
    }

    #[test]
    fn the_traps_of_the_division_list_hold() {
        let (tree, errors) = PlaceTree::build(folder());
        assert_eq!(errors, vec![]);
        let city: PlaceCode = "1309".parse().unwrap();
        let (mid_2022, now) = (date(2022, 6, 30), date(2024, 1, 1));
        for day in [mid_2022, now] {
            assert_eq!(tree.governments(city, Level::Township, day), 191, "not 209");
        }
        assert_eq!(tree.inside(city, now).filter(|p| p.code.level() == Level::Township).count(), 209);
        let villages = |code: &str, day| {
            tree.inside(code.parse().unwrap(), day).filter(|p| p.code.level() == Level::Village).count()
        };
        assert_eq!(villages("130903", mid_2022), 135);
        assert_eq!(villages("130903", now), 142);
        assert_eq!(tree.children(city, now).filter(|p| p.kind == PlaceKind::DevZone).count(), 3);
        assert_eq!(tree.children(city, now).filter(|p| p.kind.is_government()).count(), 16);
    }

    #[test]
    fn recoded_townships_are_found_under_their_new_code() {
        let (tree, _) = PlaceTree::build(folder());
        let now = date(2024, 1, 1);
        let gone: Vec<&Place> =
            tree.versions().filter(|p| p.code.level() == Level::Township && p.valid_to.is_some()).collect();
        let followed = gone.iter().filter(|p| tree.current(p.code, now).is_some()).count();
        assert!(followed >= 8, "8 townships became towns from 2022 to 2023; followed {followed}");
    }

    #[test]
    fn every_bad_line_is_named() {
        let text = "code,kind,name\n13,province,a\n13x,city,b\n1309,nothing,c\n13,province,d\n";
        let error = edition(date(2021, 1, 1), text).err().unwrap().to_string();
        assert!(error.starts_with("3 bad lines"), "{error}");
        assert!(error.contains("line 3") && error.contains("line 4") && error.contains("line 5"), "{error}");
    }
}
