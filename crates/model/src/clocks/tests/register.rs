//! The shipped register of deadlines: every row is whole, and every limit that is a length reads as a rule.

use super::*;
use crate::clocks::Clock;

const REGISTER: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/deadlines/deadlines.csv"));
const HEADER: &str = "code,what,sense,amount,unit,roll,starts_at,extend,effect,kind,basis";

/// Limits that are not a length: a date in the year or month, an hour of the day, seconds, a share, or another's figure.
const NOT_A_LENGTH: [&str; 10] = [
    "svc.promise",
    "pen.extra",
    "pen.interference",
    "dib.pay",
    "mar.register",
    "proj.cost_alarm",
    "wat.report",
    "cmd.dispose",
    "proj.report",
    "harv.report",
];
/// Measured in seconds; the shortest length is a minute.
const TOO_SHORT: [&str; 1] = ["hot.answer"];

struct Entry<'a> {
    code: &'a str,
    cells: Vec<&'a str>,
}

fn entries() -> Vec<Entry<'static>> {
    let mut lines = REGISTER.lines();
    assert_eq!(lines.next(), Some(HEADER));
    let entry = |line: &'static str| {
        let cells: Vec<_> = line.split(',').collect();
        Entry { code: cells[0], cells }
    };
    lines.map(entry).collect()
}

impl Entry<'_> {
    fn limit(&self) -> String {
        let roll = if self.cells[5] == "yes" { " roll" } else { "" };
        format!("{} {}{roll}", self.cells[3], self.cells[4])
    }
}

#[test]
fn rows_are_whole_and_codes_unique() {
    let mut codes = std::collections::BTreeSet::new();
    for entry in entries() {
        let code = entry.code;
        assert_eq!(entry.cells.len(), HEADER.split(',').count(), "{code}");
        assert!(codes.insert(code), "{code} twice");
        assert!(["within", "at_least", "before", "other"].contains(&entry.cells[2]), "{code}");
        assert!(["yes", "no"].contains(&entry.cells[5]), "{code}");
        assert!(["S", "N", "L"].contains(&entry.cells[9]), "{code}");
        assert!(!entry.cells[1].is_empty() && !entry.cells[6].is_empty() && !entry.cells[8].is_empty(), "{code}");
        assert_eq!(entry.cells[9] == "L", entry.cells[10].is_empty() || entry.cells[10].starts_with("local"), "{code}");
    }
    assert!(codes.len() >= 90, "{}", codes.len());
}

#[test]
fn every_length_reads_as_a_rule_and_gives_a_deadline() {
    let mut exceptions = Vec::new();
    for entry in entries() {
        match entry.limit().parse::<Rule>() {
            Ok(rule) => {
                let clock = Clock::start(at("2022-06-06 09:00"), rule, &office());
                assert!(clock.due_at() > Some(at("2022-06-06 09:00")), "{}", entry.code);
            }
            Err(_) => {
                assert_eq!(entry.cells[2], "other", "{}: {}", entry.code, entry.limit());
                exceptions.push(entry.code);
            }
        }
    }
    let mut expected = [&NOT_A_LENGTH[..], &TOO_SHORT[..]].concat();
    expected.sort_unstable();
    exceptions.sort_unstable();
    assert_eq!(exceptions, expected);
}

#[test]
fn every_extension_adds_up_with_its_limit() {
    let mut extensions = 0;
    for entry in entries().into_iter().filter(|entry| entry.cells[7].starts_with('+')) {
        let text = entry.cells[7].trim_start_matches('+').split(';').next().unwrap_or_default();
        let mut clock = Clock::start(at("2022-06-06 09:00"), rule(&entry.limit()), &office());
        let before = clock.due_at();
        clock.extend(length(text), at("2022-06-06 10:00"), &office()).expect(entry.code);
        assert!(clock.due_at() > before, "{}", entry.code);
        extensions += 1;
    }
    assert!(extensions >= 7, "{extensions}");
}
