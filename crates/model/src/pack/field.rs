//! Fields of forms, cases and register rows.

use super::process::NumberDef;
use crate::expr::{Expr, Type};
use crate::place::{Level, PlaceCode};
use crate::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One declared field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Name, unique in its form.
    pub name: String,
    /// What kind of value.
    pub kind: FieldKind,
    /// Label on screens.
    pub title: Text,
    /// Help below the label.
    #[serde(default)]
    pub help: Text,
    /// Whether it must be given.
    pub required: Required,
    /// Shown and demanded only if this holds (`form.*` is what was typed, `case.*` the case).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// Further conditions with their own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Conditions that only hint: what does not hold is said beside the field while it is typed, and taken all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warns: Vec<Check>,
    /// Sealed at rest, masked by default, absent from journals, exports and tiles.
    #[serde(default)]
    pub personal: bool,
    /// Roles that see a personal or confidential field in clear while they act on the case; empty: everyone who may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub see: Vec<String>,
    /// May be shown to anyone.
    #[serde(default)]
    pub public: bool,
    /// Of a reference: whose rows may be named, as seen from the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// Of a reference: what a row must be to be named (`row.*`, `today`), with the words for when it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<Check>,
    /// Value when nothing is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Unit shown behind the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text>,
    /// The value may stand in one row only (per shard), so that a repeated intake is recognised.
    #[serde(default)]
    pub unique: bool,
    /// Value when nothing is given, worked out from names such as `today` and `actor.place`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_from: Option<Expr>,
    /// Smallest value, for numbers, days and times of day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Expr>,
    /// Largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Expr>,
    /// Said when the pattern of a text does not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern_says: Option<Text>,
    /// Worked out when the row is written, and kept; it cannot be typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed: Option<Expr>,
    /// Stays as it was first written, in a register.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixed: bool,
    /// Set by steps of cases alone, in a register; nobody types it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_cases: bool,
    /// Metres a point is rounded to before it is kept: enough to know the neighbourhood and not the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_m: Option<u32>,
    /// What settled cases have in common with the one in hand from which a value is suggested: names of fields of the opening form, and
    /// [`SAME_WORDS`]; empty: nothing is suggested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggest: Vec<String>,
}

/// Stands in [`Field::suggest`] for the words that were said.
pub const SAME_WORDS: &str = "words";

impl Field {
    /// Whether a person or program may give its value; numbers and computed values are given by the system, others by steps
    /// of cases.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.computed.is_none() && !self.is_kept()
    }

    /// Whether a row that is typed again keeps the value it has: numbers, and what steps of cases set.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.by_cases || matches!(self.kind, FieldKind::Serial { .. })
    }
}

/// How far from the case a row may belong that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// To the very place of the case.
    Place,
    /// To a place inside the one of this level that the case lies in.
    Level(Level),
}

impl Within {
    /// Whether a case at `place` may name a row that belongs to `owner`.
    #[must_use]
    pub fn holds(self, place: PlaceCode, owner: PlaceCode) -> bool {
        match self {
            Within::Place => place == owner,
            Within::Level(level) => place.at(level).unwrap_or(place).holds(owner),
        }
    }
}

/// Whether a value must be given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// It may be left out.
    #[default]
    No,
    /// Always.
    Yes,
    /// If the expression holds.
    If(Expr),
}

/// A condition with the words for when it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Must hold.
    pub holds: Expr,
    /// Said when it does not.
    pub message: Text,
}

/// Kinds of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum FieldKind {
    /// One line.
    Text {
        /// Longest length in characters.
        max: u32,
        /// Pattern the whole text must match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// Several lines.
    LongText {
        /// Longest length in characters.
        max: u32,
    },
    /// Whole number.
    Integer {
        /// Smallest value.
        #[serde(default)]
        min: Option<i64>,
        /// Largest value.
        #[serde(default)]
        max: Option<i64>,
    },
    /// Decimal, kept as text so that nothing is rounded.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Money in fen.
    Money,
    /// Civil day.
    Date,
    /// Instant.
    Datetime,
    /// Yes or no.
    Boolean,
    /// One code of a list.
    Choice {
        /// The list.
        list: String,
    },
    /// Several codes of a list.
    Choices {
        /// The list.
        list: String,
    },
    /// The key of a register row, valid on the day.
    Ref {
        /// The register.
        register: String,
    },
    /// A case of a process, by its public number.
    CaseRef {
        /// The process.
        process: String,
    },
    /// A place of a level.
    Place {
        /// Allowed levels.
        levels: Vec<Level>,
    },
    /// A post.
    Post {
        /// Roles it may have; empty: any.
        roles: Vec<String>,
        /// Level of the case's place within which the post must stand; the case's own subtree of that level.
        within: Option<Level>,
    },
    /// Several posts.
    Posts {
        /// Roles they may have; empty: any.
        roles: Vec<String>,
        /// As for one post.
        within: Option<Level>,
    },
    /// A point `[lon, lat]`, WGS-84.
    Point,
    /// Uploaded files by id.
    Files {
        /// Only pictures.
        images: bool,
        /// Most files.
        max: u32,
    },
    /// A telephone number.
    Phone,
    /// A citizen's ID number (GB 11643).
    CitizenId,
    /// A limit such as `4 wh`.
    Duration,
    /// Time of day, `hh:mm`.
    Time,
    /// An amount in a unit, kept as decimal text.
    Quantity {
        /// The unit it is kept in.
        unit: String,
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Keys of several rows of a register.
    Refs {
        /// The register.
        register: String,
        /// Most rows.
        max: u32,
    },
    /// Somebody who holds a post.
    Account {
        /// Roles one of the posts must have; empty: any.
        roles: Vec<String>,
        /// As for a post.
        within: Option<Level>,
    },
    /// A line on the map: `[[lon, lat], …]`, WGS-84.
    Line,
    /// An area on the map: rings as in GeoJSON, the outer one first.
    Polygon,
    /// A unified social credit code (GB 32100).
    CreditCode,
    /// A number without gaps, given when the row is made.
    Serial {
        /// How it is built.
        number: NumberDef,
    },
    /// Rows inside a row: a list of objects.
    Table {
        /// Columns.
        fields: Vec<Field>,
        /// Fewest rows.
        min_rows: u32,
        /// Most rows.
        max_rows: u32,
    },
}

impl Default for FieldKind {
    fn default() -> FieldKind {
        FieldKind::Text { max: 200, pattern: None }
    }
}

impl FieldKind {
    /// The type expressions see.
    #[must_use]
    pub fn value_type(&self) -> Type {
        match self {
            FieldKind::Integer { .. } | FieldKind::Money => Type::Int,
            FieldKind::Decimal { .. } | FieldKind::Quantity { .. } => Type::Number,
            FieldKind::Boolean => Type::Bool,
            FieldKind::Date => Type::Date,
            FieldKind::Choices { .. } | FieldKind::Posts { .. } | FieldKind::Files { .. } | FieldKind::Refs { .. } => {
                Type::List(Box::new(Type::Text))
            }
            FieldKind::Point | FieldKind::Line | FieldKind::Polygon | FieldKind::Table { .. } => Type::Any,
            _ => Type::Text,
        }
    }
}
