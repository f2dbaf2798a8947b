//! Outlines from GeoJSON text (RFC 7946): every usable feature, and a finding for everything wrong with the others. No bytes
//! make it panic. Leaves out what the codes mean, and lines and points, which are findings here. Written over plain JSON
//! values because a typed reader stops at the first bad feature.

mod finding;
mod ring;

use std::collections::HashMap;

use geo::{LineString, MultiPolygon, Polygon};
use serde_json::{Map, Value};

pub use finding::{Finding, Problem, RingAt};

/// What to expect of a file.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions<'a> {
    /// Longest input in bytes; reading takes some ten times as much memory.
    pub max_bytes: usize,
    /// Property that holds the code.
    pub code_property: &'a str,
    /// Property that holds the name.
    pub name_property: &'a str,
}

impl Default for ReadOptions<'_> {
    /// 64 MiB, `code` and `name`.
    fn default() -> Self {
        Self { max_bytes: 64 << 20, code_property: "code", name_property: "name" }
    }
}

/// One usable feature.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// Number of the feature in the file, from 1.
    pub feature: usize,
    /// The code, trimmed; a whole number in the file is taken as its digits. Never empty, and once per file.
    pub code: String,
    /// The name, trimmed, where there is one.
    pub name: Option<String>,
    /// All properties, those two included.
    pub properties: Map<String, Value>,
    /// Closed rings without repeated points, longitude as x; a third coordinate is dropped.
    pub geometry: MultiPolygon<f64>,
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The usable features in the order of the file.
    pub outlines: Vec<Outline>,
    /// Everything wrong, in the order of the file. A feature that is not in `outlines` has at least one.
    pub findings: Vec<Finding>,
    /// Members of the collection besides its features, such as a mark that the outlines are synthetic.
    pub about: Map<String, Value>,
}

impl Reading {
    /// Whether something could not be used, as opposed to being usable with a remark.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.problem.rejects())
    }

    fn failed(problem: Problem) -> Self {
        Self { findings: vec![Finding { feature: None, code: None, ring: None, problem }], ..Self::default() }
    }
}

/// The outline in the text of one geometry, as outlines are kept; `None` when it is none.
#[must_use]
pub fn outline_of(geometry: &str) -> Option<MultiPolygon<f64>> {
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"1"}},"geometry":{geometry}}}]}}"#
    );
    read(text.as_bytes(), &ReadOptions::default()).outlines.into_iter().next().map(|outline| outline.geometry)
}

/// Reads a FeatureCollection. Coordinates are taken as they are: the datum is the caller's business.
#[must_use]
pub fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Reading {
    let (mut about, features) = match open(bytes, options.max_bytes) {
        Ok(parts) => parts,
        Err(problem) => return Reading::failed(problem),
    };
    let mut reading = Reading::default();
    if let Some(name) = foreign_crs(&about) {
        reading = Reading::failed(Problem::ForeignCrs { name });
    }
    let mut first_with: HashMap<String, usize> = HashMap::new();
    for (at, feature) in features.into_iter().enumerate() {
        let mut reader = FeatureReader { number: at + 1, code: None, findings: Vec::new() };
        let outline = reader.read(feature, options, &mut first_with);
        let FeatureReader { code, findings, .. } = reader;
        let rejected = findings.iter().any(|(_, problem)| problem.rejects());
        reading.outlines.extend(outline.filter(|_| !rejected));
        let named = |(ring, problem)| Finding { feature: Some(at + 1), code: code.clone(), ring, problem };
        reading.findings.extend(findings.into_iter().map(named));
    }
    about.remove("type");
    reading.about = about;
    reading
}

/// The collection without its features, and the features.
fn open(bytes: &[u8], limit: usize) -> Result<(Map<String, Value>, Vec<Value>), Problem> {
    if bytes.len() > limit {
        return Err(Problem::TooLarge { bytes: bytes.len(), limit });
    }
    // Windows editors put a byte-order mark in front, which JSON forbids.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| Problem::NotUtf8 { byte: error.valid_up_to() })?;
    let value: Value = serde_json::from_str(text).map_err(|error| Problem::NotJson {
        line: error.line(),
        column: error.column(),
        detail: error.to_string(),
    })?;
    let Value::Object(mut object) = value else {
        return Err(Problem::NotACollection);
    };
    if object.get("type").and_then(Value::as_str) != Some("FeatureCollection") {
        return Err(Problem::NotACollection);
    }
    match object.remove("features") {
        Some(Value::Array(features)) => Ok((object, features)),
        _ => Err(Problem::NotACollection),
    }
}

/// The name of a coordinate system that is not longitude and latitude on WGS-84 or CGCS2000.
fn foreign_crs(about: &Map<String, Value>) -> Option<String> {
    let crs = about.get("crs").filter(|crs| !crs.is_null())?;
    let name = crs.pointer("/properties/name").and_then(Value::as_str).unwrap_or_default();
    let known = ["CRS84", "EPSG:4326", "EPSG::4326", "EPSG:4490", "EPSG::4490"];
    (!known.iter().any(|ending| name.ends_with(ending))).then(|| name.to_owned())
}

/// Reads one feature and gathers what is wrong with it.
struct FeatureReader {
    number: usize,
    code: Option<String>,
    findings: Vec<(Option<RingAt>, Problem)>,
}

impl FeatureReader {
    fn read(
        &mut self,
        feature: Value,
        options: &ReadOptions<'_>,
        first_with: &mut HashMap<String, usize>,
    ) -> Option<Outline> {
        let Value::Object(mut feature) = feature else {
            return self.fail(Problem::NotAFeature);
        };
        if feature.get("type").and_then(Value::as_str) != Some("Feature") {
            return self.fail(Problem::NotAFeature);
        }
        let properties = match feature.remove("properties") {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        self.code = properties.get(options.code_property).and_then(code_text);
        match self.code.clone() {
            None => self.note(None, Problem::MissingCode { property: options.code_property.to_owned() }),
            Some(code) => match first_with.get(&code) {
                Some(&first) => self.note(None, Problem::DuplicateCode { first }),
                None => _ = first_with.insert(code, self.number),
            },
        }
        let geometry = self.geometry(feature.get("geometry"))?;
        let name = properties.get(options.name_property).and_then(Value::as_str).map(str::trim);
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Outline { feature: self.number, code: self.code.clone()?, name, properties, geometry })
    }

    fn geometry(&mut self, geometry: Option<&Value>) -> Option<MultiPolygon<f64>> {
        let Some(geometry) = geometry.and_then(Value::as_object) else {
            return self.fail(Problem::NoGeometry);
        };
        let coordinates = geometry.get("coordinates").and_then(Value::as_array);
        let parts: Vec<&Value> = match geometry.get("type").and_then(Value::as_str) {
            Some("Polygon") => geometry.get("coordinates").into_iter().collect(),
            Some("MultiPolygon") => coordinates.into_iter().flatten().collect(),
            other => {
                return self.fail(Problem::WrongGeometry { found: other.unwrap_or_default().to_owned() });
            }
        };
        if coordinates.is_none_or(Vec::is_empty) {
            return self.fail(Problem::NoGeometry);
        }
        let polygons: Vec<_> = parts.iter().enumerate().map(|(at, part)| self.polygon(at + 1, part)).collect();
        polygons.into_iter().collect::<Option<Vec<_>>>().map(MultiPolygon)
    }

    fn polygon(&mut self, part: usize, rings: &Value) -> Option<Polygon<f64>> {
        let Some(rings) = rings.as_array().filter(|rings| !rings.is_empty()) else {
            self.note(Some(RingAt { part, ring: 1 }), Problem::BadCoordinates);
            return None;
        };
        let read: Vec<_> =
            rings.iter().enumerate().map(|(at, ring)| self.ring(RingAt { part, ring: at + 1 }, ring)).collect();
        let mut read = read.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        Some(Polygon::new(read.next()?, read.collect()))
    }

    fn ring(&mut self, at: RingAt, value: &Value) -> Option<LineString<f64>> {
        let (ring, problems) = ring::read(value);
        for problem in problems {
            self.note(Some(at), problem);
        }
        ring
    }

    fn note(&mut self, ring: Option<RingAt>, problem: Problem) {
        self.findings.push((ring, problem));
    }

    fn fail<T>(&mut self, problem: Problem) -> Option<T> {
        self.note(None, problem);
        None
    }
}

/// A code as text: a string with something in it, or a whole number.
fn code_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
