//! What `given` blocks set up: places with all their ancestors, outlines, accounts with posts, register rows, holidays.

use super::Finding;
use super::parse::Line;
use super::value;
use ganglion_geo::geojson::{ReadOptions, read};
use ganglion_geo::{MultiPolygon, PlaceIndex};
use ganglion_kernel::World;
use ganglion_kernel::decide::{FormContext, judge};
use ganglion_kernel::world::{Places, ReferenceRows, put_version, seeded};
use ganglion_model::clocks::{Calendar, Office, midnight};
use ganglion_model::pack::{FieldKind, Process, Scope};
use ganglion_model::place::{Place, PlaceKind};
use ganglion_model::row::Record;
use ganglion_model::scope::ActorView;
use ganglion_model::{AccountId, Fields, Level, Model, PlaceCode, PlaceTree, Post, PostId, Posts, Shard, Text};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Working days as announced; the same file that ships with the product.
const CALENDAR: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/calendar/cn-workdays.csv"));
const HOURS: &str = "08:00-12:00,14:00-18:00";
/// Places and posts of a scenario have always been there.
const ALWAYS: Date = date(1949, 10, 1);

/// The day on which rows without one of their own are read.
const READ_ON: Date = date(2022, 6, 27);

/// A world, and what a scenario calls things in it.
pub struct Setting {
    /// The world.
    pub world: World,
    /// Posts of each account, in the order they were given.
    pub people: BTreeMap<String, Vec<PostId>>,
    /// Register rows kept by place.
    pub records: Vec<Record>,
}

/// Lines of `given` as read so far.
struct Givens<'a> {
    model: &'a Model,
    places: BTreeMap<PlaceCode, String>,
    kinds: BTreeMap<PlaceCode, PlaceKind>,
    outlines: Vec<(PlaceCode, MultiPolygon<f64>)>,
    posts: Vec<(usize, Post)>,
    people: BTreeMap<String, Vec<PostId>>,
    rows: Vec<(String, Record)>,
    holidays: String,
    findings: Vec<Finding>,
    /// Line of the heading: for what is said of no line in particular.
    at: usize,
}

/// Sets up the world of a scenario whose heading stands in line `at`.
///
/// # Errors
/// Every line that cannot be used.
pub fn build(model: &Arc<Model>, at: usize, lines: &[&Line]) -> Result<Setting, Vec<Finding>> {
    let mut givens = Givens {
        model,
        places: BTreeMap::new(),
        kinds: BTreeMap::new(),
        outlines: Vec::new(),
        posts: Vec::new(),
        people: BTreeMap::new(),
        rows: Vec::new(),
        holidays: "date,kind,name\n".to_owned(),
        findings: Vec::new(),
        at,
    };
    for line in lines {
        if let Err(expected) = givens.line(line.number, &line.text) {
            givens.findings.push(Finding::new(line.number, expected, &line.text));
        }
    }
    givens.setting(model)
}

/// Posts of the accounts given above the line.
impl value::Lookup for Givens<'_> {
    fn post(&self, text: &str, roles: &[String]) -> Option<String> {
        let fits = |post: &&Post| roles.is_empty() || roles.contains(&post.role);
        let mut posts = self.posts.iter().map(|(_, post)| post);
        let found = match text.split_once('@') {
            Some((role, place)) => posts.find(|post| post.role == role && post.place.to_string() == place),
            None => {
                let held = self.people.get(text)?;
                posts.filter(|post| held.contains(&post.id)).find(fits)
            }
        };
        found.map(|post| post.id.0.clone())
    }

    /// Nothing has been opened yet.
    fn number(&self, _: &str) -> Option<String> {
        None
    }
}

impl Givens<'_> {
    fn line(&mut self, number: usize, text: &str) -> Result<(), String> {
        let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match kind {
            "place" => self.place(rest.trim()),
            "account" => self.account(number, rest.trim()),
            "register" => self.register(rest.trim()),
            "holiday" => {
                let day: Date = rest.trim().parse().map_err(|_| "holiday DATE")?;
                self.holidays.push_str(&format!("{day},holiday,scenario\n"));
                Ok(())
            }
            _ => Err("place CODE NAME, account NAME: role@code, register NAME KEY {fields} or holiday DATE".to_owned()),
        }
    }

    fn place(&mut self, text: &str) -> Result<(), String> {
        const FORM: &str = "place CODE NAME [kind KIND] [outline [[lon, lat], …]]";
        let (code, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let code: PlaceCode = code.parse().map_err(|error: ganglion_model::place::NotAPlaceCode| error.to_string())?;
        let (name, outline) = match rest.split_once(" outline ") {
            Some((name, ring)) => (name, Some(ring)),
            None => (rest, None),
        };
        let (name, kind) = match name.split_once(" kind ") {
            Some((name, kind)) => (name, Some(kind.trim())),
            None => (name, None),
        };
        if name.trim().is_empty() {
            return Err(FORM.to_owned());
        }
        if let Some(kind) = kind {
            let known = || PlaceKind::ALL.map(PlaceKind::as_str).join(", ");
            self.kinds.insert(code, PlaceKind::parse(kind).ok_or_else(|| format!("a kind of place: {}", known()))?);
        }
        if let Some(ring) = outline {
            self.outlines.push((code, outline_of(code, ring).ok_or(FORM)?));
        }
        self.places.insert(code, name.trim().to_owned());
        Ok(())
    }

    fn account(&mut self, number: usize, text: &str) -> Result<(), String> {
        let (name, posts) = text.split_once(':').ok_or("account NAME: role@code, …")?;
        let name = name.trim();
        for post in posts.split(',').map(str::trim) {
            let (role, code) = post.split_once('@').ok_or("account NAME: role@code, …")?;
            let place: PlaceCode = code.parse().map_err(|_| format!("a place code after `{role}@`"))?;
            let declared = self.model.roles.get(role).ok_or_else(|| format!("a role of the packs, not `{role}`"))?;
            if !declared.levels.contains(&place.level()) {
                return Err(format!("a level at which `{role}` exists, not {}", place.level().as_str()));
            }
            let same = self.posts.iter().filter(|(_, one)| one.role == role && one.place == place).count();
            let id = if same == 0 { format!("{role}.{code}") } else { format!("{role}.{code}.{}", same + 1) };
            self.people.entry(name.to_owned()).or_default().push(PostId(id.clone()));
            let post = Post {
                id: PostId(id),
                role: role.to_owned(),
                place,
                title: declared.title.clone(),
                unit: Text::default(),
                account: Some(AccountId(name.to_owned())),
                valid_from: ALWAYS,
                valid_to: None,
            };
            self.posts.push((number, post));
        }
        Ok(())
    }

    fn register(&mut self, text: &str) -> Result<(), String> {
        let (name, rest) = text.split_once(char::is_whitespace).ok_or("register NAME KEY {fields}")?;
        let (key, form) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), "{}"));
        let key = key.trim_matches('"');
        let register =
            self.model.registers.get(name).ok_or_else(|| format!("a register of the packs, not `{name}`"))?;
        let mut fields = value::resolved(&register.fields, &value::form(form.trim())?, &*self);
        let day = |value: Option<Value>| match value {
            None => Ok(None),
            Some(value) => value::shown(Some(&value)).parse::<Date>().map(Some).map_err(|_| "a date"),
        };
        let (valid_from, valid_to) = (day(fields.remove("valid_from"))?, day(fields.remove("valid_to"))?);
        let place = match fields.remove("place") {
            Some(code) => Some(value::shown(Some(&code)).parse::<PlaceCode>().map_err(|_| "place: a place code")?),
            None => key.parse::<PlaceCode>().ok(),
        };
        let deployed = register.scope == Scope::Deployment;
        let place = place.filter(|_| !deployed);
        let parts = if register.also_key.is_empty() { vec![key] } else { key.split('/').collect() };
        for (field, part) in register.key_fields().zip(parts) {
            let counts = register.field(field).is_some_and(|field| matches!(field.kind, FieldKind::Integer { .. }));
            let number = part.parse::<i64>().ok().filter(|_| counts).map(Value::from);
            fields.entry(field.to_owned()).or_insert_with(|| number.unwrap_or_else(|| Value::from(part)));
        }
        if let Some(unknown) = fields.keys().find(|field| register.field(field).is_none()) {
            return Err(format!("fields of `{name}`, not `{unknown}`"));
        }
        let shard = place.map_or(Shard::DEPLOYMENT, PlaceCode::shard);
        let (key, register) = (key.to_owned(), name.to_owned());
        let updated_at = Timestamp::UNIX_EPOCH;
        let record = Record {
            register,
            shard,
            key,
            version: 1,
            place,
            valid_from,
            valid_to,
            updated_at,
            fields,
            authority: None,
            documents: Vec::new(),
        };
        self.rows.push((name.to_owned(), record));
        Ok(())
    }

    fn setting(mut self, model: &Arc<Model>) -> Result<Setting, Vec<Finding>> {
        let places = self.tree();
        let office = self.office();
        let reference = self.reference();
        let (Some(places), Some(office)) = (places, office) else {
            return Err(self.findings);
        };
        if !self.findings.is_empty() {
            return Err(self.findings);
        }
        let mut world = World {
            model: model.clone(),
            places,
            office,
            reference: Arc::new(reference),
            fresh: Arc::default(),
            areas: ganglion_kernel::areas::Areas::default(),
            posts: Arc::new(Posts::new(std::mem::take(&mut self.posts).into_iter().map(|(_, post)| post))),
        };
        // Twice: what is worked out may look at what another row works out.
        for _ in 0..2 {
            self.rows.iter_mut().for_each(|(_, record)| as_typed(&world, record));
            world.reference = Arc::new(self.reference());
        }
        let is_local = |record: &Record| record.shard != Shard::DEPLOYMENT;
        let records = self.rows.into_iter().map(|(_, record)| record).filter(is_local).collect();
        Ok(Setting { world, people: self.people, records })
    }

    /// The places named and everything above them, up to the city they share (or the province, when they share none).
    fn tree(&mut self) -> Option<Places> {
        let named: Vec<PlaceCode> = self.places.keys().copied().collect();
        let Some(first) = named.first() else {
            self.findings.push(Finding::new(self.at, "place CODE NAME", "no place is given"));
            return None;
        };
        let shared = [Level::City, Level::Province]
            .into_iter()
            .filter_map(|level| first.at(level))
            .find(|root| named.iter().all(|code| root.holds(*code)));
        let root = shared.or_else(|| first.at(Level::Province))?;
        for code in named.iter().flat_map(|code| code.ancestors()).filter(|code| root.holds(*code)) {
            self.places.entry(code).or_insert_with(|| code.to_string());
        }
        for (line, post) in &self.posts {
            if !self.places.contains_key(&post.place) {
                let found = format!("{} is not among the places", post.place);
                self.findings.push(Finding::new(*line, format!("place {} NAME", post.place), found));
            }
        }
        let places = self.places.iter().map(|(code, name)| Place {
            code: *code,
            name: name.clone(),
            kind: self.kinds.get(code).copied().unwrap_or_else(|| kind_of(code.level())),
            valid_from: ALWAYS,
            valid_to: None,
            predecessors: Vec::new(),
            host: None,
            synthetic: true,
            official: None,
        });
        let (tree, _) = PlaceTree::build(places.collect());
        let outlines = std::mem::take(&mut self.outlines);
        let layers = outlines.into_iter().map(|(code, outline)| (code.padded(), Places::layer(code.level()), outline));
        match PlaceIndex::build(layers) {
            Ok(index) => {
                Some(Places { tree: Arc::new(tree), index: Arc::new(index), edition: "scenario".to_owned(), root })
            }
            Err(error) => {
                self.findings.push(Finding::new(self.at, "outlines that can be used", error.to_string()));
                None
            }
        }
    }

    fn office(&mut self) -> Option<Office> {
        let national = Calendar::parse(CALENDAR);
        let calendar = national.and_then(|national| {
            if self.holidays.lines().count() > 1 { national.overlay("scenario", &self.holidays) } else { Ok(national) }
        });
        match (calendar, HOURS.parse()) {
            (Ok(calendar), Ok(hours)) => Some(Office { calendar: Arc::new(calendar), hours }),
            (Err(error), _) => {
                self.findings.push(Finding::new(self.at, "holiday DATE, each once", error.to_string()));
                None
            }
            (_, Err(_)) => None,
        }
    }

    /// Seeds of the packs; a key that the scenario gives itself has only the scenario's rows.
    fn reference(&self) -> ReferenceRows {
        let mut rows = seeded(self.model);
        for (register, record) in self.rows.iter().filter(|(_, record)| record.shard == Shard::DEPLOYMENT) {
            // A key the scenario gives itself has only the scenario's rows.
            if let Some(versions) = rows.get_mut(register).and_then(|rows| rows.get_mut(&record.key)) {
                Arc::make_mut(versions).retain(|old| old.version > 0);
            }
            let by_key = rows.entry(register.clone()).or_default();
            put_version(Arc::make_mut(by_key.entry(record.key.clone()).or_default()), record.clone());
        }
        rows
    }
}

fn kind_of(level: Level) -> PlaceKind {
    match level {
        Level::Province => PlaceKind::Province,
        Level::City => PlaceKind::PrefectureCity,
        Level::County => PlaceKind::District,
        Level::Township => PlaceKind::Town,
        Level::Village => PlaceKind::VillageCommittee,
        Level::Grid => PlaceKind::BaseGrid,
    }
}

/// One ring `[[lon, lat], …]`, closed if it is not.
fn outline_of(code: PlaceCode, ring: &str) -> Option<MultiPolygon<f64>> {
    let mut ring: Vec<[f64; 2]> = serde_json::from_str(ring).ok()?;
    let first = *ring.first()?;
    if ring.last() != Some(&first) {
        ring.push(first);
    }
    let feature = json!({"type": "Feature", "properties": {"code": code.to_string()},
        "geometry": {"type": "Polygon", "coordinates": [ring]}});
    let text = json!({"type": "FeatureCollection", "features": [feature]}).to_string();
    let options = ReadOptions { code_property: "code", name_property: "name", ..ReadOptions::default() };
    read(text.as_bytes(), &options).outlines.into_iter().next().map(|outline| outline.geometry)
}

/// Values of a row as they are kept when somebody types them, and what is worked out from them; what cannot be read stays as it
/// is given. Personal values are given as whoever may sees them.
fn as_typed(world: &World, record: &mut Record) {
    let Some(register) = world.model.registers.get(&record.register) else { return };
    let fields = register.fields.as_slice();
    let input: Fields = record.fields.clone();
    let (actor, process) = (ActorView::default(), Process::default());
    let now = midnight(record.valid_from.unwrap_or(READ_ON));
    let context = FormContext { world, rows: world, process: &process, case: None, before: None, actor: &actor, now };
    let read = judge(&context, fields, &input).values.into_iter();
    let is_kept = |name: &str| {
        let field = fields.iter().find(|field| field.name == name && !field.personal);
        field.is_some_and(|field| input.contains_key(name) || !field.is_typed())
    };
    record.fields.extend(read.filter(|(name, _)| is_kept(name)));
}
