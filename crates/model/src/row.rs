//! Rows as stored: a case and a register record. Their JSON is the stored shape.

use crate::Fields;
use crate::clocks::Clock;
use crate::id::{AccountId, CaseId, PostId, Shard};
use crate::issued::Issued;
use crate::place::{Level, PlaceCode};
use crate::published::Published;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// A case of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Id.
    pub id: CaseId,
    /// Shard its rows live in; fixed for life.
    pub shard: Shard,
    /// Process.
    pub process: String,
    /// Raised by one with every change.
    pub version: u32,
    /// Public number, given at opening.
    pub number: String,
    /// Further numbers by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, String>,
    /// State.
    pub state: String,
    /// Where it belongs.
    pub place: PlaceCode,
    /// The office that took it in, where any office may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<PlaceCode>,
    /// Level at which it is handled now.
    pub level: Level,
    /// Where exactly: longitude, latitude, WGS-84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<[f64; 2]>,
    /// How it found its place.
    pub route: Route,
    /// When it was taken in.
    pub opened_at: Timestamp,
    /// When it was seen, if that was earlier (offline reports).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was settled: entered a state in which nothing is left to do but reply, rate or file away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Who opened it; `None` for the public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<PostId>,
    /// Way it came in.
    pub channel: String,
    /// Post that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<PostId>,
    /// Posts that assist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assist: Vec<PostId>,
    /// Field values; personal ones are sealed text.
    pub fields: Fields,
    /// Clocks by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clocks: BTreeMap<String, Clock>,
    /// Clocks whose falling due was already acted on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<String>,
    /// Clocks that are no deadline: they only bound what may still be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<String>,
    /// Clocks an action suspended: no state lets them run on, only another action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// When the last stretch of a clock begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub soon: BTreeMap<String, Timestamp>,
    /// Counters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u32>,
    /// Who did what is remembered, by mark.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, Mark>,
    /// First and last entry of every state it has been in.
    pub entered: BTreeMap<String, (Timestamp, Timestamp)>,
    /// Public notices that were put up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<String, Notice>,
    /// Other cases it is tied to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Documents that were issued, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Issued>,
}

impl Case {
    /// When the first of its running clocks falls due.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let is_deadline =
            |(name, clock): &(&String, &Clock)| clock.stopped_at().is_none() && !self.windows.contains(name);
        self.clocks.iter().filter(is_deadline).filter_map(|(_, clock)| clock.due_at()).min()
    }

    /// Every figure that was published with one of its notices or documents.
    #[must_use]
    pub fn published(&self) -> Vec<&Published> {
        let notices = self.notices.values().flat_map(|notice| notice.figures.values());
        notices.chain(self.documents.iter().flat_map(|document| document.figures.values())).collect()
    }

    /// The counter `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> u32 {
        self.counts.get(name).copied().unwrap_or(0)
    }
}

/// A public notice of a case. The fields it shows are read from the case while it stands, so that nothing of them is left when
/// it is taken down; figures are of nobody, and stay as they were published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When it was put up.
    pub from: Timestamp,
    /// The first instant at which it no longer stands.
    pub until: Timestamp,
    /// Whether it has been taken down: after its time, or before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Down>,
    /// Figures published with it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, Published>,
}

/// How a notice came down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// It stood its time.
    Ended,
    /// It was withdrawn.
    Withdrawn,
}

/// Who left a mark, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Post, if it was a post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
    /// Account behind the post, so that one person with two posts is still one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// When.
    pub at: Timestamp,
}

/// How a case found its place, kept with it for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The rule that decided.
    pub by: RouteBy,
    /// The place it gave.
    pub place: PlaceCode,
    /// Edition of the outlines used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Other places within reach, with metres.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<(PlaceCode, u32)>,
    /// Where it was before each move.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_from: Vec<(PlaceCode, Timestamp)>,
    /// The county whose outline holds the point, when it is not the county of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<PlaceCode>,
    /// The row of a register that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleHit>,
    /// The post chosen by workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
}

impl Route {
    /// A route that gives `place`, nothing else known.
    #[must_use]
    pub fn new(by: RouteBy, place: PlaceCode) -> Route {
        Route {
            by,
            place,
            edition: None,
            near: Vec::new(),
            moved_from: Vec::new(),
            host: None,
            rule: None,
            chosen: None,
        }
    }
}

/// The row that decided a routing, and which edition of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    /// The register.
    pub register: String,
    /// The row.
    pub key: String,
    /// Its version.
    pub version: u32,
    /// First day of that version, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
}

/// A post chosen because it had the fewest open cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The post.
    pub post: PostId,
    /// Open cases it had.
    pub open: u32,
    /// Posts it was chosen from.
    pub among: u32,
}

/// The rule that decided a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteBy {
    /// The outline that holds the point.
    Point,
    /// The reporter's choice between places near a border.
    Border,
    /// A place named in the form.
    Named,
    /// The place of the case it was opened from.
    Inherited,
    /// A row of a register.
    Rule,
    /// Moved by an action.
    Moved,
}

/// A tie to another case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the other case is to this one.
    pub kind: String,
    /// The other case's number.
    pub number: String,
    /// The other case.
    pub case: CaseId,
    /// Its shard.
    pub shard: Shard,
    /// Its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Nothing was left to settle in it when it was last heard of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
    /// The version that was heard of.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seen: u32,
    /// Who had left which mark in it when this case was opened out of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, Mark>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(seen: &u32) -> bool {
    *seen == 0
}

/// Kind of the tie from a case to the one it was opened out of.
pub const OPENED_FROM: &str = "opened_from";

impl Link {
    /// A tie of this kind to `case` as it stands.
    #[must_use]
    pub fn to(case: &Case, kind: &str) -> Link {
        Link {
            kind: kind.to_owned(),
            number: case.number.clone(),
            case: case.id,
            shard: case.shard,
            process: Some(case.process.clone()),
            settled: case.closed_at.is_some(),
            seen: case.version,
            marks: BTreeMap::new(),
        }
    }

    /// Whether it leads to a case of `process` that was opened out of this one.
    #[must_use]
    pub fn is_child(&self, process: &str) -> bool {
        self.kind != OPENED_FROM && self.process.as_deref() == Some(process)
    }
}

/// One version of a register row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Register.
    pub register: String,
    /// Shard it lives in.
    pub shard: Shard,
    /// Natural key.
    pub key: String,
    /// Raised by one with every change.
    pub version: u32,
    /// The place it belongs to, for registers kept by place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceCode>,
    /// First day it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// First day it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Values; personal ones are sealed text.
    pub fields: Fields,
    /// On whose authority it is so; `None` for rows that came with a pack or from the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Box<Authority>>,
    /// Documents that were issued from this version, oldest first. Issuing one is no change of the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Issued>,
}

/// Who changed a row, who agreed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Who changed it, or proposed the change.
    pub by: Mark,
    /// The other person who approved it, where two are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Mark>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// Natural key of a row within the deployment: shard, register, key.
pub type RowKey = (Shard, String, String);

/// The id a register row goes by where cases have theirs: in the journal, in facts, for its seal key and in the access
/// log. It follows from the natural key, so nothing has to be looked up.
#[must_use]
pub fn row_id(shard: Shard, register: &str, key: &str) -> CaseId {
    let hash = Sha256::new()
        .chain_update(shard.0.to_be_bytes())
        .chain_update(register.as_bytes())
        .chain_update([0])
        .chain_update(key.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    CaseId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

impl Record {
    /// See [`row_id`].
    #[must_use]
    pub fn id(&self) -> CaseId {
        row_id(self.shard, &self.register, &self.key)
    }

    /// Its natural key within the deployment.
    #[must_use]
    pub fn row_key(&self) -> RowKey {
        (self.shard, self.register.clone(), self.key.clone())
    }

    /// Whether it holds on some day on which the other does.
    #[must_use]
    pub fn overlaps(&self, from: Option<Date>, to: Option<Date>) -> bool {
        self.valid_from.unwrap_or(Date::MIN) < to.unwrap_or(Date::MAX)
            && from.unwrap_or(Date::MIN) < self.valid_to.unwrap_or(Date::MAX)
    }

    /// Whether its fields are as wanted; `place` without such a field is where the row is kept, or above.
    #[must_use]
    pub fn matches(&self, wanted: &BTreeMap<String, Value>) -> bool {
        wanted.iter().all(|(name, value)| match self.fields.get(name) {
            Some(found) => found == value,
            None => name == "place" && self.is_inside(value),
        })
    }

    fn is_inside(&self, place: &Value) -> bool {
        let place = place.as_str().and_then(|code| code.parse::<PlaceCode>().ok());
        place.zip(self.place).is_some_and(|(wanted, own)| wanted.holds(own))
    }

    /// Whether it holds on `day`.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }
}
