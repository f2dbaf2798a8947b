//! The dated tree of places, in memory: small (some 20,000 rows for a city) and read by everything.

use crate::place::{Level, Place, PlaceCode, PlaceKind};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// Places by code, every dated version, with children in code order.
#[derive(Clone, Debug, Default)]
pub struct PlaceTree {
    versions: HashMap<PlaceCode, Vec<Place>>,
    ordered: BTreeMap<PlaceCode, ()>,
    successors: HashMap<PlaceCode, Vec<PlaceCode>>,
}

/// Why a list of places is no tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Two versions of one code hold on the same day.
    #[error("{0} has two versions on the same day")]
    Overlap(PlaceCode),
    /// The parent is not in the list.
    #[error("{0} has no parent in the list")]
    Orphan(PlaceCode),
}

impl PlaceTree {
    /// Builds the tree; every problem is returned beside what could be built.
    #[must_use]
    pub fn build(places: Vec<Place>) -> (PlaceTree, Vec<TreeError>) {
        let mut tree = PlaceTree::default();
        for place in places {
            for old in &place.predecessors {
                tree.successors.entry(*old).or_default().push(place.code);
            }
            tree.ordered.insert(place.code, ());
            tree.versions.entry(place.code).or_default().push(place);
        }
        let mut errors = Vec::new();
        for (code, versions) in &mut tree.versions {
            versions.sort_by_key(|place| place.valid_from);
            // Most places have one version, and a list that grew by pushing has room for four.
            versions.shrink_to_fit();
            let overlap = versions.windows(2).any(|pair| pair[0].valid_to.is_none_or(|to| to > pair[1].valid_from));
            if overlap {
                errors.push(TreeError::Overlap(*code));
            }
        }
        let orphans = tree.ordered.keys().filter(|code| {
            code.level() > Level::City && code.parent().is_some_and(|parent| !tree.versions.contains_key(&parent))
        });
        errors.extend(orphans.map(|code| TreeError::Orphan(*code)));
        errors.sort_by_key(|error| match error {
            TreeError::Overlap(code) | TreeError::Orphan(code) => *code,
        });
        (tree, errors)
    }

    /// The version of `code` in force on `day`.
    #[must_use]
    pub fn on(&self, code: PlaceCode, day: Date) -> Option<&Place> {
        self.versions.get(&code)?.iter().find(|place| place.valid_on(day))
    }

    /// The version in force on `day`, or else the last one known: for showing old rows.
    #[must_use]
    pub fn known(&self, code: PlaceCode, day: Date) -> Option<&Place> {
        self.on(code, day).or_else(|| self.versions.get(&code)?.last())
    }

    /// Children in force on `day`, in code order.
    pub fn children(&self, code: PlaceCode, day: Date) -> impl Iterator<Item = &Place> {
        let level = code.level().down();
        self.inside(code, day).filter(move |place| Some(place.code.level()) == level)
    }

    /// Every place inside `code` (itself left out) in force on `day`, in code order.
    pub fn inside(&self, code: PlaceCode, day: Date) -> impl Iterator<Item = &Place> {
        let (low, high) = code.range();
        let low = PlaceCode::from_padded(low + 1).unwrap_or(code);
        let high = PlaceCode::from_padded(high);
        let range = match high {
            Some(high) => self.ordered.range(low..high),
            None => self.ordered.range(low..),
        };
        range.filter_map(move |(inner, ())| self.on(*inner, day))
    }

    /// All places in force on `day`, in code order.
    pub fn all(&self, day: Date) -> impl Iterator<Item = &Place> {
        self.ordered.keys().filter_map(move |code| self.on(*code, day))
    }

    /// Every version of every place, in code order.
    pub fn versions(&self) -> impl Iterator<Item = &Place> {
        self.ordered.keys().flat_map(|code| self.versions.get(code).into_iter().flatten())
    }

    /// Every code inside `code` (itself left out) that lies at `level` or above, whatever the day, in code order. What lies deeper is
    /// passed over in one step for each place of that level.
    #[must_use]
    pub fn codes_down_to(&self, code: PlaceCode, level: Level) -> Vec<PlaceCode> {
        let end = code.range().1;
        let (mut found, mut from) = (Vec::new(), Bound::Excluded(code));
        while let Some((next, ())) = self.ordered.range((from, Bound::Unbounded)).next() {
            if next.padded() >= end {
                break;
            }
            match next.at(level).filter(|above| above != next) {
                None => {
                    found.push(*next);
                    from = Bound::Excluded(*next);
                }
                Some(above) => match PlaceCode::from_padded(above.range().1) {
                    Some(behind) => from = Bound::Included(behind),
                    None => break,
                },
            }
        }
        found
    }

    /// Follows predecessors forward: the code under which `code` is known on `day`. A place that was split has no
    /// single successor and gives `None`.
    #[must_use]
    pub fn current(&self, code: PlaceCode, day: Date) -> Option<PlaceCode> {
        let mut at = code;
        for _ in 0..8 {
            if self.on(at, day).is_some() {
                return Some(at);
            }
            match self.successors.get(&at).map(Vec::as_slice) {
                Some([next]) => at = *next,
                _ => return None,
            }
        }
        None
    }

    /// Places with a people's government or street office, of `level`, inside `code`: 191 townships and streets of the
    /// city this was written for, where counting rows gives 209.
    #[must_use]
    pub fn governments(&self, code: PlaceCode, level: Level, day: Date) -> usize {
        self.inside(code, day)
            .filter(|place| place.code.level() == level && place.kind.is_government() && place.kind != PlaceKind::Quasi)
            .count()
    }

    /// Number of codes known, whatever the day.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Whether no place is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ordered.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn place(code: &str, from: Date, to: Option<Date>, before: &[&str]) -> Place {
        Place {
            code: code.parse().unwrap(),
            name: code.to_owned(),
            kind: PlaceKind::Town,
            valid_from: from,
            valid_to: to,
            predecessors: before.iter().map(|c| c.parse().unwrap()).collect(),
            host: None,
            synthetic: false,
            official: None,
        }
    }

    fn tree() -> PlaceTree {
        let old = date(2020, 1, 1);
        let new = date(2022, 11, 1);
        let (tree, errors) = PlaceTree::build(vec![
            place("1309", old, None, &[]),
            place("130921", old, None, &[]),
            place("130921200", old, Some(new), &[]),
            place("130921105", new, None, &["130921200"]),
        ]);
        assert_eq!(errors, vec![]);
        tree
    }

    #[test]
    fn a_recoded_place_is_followed_forward_and_the_old_day_keeps_the_old_code() {
        let tree = tree();
        let old: PlaceCode = "130921200".parse().unwrap();
        assert_eq!(tree.current(old, date(2023, 1, 1)).unwrap().to_string(), "130921105");
        assert_eq!(tree.current(old, date(2021, 1, 1)), Some(old));
        let county: PlaceCode = "130921".parse().unwrap();
        let on = |day| tree.children(county, day).map(|p| p.code.to_string()).collect::<Vec<_>>();
        assert_eq!(on(date(2021, 1, 1)), ["130921200"]);
        assert_eq!(on(date(2023, 1, 1)), ["130921105"]);
    }

    #[test]
    fn places_down_to_a_level_are_all_there_and_nothing_deeper() {
        let day = date(2020, 1, 1);
        let codes = [
            "13",
            "1308",
            "130881",
            "1309",
            "130921",
            "130921001",
            "130921001002",
            "130922",
            "130930001001001",
            "130981",
            "130981999",
            "999999999999999",
            "1310",
            "131002",
        ];
        let (tree, _) = PlaceTree::build(codes.iter().map(|code| place(code, day, None, &[])).collect());
        for code in codes.into_iter().chain(["1311"]) {
            let code: PlaceCode = code.parse().unwrap();
            for level in Level::ALL {
                let inside = |one: &PlaceCode| code.holds(*one) && *one != code && one.level() <= level;
                let wanted: Vec<PlaceCode> = tree.versions().map(|one| one.code).filter(inside).collect();
                assert_eq!(tree.codes_down_to(code, level), wanted, "{code} {level:?}");
            }
        }
    }

    #[test]
    fn overlaps_and_orphans_are_all_named() {
        let day = date(2020, 1, 1);
        let (_, errors) = PlaceTree::build(vec![
            place("130921", day, None, &[]),
            place("130921", day, None, &[]),
            place("130922001", day, None, &[]),
        ]);
        assert_eq!(errors.len(), 3, "{errors:?}");
    }
}
