//! Which collections there are, for whom: places by level, cases the public may see, and registers whose rows stand somewhere.
//! Everybody gets what is public; a key or a person's token gets, of registers, what its post may read, if its scopes say so.

use super::places::{code_of, kind_key};
use crate::keys::{Area, Need};
use crate::staff::registers::Readable;
use crate::view::Look;
use crate::web::Web;
use ganglion_kernel::decide::row_who::{RowReach, row_reach};
use ganglion_model::pack::{Field, FieldKind, Process, Register};
use ganglion_model::{Level, PlaceKind, Post};

/// Properties of ours that hold the code of a place.
const OF_PLACES: [&str; 3] = ["parent", "place", "address_id"];
/// Codes of one list that are told with a property.
const CODES_MAX: usize = 200;

/// Where features come from.
pub enum Source<'w> {
    /// Places of a level.
    Places(Level),
    /// Cases of an offered process that the public may see.
    Cases(&'w Process),
    /// Rows of a register, as far as they may be read.
    Rows(Readable<'w>),
}

/// What a value of a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words or a code.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// Yes or no.
    Truth,
    /// A civil day.
    Day,
    /// An instant.
    Instant,
    /// Several codes: told, not filtered by.
    Several,
}

/// A property of the features of a collection.
#[derive(Clone, Debug)]
pub struct Property {
    /// Name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// What its values are.
    pub kind: Kind,
    /// Codes it may be, with their titles; empty: anything.
    pub codes: Vec<(String, String)>,
    /// Whether it holds the code of a place, which a page tells by its name.
    pub is_place: bool,
}

/// A collection as somebody sees it.
pub struct Collection<'w> {
    /// Name in addresses.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it holds, in a sentence.
    pub about: String,
    /// Where its features come from.
    pub source: Source<'w>,
    /// Properties of its features.
    pub properties: Vec<Property>,
}

impl Collection<'_> {
    /// Whether its features are the same for everybody.
    #[must_use]
    pub fn is_public(&self) -> bool {
        !matches!(&self.source, Source::Rows(readable) if readable.reach != RowReach::Public)
    }

    /// Names a filter may use.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.properties.iter().filter(|one| one.kind != Kind::Several).map(|one| one.name.as_str()).collect()
    }
}

/// Every collection there is for whoever asks, in the order of levels and names.
#[must_use]
pub fn all<'w>(web: &'w Web, look: &Look<'_>) -> Vec<Collection<'w>> {
    let root = web.world.places.root.level();
    let places = Level::ALL.into_iter().filter(|level| *level >= root).map(|level| of_places(look, level));
    let offered = web.world.model.processes.values().filter(|process| process.open311.is_some());
    let cases = offered.map(|process| of_cases(look, process));
    let registers = web.world.model.registers.values();
    let rows = registers.filter_map(|register| of_rows(look, readable(web, register)?));
    places.chain(cases).chain(rows).collect()
}

/// The collection called `id`, if it is there for whoever asks.
#[must_use]
pub fn find<'w>(web: &'w Web, look: &Look<'_>, id: &str) -> Option<Collection<'w>> {
    let (kind, name) = id.split_once('-')?;
    match kind {
        "places" => {
            let level = Level::parse(name).filter(|level| *level >= web.world.places.root.level())?;
            Some(of_places(look, level))
        }
        "cases" => {
            let process = web.world.model.processes.get(name).filter(|process| process.open311.is_some())?;
            Some(of_cases(look, process))
        }
        "rows" => of_rows(look, readable(web, web.world.model.registers.get(name)?)?),
        _ => None,
    }
}

/// The post that reads a register here: of a key whose scopes name it, or of a person who sent a token. Cookies do not count, so
/// that what a browser keeps of a page is what everybody may see.
fn reader<'w>(web: &'w Web, register: &str) -> Option<&'w Post> {
    let need = Need::Of { area: Area::Registers, name: Some(register.to_owned()), write: false };
    let is_given = web.key().is_none_or(|key| key.gives(&need));
    web.post().ok().filter(|_| web.bearer && is_given)
}

/// A register as features: its position and everything that makes its key have to be among what may be read.
fn readable<'w>(web: &'w Web, register: &'w Register) -> Option<Readable<'w>> {
    let reach = row_reach(register, reader(web, &register.name))?;
    let readable = Readable { register, reach };
    let location = register.location.as_deref()?;
    let fields = readable.fields(web);
    let is_seen = |name: &str| fields.iter().any(|field| field.name == name);
    (is_seen(location) && register.key_fields().all(is_seen)).then_some(readable)
}

fn property(name: &str, title: String, kind: Kind) -> Property {
    let is_place = OF_PLACES.contains(&name);
    Property { name: name.to_owned(), title, kind, codes: Vec::new(), is_place }
}

fn said(look: &Look<'_>, names: &[(&str, Kind)], about: &str) -> Vec<Property> {
    let key = |name: &str| format!("ogc-{about}-{}", name.replace('_', "-"));
    names.iter().map(|&(name, kind)| property(name, look.t(&key(name)), kind)).collect()
}

/// The properties, one of them with the codes it may be.
fn coded(mut properties: Vec<Property>, name: &str, codes: &[(String, String)]) -> Vec<Property> {
    if let Some(property) = properties.iter_mut().find(|one| one.name == name) {
        property.codes = codes.to_vec();
    }
    properties
}

fn of_places<'w>(look: &Look<'_>, level: Level) -> Collection<'w> {
    let names = [
        ("code", Kind::Text),
        ("name", Kind::Text),
        ("official", Kind::Text),
        ("kind", Kind::Text),
        ("parent", Kind::Text),
        ("valid_from", Kind::Day),
        ("valid_to", Kind::Day),
        ("synthetic", Kind::Truth),
        ("kind_name", Kind::Text),
    ];
    let kinds = PlaceKind::ALL.map(|kind| (code_of(kind), look.t(&kind_key(kind))));
    Collection {
        id: format!("places-{}", level.as_str()),
        title: look.t(&format!("level-{}", level.as_str())),
        about: look.t("ogc-about-places"),
        source: Source::Places(level),
        properties: coded(said(look, &names, "place"), "kind", &kinds),
    }
}

fn of_cases<'w>(look: &Look<'_>, process: &'w Process) -> Collection<'w> {
    let names = [
        ("status", Kind::Text),
        ("status_notes", Kind::Text),
        ("service_code", Kind::Text),
        ("service_name", Kind::Text),
        ("description", Kind::Text),
        ("agency_responsible", Kind::Text),
        ("requested_datetime", Kind::Instant),
        ("updated_datetime", Kind::Instant),
        ("expected_datetime", Kind::Instant),
        ("address", Kind::Text),
        ("address_id", Kind::Text),
        ("media_url", Kind::Text),
    ];
    let status = ["open", "closed"].map(|code| (code.to_owned(), look.t(&format!("ogc-status-{code}"))));
    Collection {
        id: format!("cases-{}", process.name),
        title: look.text(&process.title),
        about: look.t("ogc-about-cases"),
        source: Source::Cases(process),
        properties: coded(said(look, &names, "case"), "status", &status),
    }
}

/// Names a feature of a row has besides its fields.
pub const OF_ROW: [(&str, Kind); 3] = [("place", Kind::Text), ("valid_from", Kind::Day), ("valid_to", Kind::Day)];

fn of_rows<'w>(look: &Look<'_>, readable: Readable<'w>) -> Option<Collection<'w>> {
    let register = readable.register;
    let fields = register.fields.iter().filter(|field| is_told(&readable, field));
    let mut properties: Vec<Property> = fields.filter_map(|field| of_field(look, field)).collect();
    for one in said(look, &OF_ROW, "row") {
        if properties.iter().all(|known| known.name != one.name) {
            properties.push(one);
        }
    }
    Some(Collection {
        id: format!("rows-{}", register.name),
        title: look.text(&register.title),
        about: look.t("ogc-about-rows"),
        source: Source::Rows(readable),
        properties,
    })
}

/// Whether a field of a row is told of a feature: seen by whoever asks, and nothing that names a person.
#[must_use]
pub fn is_told(readable: &Readable<'_>, field: &Field) -> bool {
    let is_open = field.public || (readable.reach != RowReach::Public && field.see.is_empty());
    is_open && !field.personal && kind(field).is_some()
}

/// What the values of a field are; `None` for what is not told: tables, files, people, geometry.
fn kind(field: &Field) -> Option<Kind> {
    Some(match &field.kind {
        FieldKind::Table { .. }
        | FieldKind::Files { .. }
        | FieldKind::Post { .. }
        | FieldKind::Posts { .. }
        | FieldKind::Account { .. }
        | FieldKind::CitizenId
        | FieldKind::CaseRef { .. }
        | FieldKind::Point
        | FieldKind::Line
        | FieldKind::Polygon => return None,
        FieldKind::Integer { .. } | FieldKind::Money => Kind::Whole,
        FieldKind::Decimal { .. } | FieldKind::Quantity { .. } => Kind::Number,
        FieldKind::Boolean => Kind::Truth,
        FieldKind::Date => Kind::Day,
        FieldKind::Datetime => Kind::Instant,
        FieldKind::Choices { .. } | FieldKind::Refs { .. } => Kind::Several,
        _ => Kind::Text,
    })
}

fn of_field(look: &Look<'_>, field: &Field) -> Option<Property> {
    let codes = match &field.kind {
        FieldKind::Choice { .. } | FieldKind::Choices { .. } => look.choices(&field.kind, look.world.places.root, &[]),
        _ => Vec::new(),
    };
    let codes = if codes.len() > CODES_MAX { Vec::new() } else { codes };
    Some(Property {
        name: field.name.clone(),
        title: look.text(&field.title),
        kind: kind(field)?,
        codes: codes.into_iter().map(|choice| (choice.value, choice.label)).collect(),
        is_place: matches!(field.kind, FieldKind::Place { .. }),
    })
}
