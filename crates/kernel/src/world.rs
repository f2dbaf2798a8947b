//! What `decide` knows besides the rows a command touches: packs, places, calendar, reference registers, posts. An
//! immutable snapshot, replaced as a whole when something in it changes.

use ganglion_geo::PlaceIndex;
use ganglion_model::clocks::Office;
use ganglion_model::pack::Field;
use ganglion_model::row::Record;
use ganglion_model::scope::Rows;
use ganglion_model::{Level, Model, Place, PlaceCode, PlaceTree, Posts};
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;

/// Places with their outlines.
#[derive(Clone)]
pub struct Places {
    /// The dated tree.
    pub tree: Arc<PlaceTree>,
    /// Outlines of the edition in force; keys are padded codes, layers the digits of a level's codes.
    pub index: Arc<PlaceIndex>,
    /// Name of that edition, kept with every routing.
    pub edition: String,
    /// The place the whole installation serves.
    pub root: PlaceCode,
}

impl Places {
    /// The layer of a level in the index.
    #[must_use]
    pub fn layer(level: Level) -> u8 {
        u8::try_from(level.digits()).unwrap_or(u8::MAX)
    }

    /// The name of a place on `day`, its code when it is unknown.
    #[must_use]
    pub fn name(&self, code: PlaceCode, day: Date) -> String {
        self.tree.known(code, day).map_or_else(|| code.to_string(), |place| place.name.clone())
    }

    /// From the county down to the place, as far as they are known.
    #[must_use]
    pub fn path(&self, code: PlaceCode, day: Date) -> Vec<&Place> {
        let mut path: Vec<&Place> = std::iter::once(code)
            .chain(code.ancestors())
            .take_while(|code| code.level() >= Level::County)
            .filter_map(|code| self.tree.known(code, day))
            .collect();
        path.reverse();
        path
    }
}

/// Rows of registers kept for the whole deployment: by register and key, versions in order of validity.
pub type ReferenceRows = HashMap<String, HashMap<String, Vec<Record>>>;

/// The snapshot.
#[derive(Clone)]
pub struct World {
    /// Installed packs.
    pub model: Arc<Model>,
    /// Places.
    pub places: Places,
    /// Calendar and office hours.
    pub office: Office,
    /// Registers of the deployment.
    pub reference: Arc<ReferenceRows>,
    /// Posts.
    pub posts: Arc<Posts>,
}

impl World {
    /// The newest version of a reference row whatever the day: for showing old cases.
    #[must_use]
    pub fn latest(&self, register: &str, key: &str) -> Option<&Record> {
        self.reference.get(register)?.get(key)?.last()
    }

    /// All rows of a reference register that hold on `day`, in key order.
    #[must_use]
    pub fn rows_on(&self, register: &str, day: Date) -> Vec<&Record> {
        let mut rows: Vec<&Record> = self
            .reference
            .get(register)
            .into_iter()
            .flat_map(HashMap::values)
            .filter_map(|versions| versions.iter().rev().find(|record| record.valid_on(day)))
            .collect();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        rows
    }

    /// The same world with `records` of deployment registers put in place; records kept by place are left out.
    #[must_use]
    pub fn with_records(&self, records: impl IntoIterator<Item = Record>) -> World {
        let mut reference = ReferenceRows::clone(&self.reference);
        for record in records {
            let deployed = self
                .model
                .registers
                .get(&record.register)
                .is_some_and(|r| r.scope == ganglion_model::pack::Scope::Deployment);
            if !deployed {
                continue;
            }
            let versions = reference.entry(record.register.clone()).or_default().entry(record.key.clone()).or_default();
            versions.retain(|old| old.valid_from != record.valid_from);
            versions.push(record);
            versions.sort_by_key(|record| record.valid_from);
        }
        World { reference: Arc::new(reference), ..self.clone() }
    }
}

impl Rows for World {
    fn row(&self, register: &str, key: &str, day: Date) -> Option<&Record> {
        self.reference.get(register)?.get(key)?.iter().rev().find(|record| record.valid_on(day))
    }

    fn fields(&self, register: &str) -> &[Field] {
        self.model.registers.get(register).map_or(&[], |register| &register.fields)
    }
}
