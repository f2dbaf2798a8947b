//! What can be wrong with a file of outlines. The English sentence is for logs and the command line; pages take their text by
//! [`Problem::name`].

use std::fmt;

use thiserror::Error;

/// One thing wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Number of the feature in the file, from 1; `None` when it is the file itself.
    pub feature: Option<usize>,
    /// The code of that feature, where it could be read.
    pub code: Option<String>,
    /// Which ring of it, where it is about one.
    pub ring: Option<RingAt>,
    /// What is wrong.
    pub problem: Problem,
}

/// A ring of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingAt {
    /// Number of the polygon, from 1.
    pub part: usize,
    /// Number of the ring in it, from 1; the holes begin at 2.
    pub ring: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.feature {
            None => f.write_str("file")?,
            Some(number) => write!(f, "feature {number}")?,
        }
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if let Some(RingAt { part, ring }) = self.ring {
            write!(f, ", polygon {part}, ring {ring}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What is wrong. Numbers of features, polygons and rings count from 1; positions are longitude, latitude.
#[derive(Clone, Debug, PartialEq, Error)]
#[allow(missing_docs, reason = "the fields are named in the sentence of each variant")]
pub enum Problem {
    /// Longer than the reader was told to take.
    #[error("{bytes} bytes are more than the {limit} allowed")]
    TooLarge { bytes: usize, limit: usize },
    /// Often a file saved in GBK.
    #[error("not UTF-8 text from byte {byte} on")]
    NotUtf8 { byte: usize },
    /// NaN and infinity end up here too: JSON has neither.
    #[error("not JSON: {detail}")]
    NotJson { line: usize, column: usize, detail: String },
    /// A single feature or a bare geometry, or other JSON.
    #[error("not a GeoJSON FeatureCollection with a list of features")]
    NotACollection,
    /// The file names coordinates other than longitude and latitude on WGS-84 or CGCS2000. A remark: the numbers are read.
    #[error("coordinate system {name:?} is not longitude and latitude on WGS-84 or CGCS2000")]
    ForeignCrs { name: String },
    /// Not an object of type Feature.
    #[error("not a Feature")]
    NotAFeature,
    /// No geometry, null, or one without coordinates.
    #[error("has no geometry")]
    NoGeometry,
    /// Points, lines and collections.
    #[error("geometry is {found:?}, not Polygon or MultiPolygon")]
    WrongGeometry { found: String },
    /// The coordinates are not nested the way RFC 7946 wants.
    #[error("coordinates are not lists of rings of positions")]
    BadCoordinates,
    /// A position that is not at least two numbers.
    #[error("position {position} is not two numbers")]
    NotANumber { position: usize },
    /// Outside [-180, 180] or [-90, 90]; `swapped` when it would fit the other way round.
    #[error("position {position} ({lon}, {lat}) is not a longitude and latitude{}", if *.swapped { "; they may be swapped" } else { "" })]
    OutOfRange { position: usize, lon: f64, lat: f64, swapped: bool },
    /// Fewer than four positions once repeated ones are dropped.
    #[error("has {found} different positions in a row; a closed ring has at least 4")]
    TooFewPoints { found: usize },
    /// The last position is not the first.
    #[error("is not closed")]
    Unclosed,
    /// All positions on one line.
    #[error("encloses no area")]
    NoArea,
    /// Two edges cross.
    #[error("crosses itself near ({lon}, {lat})")]
    CrossesItself { lon: f64, lat: f64 },
    /// A vertex lies on another part of the ring, or a spike runs back on itself. A remark: sides remain clear.
    #[error("touches itself near ({lon}, {lat})")]
    TouchesItself { lon: f64, lat: f64 },
    /// So many edges lie side by side that crossings cannot be searched in a sensible time.
    #[error("is too intricate to be checked for crossings")]
    TooIntricate,
    /// An earlier feature has the code.
    #[error("has the code of feature {first}")]
    DuplicateCode { first: usize },
    /// The property is missing, empty, or neither text nor a whole number.
    #[error("has no code in property {property:?}")]
    MissingCode { property: String },
}

impl Problem {
    /// Name of the kind, in lower case with underscores, for texts and counts.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NotJson { .. } => "not_json",
            Self::NotACollection => "not_a_collection",
            Self::ForeignCrs { .. } => "foreign_crs",
            Self::NotAFeature => "not_a_feature",
            Self::NoGeometry => "no_geometry",
            Self::WrongGeometry { .. } => "wrong_geometry",
            Self::BadCoordinates => "bad_coordinates",
            Self::NotANumber { .. } => "not_a_number",
            Self::OutOfRange { .. } => "out_of_range",
            Self::TooFewPoints { .. } => "too_few_points",
            Self::Unclosed => "unclosed",
            Self::NoArea => "no_area",
            Self::CrossesItself { .. } => "crosses_itself",
            Self::TouchesItself { .. } => "touches_itself",
            Self::TooIntricate => "too_intricate",
            Self::DuplicateCode { .. } => "duplicate_code",
            Self::MissingCode { .. } => "missing_code",
        }
    }

    /// Whether the feature (or file) is left out because of it; otherwise it is a remark.
    #[must_use]
    pub const fn rejects(&self) -> bool {
        !matches!(self, Self::ForeignCrs { .. } | Self::TouchesItself { .. })
    }
}
