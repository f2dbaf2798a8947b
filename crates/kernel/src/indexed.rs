//! What an index of words keeps of a case beside its words: which of them it says more than once, so that such a case comes first
//! without weighing every text, and marks of what it belongs to, so that a search is narrowed within the index to what its reader
//! reaches, and costs what the reader may see. Both are tokens that no text holds and nobody can type: they begin with a character
//! for private use, which [`crate::words`] takes for a sign between words.

use crate::port::CaseFilter;
use crate::words::{Term, apart, terms, tokens};
use ganglion_model::row::Case;
use ganglion_model::{Level, PlaceCode};
use std::collections::HashSet;

const REPEATED: char = '\u{e000}';
const COUNTY: char = '\u{e001}';
const TOWNSHIP: char = '\u{e002}';
const VILLAGE: char = '\u{e003}';
const PROCESS: char = '\u{e004}';
const OPENED_BY: char = '\u{e005}';
const COUNTY_PROCESS: char = '\u{e006}';
const TOWNSHIP_PROCESS: char = '\u{e007}';

/// Up to so many processes a search is narrowed to within the index; more of them are most of what there is.
const PROCESSES_MAX: usize = 4;

/// FNV-1a: the same on every machine, which the standard library's hash need not be.
#[must_use]
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn mark(kind: char, value: u64) -> String {
    format!("{kind}{value}")
}

fn place(kind: char, level: Level, place: PlaceCode) -> Option<String> {
    place.at(level).map(|place| mark(kind, place.padded()))
}

/// Process and place in one: most of what a township has is often of one process, whose own list is as long as everything there is and
/// would be gone through beside every other.
fn both(kind: char, place: u64, process: &str) -> String {
    mark(kind, hash(&format!("{place}/{process}")))
}

/// What a case belongs to, with a space before each mark.
#[must_use]
pub fn marks(case: &Case) -> String {
    let places = [(TOWNSHIP, Level::Township), (VILLAGE, Level::Village)];
    let county = u64::from(case.shard.0);
    let mut all = vec![mark(COUNTY, county), mark(PROCESS, hash(&case.process))];
    all.push(both(COUNTY_PROCESS, county, &case.process));
    let township = case.place.at(Level::Township).map(PlaceCode::padded);
    all.extend(township.map(|township| both(TOWNSHIP_PROCESS, township, &case.process)));
    all.extend(places.into_iter().filter_map(|(kind, level)| place(kind, level, case.place)));
    all.extend(case.opened_by.as_ref().map(|post| mark(OPENED_BY, hash(&post.0))));
    all.iter().flat_map(|mark| [" ", mark]).collect()
}

/// Which of the tokens stand there more than once, each marked and with a space before it.
fn repeated(tokens: &str) -> String {
    let (mut seen, mut told, mut all) = (HashSet::new(), HashSet::new(), String::new());
    for token in tokens.split(' ').filter(|token| !token.is_empty()) {
        if !seen.insert(token) && told.insert(token) {
            all.extend([' ', REPEATED]);
            all.push_str(token);
        }
    }
    all
}

/// The mark of every case in a township, by its code as it is padded.
#[must_use]
pub fn township(padded: u64) -> String {
    mark(TOWNSHIP, padded)
}

/// Everything the index keeps of a case with these words and [`marks`].
#[must_use]
pub fn kept(words: &str, marks: &str) -> String {
    let tokens = tokens(words);
    let repeated = repeated(&tokens);
    [tokens.as_str(), &repeated, marks].concat()
}

/// What is asked of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// All of them have to hold.
    pub terms: Vec<Term>,
    /// What holds more than once: of one of these all have to hold.
    pub repeated: Vec<Vec<Term>>,
    /// Where one word is asked for, the same alone: what is said again is said once too, so that its long list need not be read beside the
    /// short one.
    pub said_again: Option<Vec<Term>>,
    /// What holds them where words that were typed together stand apart: of each of these one has to hold. Empty: nothing more.
    pub apart: Vec<Vec<Term>>,
    /// Of each of these one mark has to be there.
    pub marks: Vec<Vec<String>>,
}

/// What a filter asks of the index; `None`: no words, or nothing in them can be looked for.
#[must_use]
pub fn asked(filter: &CaseFilter) -> Option<Asked> {
    let terms = terms(filter.words.as_deref()?)?;
    let repeated = terms.iter().map(twice).collect();
    let said_again = match terms.as_slice() {
        [term] => Some(said_again(term)),
        _ => None,
    };
    Some(Asked { repeated, said_again, apart: apart(&terms), marks: narrowing(filter), terms })
}

/// A term as it stands where it is said more than once.
fn twice(term: &Term) -> Vec<Term> {
    let again = |token: &String| format!("{REPEATED}{token}");
    match term {
        Term::Phrase(tokens) => tokens.iter().map(|token| Term::Phrase(vec![again(token)])).collect(),
        Term::Beginning(start) => vec![Term::Beginning(again(start))],
    }
}

/// What holds where a text says a term more than once.
fn said_again(term: &Term) -> Vec<Term> {
    // That each of several pairs stands there twice does not say that they stand one behind the other.
    let is_long = matches!(term, Term::Phrase(pairs) if pairs.len() > 1);
    twice(term).into_iter().chain(is_long.then(|| term.clone())).collect()
}

/// The marks every case of a filter has. They leave out nothing the filter holds; what they leave in too much, its conditions
/// find out.
fn narrowing(filter: &CaseFilter) -> Vec<Vec<String>> {
    let few = (1..=PROCESSES_MAX).contains(&filter.processes.len());
    let with = |kind: char, place: u64| filter.processes.iter().map(|process| both(kind, place, process)).collect();
    let level = filter.place.map(|code| (code.level(), code));
    let opened = filter.opened_by.as_ref().map(|post| vec![mark(OPENED_BY, hash(&post.0))]);
    let within = match level {
        Some((Level::County, code)) if few => Some(with(COUNTY_PROCESS, u64::from(code.shard().0))),
        Some((Level::County, code)) => Some(vec![mark(COUNTY, u64::from(code.shard().0))]),
        Some((Level::Township, code)) if few => Some(with(TOWNSHIP_PROCESS, code.padded())),
        Some((Level::Township, code)) => place(TOWNSHIP, Level::Township, code).map(|mark| vec![mark]),
        // Both are short; which process it is is looked up.
        Some((Level::Village | Level::Grid, code)) => place(VILLAGE, Level::Village, code).map(|mark| vec![mark]),
        _ if few && opened.is_none() => Some(filter.processes.iter().map(|one| mark(PROCESS, hash(one))).collect()),
        _ => None,
    };
    within.into_iter().chain(opened).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::PostId;
    use serde_json::json;

    fn case() -> Case {
        serde_json::from_value(json!({
            "id": "00000000-0000-0000-0000-000000000001", "process": "incident", "shard": 130_922, "number": "N-1",
            "version": 1, "state": "filed", "place": "130922001002", "level": "village", "channel": "app",
            "opened_at": "2022-06-27T01:00:00Z", "updated_at": "2022-06-27T01:00:00Z", "opened_by": "a@b", "links": [],
            "fields": {}, "entered": {}, "clocks": {}, "route": {"by": "named", "place": "130922001002"},
        }))
        .unwrap()
    }

    #[test]
    fn a_case_has_every_mark_that_a_filter_which_holds_it_asks_for() {
        let marks = marks(&case());
        let has = |filter: &CaseFilter| {
            narrowing(filter).iter().all(|any| any.iter().any(|one| marks.split(' ').any(|mark| mark == one)))
        };
        let inside = |code: &str| CaseFilter { place: Some(code.parse().unwrap()), ..CaseFilter::default() };
        for (code, holds) in
            [("1309", true), ("130922", true), ("130922001", true), ("130922001002", true), ("130922002", false)]
        {
            assert_eq!(has(&inside(code)), holds, "{code}");
        }
        assert!(!has(&inside("130921")));
        let of = |processes: &[&str]| CaseFilter {
            processes: processes.iter().map(|one| (*one).to_owned()).collect(),
            ..CaseFilter::default()
        };
        assert!(has(&of(&["other", "incident"])) && !has(&of(&["other"])));
        for code in ["130922", "130922001"] {
            assert!(has(&CaseFilter { place: Some(code.parse().unwrap()), ..of(&["other", "incident"]) }), "{code}");
            assert!(!has(&CaseFilter { place: Some(code.parse().unwrap()), ..of(&["other"]) }), "{code}");
        }
        for code in ["130921", "130922002"] {
            assert!(!has(&CaseFilter { place: Some(code.parse().unwrap()), ..of(&["incident"]) }), "{code}");
        }
        assert!(has(&of(&["a", "b", "c", "d", "e"])), "many processes are not narrowed to in the index");
        let by = |post: &str| CaseFilter { opened_by: Some(PostId(post.to_owned())), ..CaseFilter::default() };
        assert!(has(&by("a@b")) && !has(&by("b@a")));
    }

    #[test]
    fn what_is_said_again_is_kept_once_more_and_cannot_be_typed() {
        assert_eq!(kept("井盖丢失 井盖 井盖", " m"), "井盖 盖丢 丢失 失 井盖 盖 井盖 盖 \u{e000}井盖 \u{e000}盖 m");
        assert_eq!(kept("", ""), "");
        assert_eq!(terms("\u{e000}井盖"), terms("井盖"));
        assert_eq!(terms("\u{e002}130922001000000"), terms("130922001000000"));
        let asked = asked(&CaseFilter { words: Some("井盖丢 sb".to_owned()), ..CaseFilter::default() }).unwrap();
        let again = |token: &str| format!("\u{e000}{token}");
        assert_eq!(
            asked.repeated,
            [
                vec![Term::Phrase(vec![again("井盖")]), Term::Phrase(vec![again("盖丢")])],
                vec![Term::Beginning(again("sb"))]
            ]
        );
        assert_eq!(asked.said_again, None);
        let alone = |typed: &str| {
            super::asked(&CaseFilter { words: Some(typed.to_owned()), ..CaseFilter::default() }).unwrap().said_again
        };
        assert_eq!(alone("井盖"), Some(vec![Term::Phrase(vec![again("井盖")])]));
        assert_eq!(alone("井盖丢").unwrap().len(), 3, "both pairs twice, and one behind the other");
    }
}
