//! Which place people mean: by its code, its name, its official name, or a name without the word for what it is; with the
//! names of places above it where that is not enough. A name that several places have is never guessed at.

use ganglion_model::{Level, Place, PlaceCode, PlaceTree};
use jiff::civil::Date;
use std::collections::HashMap;

/// Fewest characters of a name that is left when the word for what it is was taken off.
const SHORT_CHARS_MIN: usize = 2;
/// What stands between the names of a path.
const BETWEEN: [char; 5] = ['\u{b7}', '/', '>', '\\', '|'];

/// What a text may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One place, or a code that may be one.
    One(PlaceCode),
    /// Several places, in the order of their codes.
    Several(Vec<PlaceCode>),
    /// None.
    Nothing,
}

/// The names of places, ready to be looked up.
#[derive(Debug, Default)]
pub struct PlaceNames {
    /// By name as people say it and in the official list.
    exact: HashMap<String, Vec<PlaceCode>>,
    /// By what is left of a name without the word for what it is.
    short: HashMap<String, Vec<PlaceCode>>,
    /// All names of each place, those above the root too.
    own: HashMap<PlaceCode, Vec<String>>,
}

impl PlaceNames {
    /// The places of `root` and inside it on `day`. `endings` are words for what a place is, longest first.
    #[must_use]
    pub fn new(tree: &PlaceTree, (root, day): (PlaceCode, Date), endings: &[String]) -> PlaceNames {
        let mut names = PlaceNames::default();
        for place in root.ancestors().filter_map(|code| tree.on(code, day)) {
            let (exact, short) = called(place, endings);
            names.own.insert(place.code, exact.into_iter().chain(short).collect());
        }
        for place in tree.on(root, day).into_iter().chain(tree.inside(root, day)) {
            let (exact, short) = called(place, endings);
            for name in &exact {
                names.exact.entry(name.clone()).or_default().push(place.code);
            }
            for name in &short {
                names.short.entry(name.clone()).or_default().push(place.code);
            }
            names.own.insert(place.code, exact.into_iter().chain(short).collect());
        }
        names
    }

    /// Places of `levels` (of any, if none is named) that `text` may mean.
    #[must_use]
    pub fn find(&self, levels: &[Level], text: &str) -> Found {
        let text = text.trim();
        if let Ok(code) = text.trim_end_matches(".0").parse() {
            return Found::One(code);
        }
        let parts: Vec<&str> = text.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty()).collect();
        let Some((last, above)) = parts.split_last() else { return Found::Nothing };
        let is_below = |code: &PlaceCode| {
            let mut ancestors = code.ancestors();
            above.iter().rev().all(|part| ancestors.any(|one| self.is_called(one, part)))
        };
        let mut found: Vec<PlaceCode> = self.named(levels, last).into_iter().filter(is_below).collect();
        if found.is_empty() && above.is_empty() {
            found = self.joined(levels, last);
        }
        match found.as_slice() {
            [] => Found::Nothing,
            [one] => Found::One(*one),
            _ => Found::Several(found),
        }
    }

    /// As [`PlaceNames::find`]; of several the only one inside `near` is meant.
    #[must_use]
    pub fn find_near(&self, levels: &[Level], text: &str, near: Option<PlaceCode>) -> Found {
        match (self.find(levels, text), near) {
            (Found::Several(all), Some(near)) => {
                let mut inside = all.iter().filter(|code| near.holds(**code));
                match (inside.next(), inside.next()) {
                    (Some(one), None) => Found::One(*one),
                    _ => Found::Several(all),
                }
            }
            (found, _) => found,
        }
    }

    /// Those whose name is `name`; only where there are none, those whose short name it is.
    fn named(&self, levels: &[Level], name: &str) -> Vec<PlaceCode> {
        let fits = |code: &PlaceCode| levels.is_empty() || levels.contains(&code.level());
        let among = |names: &HashMap<String, Vec<PlaceCode>>| -> Vec<PlaceCode> {
            names.get(name).into_iter().flatten().copied().filter(fits).collect()
        };
        let exact = among(&self.exact);
        if exact.is_empty() { among(&self.short) } else { exact }
    }

    /// Those whose name ends `text`, with nothing but names of places above before it.
    fn joined(&self, levels: &[Level], text: &str) -> Vec<PlaceCode> {
        let starts = text.char_indices().map(|(at, _)| at).filter(|at| *at > 0);
        let found = starts.map(|at| {
            let (before, name) = text.split_at(at);
            let named = self.named(levels, name);
            named.into_iter().filter(|code| self.is_path(*code, before)).collect::<Vec<_>>()
        });
        found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Whether `text` is made of names of places above `code`, in order.
    fn is_path(&self, code: PlaceCode, text: &str) -> bool {
        text.is_empty()
            || code.ancestors().any(|above| {
                let names = self.own.get(&above).into_iter().flatten();
                names.filter_map(|name| text.strip_suffix(name.as_str())).any(|rest| self.is_path(above, rest))
            })
    }

    fn is_called(&self, code: PlaceCode, name: &str) -> bool {
        self.own.get(&code).is_some_and(|names| names.iter().any(|one| one == name))
    }
}

/// The names of a place: those it has, and what is left of them without the word for what it is.
fn called(place: &Place, endings: &[String]) -> (Vec<String>, Vec<String>) {
    let mut exact: Vec<String> = vec![place.name.clone()];
    exact.extend(place.official.iter().filter(|official| **official != place.name).cloned());
    let mut short: Vec<String> = Vec::new();
    for name in &exact {
        let left = endings.iter().filter_map(|ending| name.strip_suffix(ending.as_str()));
        for left in left.map(str::trim_end).filter(|left| left.chars().count() >= SHORT_CHARS_MIN) {
            if !exact.iter().chain(&short).any(|known| known == left) {
                short.push(left.to_owned());
            }
        }
    }
    (exact, short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::PlaceKind;
    use jiff::civil::date;

    fn names(root: &str) -> PlaceNames {
        let place = |code: &str, name: &str, official: Option<&str>, kind| Place {
            code: code.parse().unwrap(),
            name: name.to_owned(),
            official: official.map(str::to_owned),
            kind,
            valid_from: date(2020, 1, 1),
            valid_to: None,
            predecessors: Vec::new(),
            host: None,
            synthetic: false,
        };
        let (tree, errors) = PlaceTree::build(vec![
            place("1309", "沧州市", None, PlaceKind::PrefectureCity),
            place("130903", "运河区", None, PlaceKind::District),
            place("130921", "沧县", None, PlaceKind::County),
            place("130903001", "水月寺街道", Some("水月寺街道办事处"), PlaceKind::Street),
            place("130921100", "旧州镇", None, PlaceKind::Town),
            place("130903001001", "三里家园社区", Some("三里家园社区居委会"), PlaceKind::ResidentsCommittee),
            place("130903001002", "东关村", None, PlaceKind::VillageCommittee),
            place("130921100200", "东关村", None, PlaceKind::VillageCommittee),
        ]);
        assert_eq!(errors, []);
        let endings = ["居委会", "社区", "村", "街道办事处", "街道", "镇", "区", "县", "市"].map(str::to_owned);
        PlaceNames::new(&tree, (root.parse().unwrap(), date(2022, 6, 27)), &endings)
    }

    #[test]
    fn a_place_is_known_by_code_by_its_names_and_by_what_is_left_of_them() {
        let names = names("1309");
        let one = |code: &str| Found::One(code.parse().unwrap());
        for text in ["130903001001", "130903001001.0", "三里家园社区", " 三里家园社区居委会 ", "三里家园"]
        {
            assert_eq!(names.find(&[Level::Village], text), one("130903001001"), "{text}");
        }
        assert_eq!(names.find(&[], "运河"), one("130903"));
        assert_eq!(names.find(&[Level::Village], "运河"), Found::Nothing, "a place of another level is not meant");
        assert_eq!(names.find(&[Level::Village], "四里"), Found::Nothing);
        assert_eq!(names.find(&[], " · "), Found::Nothing);
    }

    #[test]
    fn a_name_of_several_places_needs_one_above_and_is_never_guessed() {
        let names = names("1309");
        let (here, there): (PlaceCode, PlaceCode) = ("130903001002".parse().unwrap(), "130921100200".parse().unwrap());
        let levels = [Level::Village];
        assert_eq!(names.find(&levels, "东关村"), Found::Several(vec![here, there]));
        for text in ["沧县 · 旧州镇 · 东关村", "沧县/东关村", "旧州镇>东关", "沧县旧州镇东关村", "沧州市沧县东关村"]
        {
            assert_eq!(names.find(&levels, text), Found::One(there), "{text}");
        }
        assert_eq!(names.find(&levels, "旧州镇·沧县·东关村"), Found::Nothing, "the order is from above");
        assert_eq!(names.find_near(&levels, "东关村", "130903".parse().ok()), Found::One(here));
        assert_eq!(names.find_near(&levels, "东关村", "1309".parse().ok()), Found::Several(vec![here, there]));
    }

    #[test]
    fn places_above_the_root_are_understood_in_a_path() {
        let names = names("130921100");
        let there = Found::One("130921100200".parse().unwrap());
        assert_eq!(names.find(&[], "沧县·旧州镇·东关村"), there);
        assert_eq!(names.find(&[], "东关村"), there, "what lies outside is not meant");
    }
}
