//! A subset of CQL2 text (OGC 21-065r2), read into a tree and asked of features: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE,
//! IS NULL, days and instants, and S_INTERSECTS with a box or a point. Only names a collection offers are understood, so nothing
//! can be found by a value the asker may not see. Leaves out functions, arithmetic, arrays and other geometries.

mod judge;
mod lex;
mod parse;

use ganglion_geo::geometry::Bounds;
use jiff::Timestamp;
use jiff::civil::Date;

pub use parse::parse;

/// Longest text that is read, characters.
pub const CHARS_MAX: usize = 4_000;

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Something is not understood at this character, counted from one.
    At(usize),
    /// The collection offers no such name.
    Name(String),
    /// It is too long, or brackets stand too deep.
    TooMuch,
}

/// A value that is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Words.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Truth(bool),
    /// A civil day.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// A property by its name.
    Property(String),
    /// A value.
    Literal(Literal),
}

/// How two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `=`
    Equal,
    /// `<>`
    Unequal,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// `TRUE` or `FALSE`.
    Truth(bool),
    /// A comparison.
    Compare(Side, Compare, Side),
    /// One of several values.
    In(String, Vec<Literal>),
    /// Between two values, both included.
    Between(String, Literal, Literal),
    /// A text that looks so: `%` stands for any characters, `_` for one.
    Like(String, String),
    /// There is no value.
    IsNull(String),
    /// The geometry touches a box; a point is a box without size.
    Touches(Bounds),
}

impl Expr {
    /// The box a feature has to touch whatever else holds, if there is one.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        match self {
            Expr::Touches(bounds) => Some(*bounds),
            Expr::And(all) => all.iter().find_map(Expr::bounds),
            _ => None,
        }
    }
}
