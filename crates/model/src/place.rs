//! Places: codes, levels, kinds, and one dated place. The tree they form is in [`crate::place_tree`].
//!
//! A code is the national statistical code (2, 4, 6, 9 or 12 digits, GB/T 2260 and GB/T 10114) or our 15-digit grid
//! code. Codes change over time (a township that becomes a town gets a new one), so a code names a place only
//! together with a date.

use crate::id::Shard;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The levels of the tree, top down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 2 digits.
    Province,
    /// 4 digits.
    City,
    /// 6 digits.
    County,
    /// 9 digits: township, town or street.
    Township,
    /// 12 digits: village or community.
    Village,
    /// 15 digits.
    Grid,
}

impl Level {
    /// All levels, top down.
    pub const ALL: [Level; 6] =
        [Level::Province, Level::City, Level::County, Level::Township, Level::Village, Level::Grid];

    /// Digits of a code of this level.
    #[must_use]
    pub fn digits(self) -> u32 {
        match self {
            Level::Province => 2,
            Level::City => 4,
            Level::County => 6,
            Level::Township => 9,
            Level::Village => 12,
            Level::Grid => 15,
        }
    }

    /// The name used in packs and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Province => "province",
            Level::City => "city",
            Level::County => "county",
            Level::Township => "township",
            Level::Village => "village",
            Level::Grid => "grid",
        }
    }

    /// Reads the name used in packs.
    #[must_use]
    pub fn parse(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == name)
    }

    /// The level above, if any.
    #[must_use]
    pub fn up(self) -> Option<Level> {
        let at = Level::ALL.iter().position(|level| *level == self)?;
        at.checked_sub(1).map(|above| Level::ALL[above])
    }

    /// The level below, if any.
    #[must_use]
    pub fn down(self) -> Option<Level> {
        let at = Level::ALL.iter().position(|level| *level == self)?;
        Level::ALL.get(at + 1).copied()
    }

    fn unit(self) -> u64 {
        10_u64.pow(15 - self.digits())
    }
}

/// A place code, held as the 15-digit number padded with zeros on the right, so that "is inside" is a range of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceCode(u64);

impl PlaceCode {
    /// From the padded number; `None` when it is no code of any level.
    #[must_use]
    pub fn from_padded(padded: u64) -> Option<PlaceCode> {
        (10_u64.pow(14)..10_u64.pow(15)).contains(&padded).then_some(PlaceCode(padded))
    }

    /// The padded number, as stored.
    #[must_use]
    pub fn padded(self) -> u64 {
        self.0
    }

    /// The level, read off the digits that are not padding. No code of the national list ends in a zero group.
    #[must_use]
    pub fn level(self) -> Level {
        Level::ALL.into_iter().find(|level| self.0.is_multiple_of(level.unit())).unwrap_or(Level::Grid)
    }

    /// The code of the ancestor (or self) at `level`; `None` when this place lies above that level.
    #[must_use]
    pub fn at(self, level: Level) -> Option<PlaceCode> {
        (self.level() >= level).then(|| PlaceCode(self.0 - self.0 % level.unit()))
    }

    /// The parent's code.
    #[must_use]
    pub fn parent(self) -> Option<PlaceCode> {
        self.level().up().and_then(|up| self.at(up))
    }

    /// Ancestors from the parent up.
    pub fn ancestors(self) -> impl Iterator<Item = PlaceCode> {
        std::iter::successors(self.parent(), |code| code.parent())
    }

    /// Whether `other` is this place or inside it, by code.
    #[must_use]
    pub fn holds(self, other: PlaceCode) -> bool {
        let (low, high) = self.range();
        (low..high).contains(&other.0)
    }

    /// Padded codes of this place and everything inside it: low inclusive, high exclusive.
    #[must_use]
    pub fn range(self) -> (u64, u64) {
        (self.0, self.0 + self.level().unit())
    }

    /// The shard its rows live in: its county, or the deployment for places above counties.
    #[must_use]
    pub fn shard(self) -> Shard {
        self.at(Level::County).map_or(Shard::DEPLOYMENT, |county| {
            Shard(u32::try_from(county.0 / Level::County.unit()).unwrap_or_default())
        })
    }
}

impl fmt::Display for PlaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / self.level().unit())
    }
}

/// Text that is no place code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a place code of 2, 4, 6, 9, 12 or 15 digits")]
pub struct NotAPlaceCode(pub String);

impl FromStr for PlaceCode {
    type Err = NotAPlaceCode;

    fn from_str(text: &str) -> Result<PlaceCode, NotAPlaceCode> {
        let bad = || NotAPlaceCode(text.to_owned());
        if !text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('0') {
            return Err(bad());
        }
        let level = Level::ALL.into_iter().find(|level| level.digits() as usize == text.len()).ok_or_else(bad)?;
        let number: u64 = text.parse().map_err(|_| bad())?;
        let code = PlaceCode(number * level.unit());
        if code.level() == level { Ok(code) } else { Err(bad()) }
    }
}

impl Serialize for PlaceCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PlaceCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlaceCode, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a place is. `Quasi` units (development zones, farms) have statistical codes but no people's government, so
/// they are left out when governments are counted (191, not 209).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the terms of the division catalogue")]
pub enum PlaceKind {
    Province,
    PrefectureCity,
    District,
    County,
    CountyCity,
    AutonomousCounty,
    DevZone,
    Street,
    Town,
    Township,
    EthnicTownship,
    Quasi,
    ResidentsCommittee,
    VillageCommittee,
    QuasiResidents,
    QuasiVillage,
    Virtual,
    BaseGrid,
    DedicatedGrid,
    MicroGrid,
}

impl PlaceKind {
    /// Every kind.
    pub const ALL: [PlaceKind; 20] = [
        PlaceKind::Province,
        PlaceKind::PrefectureCity,
        PlaceKind::District,
        PlaceKind::County,
        PlaceKind::CountyCity,
        PlaceKind::AutonomousCounty,
        PlaceKind::DevZone,
        PlaceKind::Street,
        PlaceKind::Town,
        PlaceKind::Township,
        PlaceKind::EthnicTownship,
        PlaceKind::Quasi,
        PlaceKind::ResidentsCommittee,
        PlaceKind::VillageCommittee,
        PlaceKind::QuasiResidents,
        PlaceKind::QuasiVillage,
        PlaceKind::Virtual,
        PlaceKind::BaseGrid,
        PlaceKind::DedicatedGrid,
        PlaceKind::MicroGrid,
    ];

    /// The name data and packs have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PlaceKind::Province => "province",
            PlaceKind::PrefectureCity => "prefecture_city",
            PlaceKind::District => "district",
            PlaceKind::County => "county",
            PlaceKind::CountyCity => "county_city",
            PlaceKind::AutonomousCounty => "autonomous_county",
            PlaceKind::DevZone => "dev_zone",
            PlaceKind::Street => "street",
            PlaceKind::Town => "town",
            PlaceKind::Township => "township",
            PlaceKind::EthnicTownship => "ethnic_township",
            PlaceKind::Quasi => "quasi",
            PlaceKind::ResidentsCommittee => "residents_committee",
            PlaceKind::VillageCommittee => "village_committee",
            PlaceKind::QuasiResidents => "quasi_residents",
            PlaceKind::QuasiVillage => "quasi_village",
            PlaceKind::Virtual => "virtual",
            PlaceKind::BaseGrid => "base_grid",
            PlaceKind::DedicatedGrid => "dedicated_grid",
            PlaceKind::MicroGrid => "micro_grid",
        }
    }

    /// The kind called so.
    #[must_use]
    pub fn parse(name: &str) -> Option<PlaceKind> {
        PlaceKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether a people's government or its street office stands behind it: the places counted as townships and streets.
    #[must_use]
    pub fn is_government(self) -> bool {
        use PlaceKind as K;
        !matches!(self, K::DevZone | K::Quasi | K::ResidentsCommittee | K::VillageCommittee | K::QuasiResidents)
            && !matches!(self, K::QuasiVillage | K::Virtual | K::BaseGrid | K::DedicatedGrid | K::MicroGrid)
    }
}

/// One place over one span of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Its code in that span.
    pub code: PlaceCode,
    /// Name as people say it.
    pub name: String,
    /// The name in the official list, where it is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official: Option<String>,
    /// What it is.
    pub kind: PlaceKind,
    /// First day.
    pub valid_from: Date,
    /// First day on which it is no longer so; `None` while in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Codes it came from: renamed codes, merged or split places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predecessors: Vec<PlaceCode>,
    /// The county by outline, when it differs from the county by code (zones lie inside a host).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<PlaceCode>,
    /// Whether its outline was invented for demonstration.
    #[serde(default)]
    pub synthetic: bool,
}

impl Place {
    /// Whether it is in force on `day`.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| day < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_called_as_data_calls_them() {
        for kind in PlaceKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(PlaceKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(PlaceKind::parse("hamlet"), None);
    }

    #[test]
    fn codes_know_their_level_parent_and_range() {
        let grid: PlaceCode = "130903001001002".parse().unwrap();
        assert_eq!(grid.level(), Level::Grid);
        assert_eq!(grid.parent().unwrap().to_string(), "130903001001");
        assert_eq!(grid.at(Level::County).unwrap().to_string(), "130903");
        assert_eq!(grid.shard(), Shard(130903));
        let city: PlaceCode = "1309".parse().unwrap();
        assert!(city.holds(grid) && !grid.holds(city));
        assert_eq!(grid.ancestors().count(), 5);
        assert_eq!(serde_json::to_string(&city).unwrap(), "\"1309\"");
    }

    #[test]
    fn codes_of_odd_length_or_padding_are_refused() {
        for bad in ["", "1", "13090", "130900", "1309030010", "13090300x", "030903", "130903001001000"] {
            assert!(bad.parse::<PlaceCode>().is_err(), "{bad}");
        }
    }
}
