//! Reading places from CSV and outlines from GeoJSON: what would be new, changed or the same, and every bad line by number
//! and reason. Pure; nothing is written here, and a file with an error is not written at all.

use ganglion_geo::MultiPolygon;
use ganglion_geo::geojson::{self, ReadOptions};
use ganglion_model::{Level, Place, PlaceCode, PlaceKind, PlaceTree};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Longest name of a place in characters.
const NAME_CHARS_MAX: usize = 60;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file cannot be read as CSV here.
    NotCsv(String),
    /// A column that must be there is not.
    NoColumn(&'static str),
    /// Not a code of 2, 4, 6, 9, 12 or 15 digits.
    NotACode(String),
    /// The code lies outside the place the importer administers.
    Outside(String),
    /// The line names a parent that is not the beginning of its code.
    NotPrefixed(String),
    /// The parent is neither in the file nor known.
    Orphan(String),
    /// No name, or one too long.
    BadName,
    /// No such kind.
    UnknownKind(String),
    /// The kind does not exist at the level of the code.
    WrongKind(String),
    /// Not a day.
    BadDate(String),
    /// It ends before it begins.
    EndsBefore,
    /// The same code and first day stand on an earlier line.
    Duplicate(u64),
    /// Another version of the same code holds on the same days.
    Overlap(String),
    /// A predecessor is no code.
    BadPredecessor(String),
    /// An outline that is refused, in the words of the reader.
    Outline(String),
    /// An outline of a code that is no place.
    UnknownPlace(String),
}

impl Problem {
    /// Name of its text: `import-<name>` and `import-<name>-remedy`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Problem::NotCsv(_) => "not-csv",
            Problem::NoColumn(_) => "no-column",
            Problem::NotACode(_) => "not-a-code",
            Problem::Outside(_) => "outside",
            Problem::NotPrefixed(_) => "not-prefixed",
            Problem::Orphan(_) => "orphan",
            Problem::BadName => "bad-name",
            Problem::UnknownKind(_) => "unknown-kind",
            Problem::WrongKind(_) => "wrong-kind",
            Problem::BadDate(_) => "bad-date",
            Problem::EndsBefore => "ends-before",
            Problem::Duplicate(_) => "duplicate",
            Problem::Overlap(_) => "overlap",
            Problem::BadPredecessor(_) => "bad-predecessor",
            Problem::Outline(_) => "outline",
            Problem::UnknownPlace(_) => "unknown-place",
        }
    }

    /// The value its text names.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Problem::NoColumn(text) => (*text).to_owned(),
            Problem::NotCsv(text)
            | Problem::NotACode(text)
            | Problem::Outside(text)
            | Problem::NotPrefixed(text)
            | Problem::Orphan(text)
            | Problem::UnknownKind(text)
            | Problem::WrongKind(text)
            | Problem::BadDate(text)
            | Problem::Overlap(text)
            | Problem::BadPredecessor(text)
            | Problem::Outline(text)
            | Problem::UnknownPlace(text) => text.clone(),
            Problem::Duplicate(line) => line.to_string(),
            Problem::BadName | Problem::EndsBefore => String::new(),
        }
    }
}

/// A bad line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Line of the file, from 1; feature number for GeoJSON.
    pub line: u64,
    /// Column.
    pub column: &'static str,
    /// What is wrong.
    pub problem: Problem,
}

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// All places afterwards, when nothing is wrong.
    pub places: Vec<Place>,
    /// Outlines to be set, with their geometry as GeoJSON.
    pub outlines: Vec<(PlaceCode, String)>,
    /// Lines that add.
    pub new: usize,
    /// Lines that change.
    pub changed: usize,
    /// Lines that say what is known.
    pub same: usize,
    /// Lines that are wrong.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether it may be carried out.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.new + self.changed + self.same > 0
    }
}

/// Kinds of a level.
fn fits(kind: PlaceKind, level: Level) -> bool {
    use PlaceKind as K;
    match level {
        Level::Province => kind == K::Province,
        Level::City => kind == K::PrefectureCity,
        Level::County => {
            matches!(kind, K::District | K::County | K::CountyCity | K::AutonomousCounty | K::DevZone | K::Quasi)
        }
        Level::Township => {
            matches!(kind, K::Street | K::Town | K::Township | K::EthnicTownship | K::DevZone | K::Quasi)
        }
        Level::Village => matches!(
            kind,
            K::ResidentsCommittee | K::VillageCommittee | K::QuasiResidents | K::QuasiVillage | K::Virtual
        ),
        Level::Grid => matches!(kind, K::BaseGrid | K::DedicatedGrid | K::MicroGrid | K::Virtual),
    }
}

/// One line while it is read.
struct Line<'a> {
    number: u64,
    record: &'a csv::StringRecord,
    columns: &'a HashMap<String, usize>,
    findings: &'a mut Vec<Finding>,
}

impl Line<'_> {
    fn get(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    fn bad(&mut self, column: &'static str, problem: Problem) {
        self.findings.push(Finding { line: self.number, column, problem });
    }

    fn date(&mut self, column: &'static str) -> Option<Date> {
        let text = self.get(column).to_owned();
        text.parse().map_err(|_| self.bad(column, Problem::BadDate(text))).ok()
    }

    /// The code, if it is one, lies inside `root` and below the parent the line names.
    fn code(&mut self, root: PlaceCode) -> Option<PlaceCode> {
        let text = self.get("code").to_owned();
        let Ok(code) = text.parse::<PlaceCode>() else {
            self.bad("code", Problem::NotACode(text));
            return None;
        };
        if !root.holds(code) {
            self.bad("code", Problem::Outside(text));
            return None;
        }
        let parent = self.get("parent").to_owned();
        if !parent.is_empty() && code.parent().is_none_or(|own| own.to_string() != parent) {
            self.bad("parent", Problem::NotPrefixed(parent));
        }
        Some(code)
    }

    fn kind(&mut self, code: Option<PlaceCode>) -> Option<PlaceKind> {
        let text = self.get("kind").to_owned();
        let kind = serde_json::from_value::<PlaceKind>(serde_json::Value::String(text.clone())).ok();
        match (kind, code) {
            (None, _) => self.bad("kind", Problem::UnknownKind(text)),
            (Some(kind), Some(code)) if !fits(kind, code.level()) => self.bad("kind", Problem::WrongKind(text)),
            _ => {}
        }
        kind
    }

    fn place(&mut self, root: PlaceCode) -> Option<Place> {
        let before = self.findings.len();
        let code = self.code(root);
        let kind = self.kind(code);
        let name = self.get("name").to_owned();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            self.bad("name", Problem::BadName);
        }
        let valid_from = self.date("valid_from");
        let valid_to = if self.get("valid_to").is_empty() { None } else { self.date("valid_to") };
        if valid_from.zip(valid_to).is_some_and(|(from, to)| to <= from) {
            self.bad("valid_to", Problem::EndsBefore);
        }
        let mut predecessors = Vec::new();
        let listed = self.get("predecessors").to_owned();
        for text in listed.split([' ', ';', '|']).filter(|text| !text.is_empty()) {
            match text.parse() {
                Ok(code) => predecessors.push(code),
                Err(_) => self.bad("predecessors", Problem::BadPredecessor(text.to_owned())),
            }
        }
        if self.findings.len() > before {
            return None;
        }
        let (code, kind, valid_from) = (code?, kind?, valid_from?);
        Some(Place {
            code,
            name,
            kind,
            valid_from,
            valid_to,
            predecessors,
            host: None,
            synthetic: false,
            official: None,
        })
    }
}

/// Reads places: columns `code,name,kind,valid_from`, and if wanted `valid_to,predecessors,parent`, in any order. A line
/// with the code and first day of a known version replaces it; a line with another first day adds a version.
#[must_use]
pub fn places(text: &str, known: &[Place], root: PlaceCode) -> Plan {
    let mut plan = Plan::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns: HashMap<String, usize> = match reader.headers() {
        Ok(headers) => headers.iter().enumerate().map(|(at, name)| (name.trim().to_owned(), at)).collect(),
        Err(error) => {
            plan.findings.push(Finding { line: 1, column: "", problem: Problem::NotCsv(error.to_string()) });
            return plan;
        }
    };
    for column in ["code", "name", "kind", "valid_from"] {
        if !columns.contains_key(column) {
            plan.findings.push(Finding { line: 1, column: "", problem: Problem::NoColumn(column) });
        }
    }
    if !plan.findings.is_empty() {
        return plan;
    }
    let mut read: Vec<(u64, Place)> = Vec::new();
    for (at, record) in reader.into_records().enumerate() {
        let guess = at as u64 + 2;
        match record {
            Ok(record) => {
                let number = record.position().map_or(guess, csv::Position::line);
                let mut line = Line { number, record: &record, columns: &columns, findings: &mut plan.findings };
                read.extend(line.place(root).map(|place| (number, place)));
            }
            Err(error) => {
                let problem = Problem::NotCsv(error.to_string());
                plan.findings.push(Finding { line: guess, column: "", problem });
            }
        }
    }
    merge(&mut plan, read, known, root);
    plan.findings.sort_by_key(|finding| finding.line);
    plan
}

/// Lays the lines over what is known, and checks the whole: duplicates, overlaps, parents.
fn merge(plan: &mut Plan, read: Vec<(u64, Place)>, known: &[Place], root: PlaceCode) {
    let mut all: BTreeMap<(PlaceCode, Date), Place> =
        known.iter().map(|place| ((place.code, place.valid_from), place.clone())).collect();
    let mut lines: HashMap<(PlaceCode, Date), u64> = HashMap::new();
    for (line, place) in read {
        let key = (place.code, place.valid_from);
        if let Some(first) = lines.get(&key) {
            plan.findings.push(Finding { line, column: "code", problem: Problem::Duplicate(*first) });
            continue;
        }
        lines.insert(key, line);
        match all.get(&key) {
            None => plan.new += 1,
            Some(old) => {
                // What the file does not speak of stays as it was.
                let place = Place { host: old.host, synthetic: old.synthetic, ..place.clone() };
                if place == *old { plan.same += 1 } else { plan.changed += 1 }
            }
        }
        let old = all.get(&key);
        let (host, synthetic) = old.map_or((None, false), |old| (old.host, old.synthetic));
        all.insert(key, Place { host, synthetic, ..place });
    }
    let codes: HashSet<PlaceCode> = all.keys().map(|(code, _)| *code).collect();
    for ((code, from), line) in &lines {
        let above = code.parent().filter(|parent| parent.level() >= root.level() && *code != root);
        if let Some(parent) = above.filter(|parent| !codes.contains(parent)) {
            let problem = Problem::Orphan(parent.to_string());
            plan.findings.push(Finding { line: *line, column: "code", problem });
        }
        let versions = all.range((*code, Date::MIN)..=(*code, Date::MAX)).map(|(_, place)| place);
        let own = &all[&(*code, *from)];
        let clash = versions.filter(|other| other.valid_from != *from).find(|other| {
            own.valid_from < other.valid_to.unwrap_or(Date::MAX) && other.valid_from < own.valid_to.unwrap_or(Date::MAX)
        });
        if let Some(other) = clash {
            let problem = Problem::Overlap(other.valid_from.to_string());
            plan.findings.push(Finding { line: *line, column: "valid_from", problem });
        }
    }
    plan.places = all.into_values().collect();
}

/// Reads outlines: a GeoJSON collection with `code` in the properties of each feature.
#[must_use]
pub fn outlines(bytes: &[u8], tree: &PlaceTree, root: PlaceCode, known: &HashSet<PlaceCode>) -> Plan {
    let reading = geojson::read(bytes, &ReadOptions::default());
    let mut plan = Plan::default();
    for finding in &reading.findings {
        if finding.problem.rejects() {
            let line = finding.feature.unwrap_or(0) as u64;
            plan.findings.push(Finding { line, column: "geometry", problem: Problem::Outline(finding.to_string()) });
        }
    }
    let codes: HashSet<PlaceCode> = tree.versions().map(|place| place.code).collect();
    for outline in reading.outlines {
        let line = outline.feature as u64;
        let problem = match outline.code.parse::<PlaceCode>() {
            Err(_) => Problem::NotACode(outline.code),
            Ok(code) if !root.holds(code) => Problem::Outside(outline.code),
            Ok(code) if !codes.contains(&code) => Problem::UnknownPlace(outline.code),
            Ok(code) => {
                if known.contains(&code) {
                    plan.changed += 1
                } else {
                    plan.new += 1
                }
                plan.outlines.push((code, geometry(&outline.geometry)));
                continue;
            }
        };
        plan.findings.push(Finding { line, column: "code", problem });
    }
    plan
}

/// An outline as GeoJSON geometry, as the store keeps it.
fn geometry(outline: &MultiPolygon<f64>) -> String {
    let parts: Vec<Vec<Vec<[f64; 2]>>> = outline
        .0
        .iter()
        .map(|part| {
            let rings = std::iter::once(part.exterior()).chain(part.interiors());
            rings.map(|ring| ring.0.iter().map(|at| [at.x, at.y]).collect()).collect()
        })
        .collect();
    serde_json::json!({ "type": "MultiPolygon", "coordinates": parts }).to_string()
}

#[cfg(test)]
mod tests;
