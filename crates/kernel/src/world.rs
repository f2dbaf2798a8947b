//! What `decide` knows besides the rows a command touches: packs, places, calendar, reference registers, posts. An
//! immutable snapshot, replaced as a whole when something in it changes.

use crate::areas::{self, Areas};
use ganglion_geo::PlaceIndex;
use ganglion_model::clocks::Office;
use ganglion_model::pack::Field;
use ganglion_model::row::Record;
use ganglion_model::scope::Rows;
use ganglion_model::{Level, Model, Place, PlaceCode, PlaceKind, PlaceTree, Posts};
use jiff::civil::Date;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
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

    /// The middle of a place: of its own outline, else of the middles of the grids in it. WGS-84; `None` without any.
    #[must_use]
    pub fn middle(&self, code: PlaceCode, day: Date) -> Option<[f64; 2]> {
        let of = |code: PlaceCode| self.index.middle(Places::layer(code.level()), code.padded());
        if let Some(own) = of(code) {
            return Some([own.x(), own.y()]);
        }
        let grids = self.tree.inside(code, day).filter(|place| place.code.level() == Level::Grid);
        let (mut sum, mut count) = ([0.0, 0.0], 0.0);
        for middle in grids.filter_map(|grid| of(grid.code)) {
            sum = [sum[0] + middle.x(), sum[1] + middle.y()];
            count += 1.0;
        }
        (count > 0.0).then(|| sum.map(|one| one / count))
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
pub type ReferenceRows = HashMap<String, HashMap<String, Arc<Vec<Record>>>>;

/// Changed rows kept beside the others before all are put together anew: a batch then costs what it changes, however many
/// rows there are.
const FRESH_ROWS_MIN: usize = 1024;

/// The snapshot.
#[derive(Clone)]
pub struct World {
    /// Installed packs.
    pub model: Arc<Model>,
    /// Places.
    pub places: Places,
    /// Calendar and office hours.
    pub office: Office,
    /// Registers of the deployment, as they were when all rows were last put together.
    pub reference: Arc<ReferenceRows>,
    /// Rows of theirs that changed since; each with all its versions.
    pub fresh: Arc<ReferenceRows>,
    /// Posts.
    pub posts: Arc<Posts>,
    /// Areas of rows as far as somebody asked for them.
    pub areas: Areas,
}

impl World {
    /// Every version of a row of a deployment register, in order of validity.
    #[must_use]
    pub fn versions(&self, register: &str, key: &str) -> &[Record] {
        find(&self.fresh, register, key).or_else(|| find(&self.reference, register, key)).map_or(&[], Vec::as_slice)
    }

    /// The newest version of a reference row whatever the day: for showing old cases.
    #[must_use]
    pub fn latest(&self, register: &str, key: &str) -> Option<&Record> {
        self.versions(register, key).last()
    }

    /// Every row of a deployment register by its key, in no order.
    pub(crate) fn each_key(&self, register: &str) -> impl Iterator<Item = (&String, &Arc<Vec<Record>>)> {
        let fresh = self.fresh.get(register);
        let is_old = move |key: &String| fresh.is_none_or(|rows| !rows.contains_key(key));
        let old = self.reference.get(register).into_iter().flatten().filter(move |(key, _)| is_old(key));
        old.chain(fresh.into_iter().flatten())
    }

    /// Every row of a deployment register with its versions, in no order.
    pub fn each_row(&self, register: &str) -> impl Iterator<Item = &Vec<Record>> {
        self.each_key(register).map(|(_, versions)| versions.as_ref())
    }

    /// All rows of a reference register that hold on `day`, in key order.
    #[must_use]
    pub fn rows_on(&self, register: &str, day: Date) -> Vec<&Record> {
        let mut rows: Vec<&Record> = self
            .each_row(register)
            .filter_map(|versions| versions.iter().rev().find(|record| record.valid_on(day)))
            .collect();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        rows
    }

    /// The same world with `records` of deployment registers put in place; records kept by place are left out.
    #[must_use]
    pub fn with_records(&self, records: impl IntoIterator<Item = Record>) -> World {
        let mut fresh = ReferenceRows::clone(&self.fresh);
        for record in records {
            let register = self.model.registers.get(&record.register);
            if register.is_none_or(|register| register.scope != ganglion_model::pack::Scope::Deployment) {
                continue;
            }
            let rows = fresh.entry(record.register.clone()).or_default();
            let versions = rows.entry(record.key.clone()).or_insert_with(|| {
                let old = find(&self.reference, &record.register, &record.key);
                Arc::new(old.cloned().unwrap_or_default())
            });
            put_version(Arc::make_mut(versions), record);
        }
        let count = |rows: &ReferenceRows| rows.values().map(HashMap::len).sum::<usize>();
        if count(&fresh) <= FRESH_ROWS_MIN.max(count(&self.reference) / 16) {
            return World { fresh: Arc::new(fresh), ..self.clone() };
        }
        let mut reference = ReferenceRows::clone(&self.reference);
        for (register, rows) in fresh {
            reference.entry(register).or_default().extend(rows);
        }
        World { reference: Arc::new(reference), fresh: Arc::default(), ..self.clone() }
    }
}

/// The rows registers of the deployment start with.
#[must_use]
pub fn seeded(model: &Model) -> ReferenceRows {
    let mut rows = ReferenceRows::new();
    for register in model.registers.values().filter(|one| one.scope == ganglion_model::pack::Scope::Deployment) {
        let by_key = rows.entry(register.name.clone()).or_default();
        for seed in model.seeds.get(&register.name).into_iter().flatten() {
            put_version(Arc::make_mut(by_key.entry(seed.key.clone()).or_default()), seed.record(register));
        }
    }
    rows
}

impl World {
    /// The same world without these versions: register, key, first day.
    #[must_use]
    pub fn without_records(self, gone: &[(String, String, Option<Date>)]) -> World {
        if gone.is_empty() {
            return self;
        }
        let mut fresh = ReferenceRows::clone(&self.fresh);
        for (register, key, from) in gone {
            let mut versions = self.versions(register, key).to_vec();
            versions.retain(|one| one.valid_from != *from);
            fresh.entry(register.clone()).or_default().insert(key.clone(), Arc::new(versions));
        }
        World { fresh: Arc::new(fresh), ..self }
    }
}

fn find<'a>(rows: &'a ReferenceRows, register: &str, key: &str) -> Option<&'a Vec<Record>> {
    rows.get(register)?.get(key).map(Arc::as_ref)
}

/// Puts a version among the others of its row, in place of one that begins on the same day.
pub fn put_version(versions: &mut Vec<Record>, record: Record) {
    versions.retain(|old| old.valid_from != record.valid_from);
    let at = versions.partition_point(|old| old.valid_from < record.valid_from);
    if versions.is_empty() {
        // Most rows have one version for good, and a list that grows by itself begins with room for four.
        versions.reserve_exact(1);
    }
    versions.insert(at, record);
}

impl Rows for World {
    fn row(&self, register: &str, key: &str, day: Date) -> Option<&Record> {
        self.versions(register, key).iter().rev().find(|record| record.valid_on(day))
    }

    fn is_known(&self, register: &str, key: &str) -> bool {
        self.latest(register, key).is_some()
    }

    fn fields(&self, register: &str) -> &[Field] {
        self.model.registers.get(register).map_or(&[], |register| &register.fields)
    }

    fn area_at(&self, register: &str, point: [f64; 2], day: Date) -> Option<&Record> {
        areas::area_at(self, &[], (register, point, day))
    }

    fn matching(&self, register: &str, wanted: &BTreeMap<String, Value>, day: Date) -> Option<Vec<&Record>> {
        let declared = self.model.registers.get(register)?;
        let is_here = declared.scope == ganglion_model::pack::Scope::Deployment;
        is_here.then(|| self.rows_on(register, day).into_iter().filter(|record| record.matches(wanted)).collect())
    }

    fn root(&self) -> Option<PlaceCode> {
        Some(self.places.root)
    }

    fn place_kind(&self, place: PlaceCode, day: Date) -> Option<PlaceKind> {
        self.places.tree.known(place, day).map(|place| place.kind)
    }
}
