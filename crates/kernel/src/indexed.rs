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

/// What a case belongs to, with a space before each mark.
#[must_use]
pub fn marks(case: &Case) -> String {
    let places = [(TOWNSHIP, Level::Township), (VILLAGE, Level::Village)];
    let mut all = vec![mark(COUNTY, u64::from(case.shard.0)), mark(PROCESS, hash(&case.process))];
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
    /// What holds them where words that were typed together stand apart: of each of these one has to hold. Empty: nothing more.
    pub apart: Vec<Vec<Term>>,
    /// Of each of these one mark has to be there.
    pub marks: Vec<Vec<String>>,
}

/// What a filter asks of the index; `None`: no words, or nothing in them can be looked for.
#[must_use]
pub fn asked(filter: &CaseFilter) -> Option<Asked> {
    let terms = terms(filter.words.as_deref()?)?;
    let again = |token: &String| format!("{REPEATED}{token}");
    let repeated = terms.iter().map(|term| match term {
        Term::Phrase(tokens) => tokens.iter().map(|token| Term::Phrase(vec![again(token)])).collect(),
        Term::Beginning(start) => vec![Term::Beginning(again(start))],
    });
    Some(Asked { repeated: repeated.collect(), apart: apart(&terms), marks: narrowing(filter), terms })
}

/// The marks every case of a filter has. They leave out nothing the filter holds; what they leave in too much, its conditions
/// find out.
fn narrowing(filter: &CaseFilter) -> Vec<Vec<String>> {
    let within = filter.place.and_then(|code| match code.level() {
        Level::Province | Level::City => None,
        Level::County => Some(mark(COUNTY, u64::from(code.shard().0))),
        Level::Township => place(TOWNSHIP, Level::Township, code),
        Level::Village | Level::Grid => place(VILLAGE, Level::Village, code),
    });
    let mut all: Vec<Vec<String>> = within.map(|mark| vec![mark]).into_iter().collect();
    all.extend(filter.opened_by.as_ref().map(|post| vec![mark(OPENED_BY, hash(&post.0))]));
    if (1..=PROCESSES_MAX).contains(&filter.processes.len()) {
        all.push(filter.processes.iter().map(|process| mark(PROCESS, hash(process))).collect());
    }
    all
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
    }
}
