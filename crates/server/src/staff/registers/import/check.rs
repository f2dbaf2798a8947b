//! A file made ready to be tried and committed: its sheet against its register. The trying itself is in [`super::tried`].

use super::cells::Reader;
use super::columns::{self, FrameWords, Header};
use super::named::RowNames;
use super::plan::Plan;
use super::table::Sheet;
use crate::place_names::PlaceNames;
use crate::web::Web;
use ganglion_kernel::World;
use ganglion_model::change::{Body, Command};
use ganglion_model::pack::{Register, Scope};
use ganglion_model::{Lang, Level, PlaceCode, Record, RowKey, Shard};
use std::collections::HashMap;
use std::sync::Arc;

/// A file made ready: its sheet, its header, and how its cells are read.
pub struct Prepared {
    /// The world it is tried in.
    pub world: Arc<World>,
    /// The register.
    pub register: Register,
    /// The sheet.
    pub sheet: Arc<Sheet>,
    /// Its header.
    pub header: Header,
    yes_no: (Vec<String>, Vec<String>),
    some_shard: Shard,
    names: PlaceNames,
    /// Rows of other registers by what the cells call them; none until they are read.
    pub rows: RowNames,
    stand_in: Option<PlaceCode>,
    /// Some place rows may be kept at: a row whose own cannot be read is tried there, for what else is wrong with it.
    pub some_place: Option<PlaceCode>,
}

impl Prepared {
    /// Reads the sheet of an import against its register; `None` when its header is not found.
    #[must_use]
    pub fn new(web: &Web, register: &Register, sheet: Arc<Sheet>) -> Option<Prepared> {
        let both = |keys: &[&str]| -> Vec<String> {
            let langs = [Lang::Zh, Lang::En];
            langs.iter().flat_map(|lang| keys.iter().map(|key| web.said_in(*lang, key))).collect()
        };
        let words = FrameWords {
            place: place_words(register, &both),
            from: both(&["row-from"]),
            until: both(&["row-until-short"]),
            why: both(&["row-why"]),
            beside: both(&["reg-key", "reg-valid"]),
        };
        let header = columns::header(register, &words, &sheet.rows)?;
        let has_place =
            register.field("place").is_some() || header.columns.iter().any(|(_, one)| *one == columns::Column::Place);
        let root = web.post().map_or(web.world.places.root, |post| post.place);
        let some_place = stand_in(web, register, root);
        let county = root.at(Level::County);
        let some_shard = county.map_or_else(
            || crate::staff::find::counties(web, root).first().copied().unwrap_or(Shard::DEPLOYMENT),
            |county| county.shard(),
        );
        Some(Prepared {
            names: crate::staff::find::place_names(web, root),
            rows: RowNames::default(),
            // A row whose cell for the place is empty is not put anywhere: only a whole column may be stood in for.
            stand_in: if has_place { None } else { some_place },
            some_place,
            world: web.world.clone(),
            register: register.clone(),
            sheet,
            header,
            yes_no: (both(&["yes"]), both(&["no"])),
            some_shard,
        })
    }

    /// The plan over the file, with its reader.
    pub fn with_plan<T>(&self, each: impl FnOnce(&Plan<'_>) -> T) -> T {
        let reader = Reader { model: &self.world.model, places: &self.names, rows: &self.rows, yes_no: &self.yes_no };
        each(&Plan {
            register: &self.register,
            header: &self.header,
            rows: &self.sheet.rows,
            reader: &reader,
            some_shard: self.some_shard,
            stand_in: self.stand_in,
        })
    }
}

/// What a column with the places of rows may be headed: place, its name, its code, or the word for its level.
fn place_words(register: &Register, both: &dyn Fn(&[&str]) -> Vec<String>) -> Vec<String> {
    let mut words = both(&["col-place", "import-place-name", "import-place-code"]);
    if let Scope::Place(level) = register.scope {
        let word = format!("level-{}", level.as_str());
        words.extend(both(&[word.as_str()]));
    }
    words
}

/// Some place at which rows of the register are kept.
fn stand_in(web: &Web, register: &Register, root: PlaceCode) -> Option<PlaceCode> {
    let Scope::Place(level) = register.scope else { return None };
    root.at(level).or_else(|| {
        let mut inside = web.world.places.tree.inside(root, web.today());
        inside.find(|place| place.code.level() == level).map(|place| place.code)
    })
}

/// The newest version of each row.
pub fn newest(records: &[Record]) -> HashMap<RowKey, Record> {
    let mut newest: HashMap<RowKey, Record> = HashMap::new();
    for record in records {
        let known = newest.entry(record.row_key()).or_insert_with(|| record.clone());
        if (record.version, record.valid_from) > (known.version, known.valid_from) {
            *known = record.clone();
        }
    }
    newest
}

/// A row that is not there is put as a new one, and every row says which version was seen.
pub fn settle_key(world: &World, command: &mut Command, known: &HashMap<RowKey, Record>) {
    let Body::Row { wish } = &mut command.body else { return };
    let key = wish.key.clone().unwrap_or_default();
    let stored = known.get(&(command.shard, wish.register.clone(), key.clone()));
    let version = stored.map(|one| one.version).or_else(|| {
        let versions = world.versions(&wish.register, &key);
        versions.iter().map(|one| one.version).max()
    });
    if version.is_none() {
        wish.key = None;
    }
    wish.version = Some(version.unwrap_or(0));
}
