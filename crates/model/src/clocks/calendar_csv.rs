//! Reading calendar rows from CSV and naming every line that cannot be used. Quoting is not supported: a date, a kind
//! and a short name need none.

use super::calendar::is_weekday;
use super::day::day_of_date;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::fmt;

/// What the first line says.
const HEADER: &str = "date,kind,name";

/// One accepted line.
pub(super) struct Row {
    pub day: i64,
    pub working: bool,
    pub name: Box<str>,
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Line number in the file, from 1.
    pub line: usize,
    /// What is wrong; printed in English, for logs.
    pub reason: BadDay,
}

/// Why a line was refused, with the offending text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadDay {
    /// The first line is not the header.
    NoHeader(String),
    /// An earlier line has the same date.
    Twice,
    /// No line names a day.
    NoDay,
    /// So many columns instead of three.
    Columns(usize),
    /// Not a date.
    NotADate(String),
    /// Neither a holiday nor a working day.
    NotAKind(String),
    /// A day worked in exchange that is worked anyway.
    MakeUp(String),
}

impl fmt::Display for BadDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadDay::NoHeader(found) => write!(out, "expected the header `{HEADER}`, found `{found}`"),
            BadDay::Twice => write!(out, "this date is already listed"),
            BadDay::NoDay => write!(out, "no day is listed"),
            BadDay::Columns(found) => write!(out, "expected 3 columns, found {found}"),
            BadDay::NotADate(text) => write!(out, "`{text}` is not a date like 2024-02-09"),
            BadDay::NotAKind(text) => write!(out, "`{text}` is neither `holiday` nor `workday`"),
            BadDay::MakeUp(text) => write!(out, "{text} is a make-up day but falls on Monday to Friday"),
        }
    }
}

/// All the bad lines of a calendar file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarError {
    /// In file order; never empty.
    pub lines: Vec<BadLine>,
}

impl fmt::Display for CalendarError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, bad) in self.lines.iter().enumerate() {
            let gap = if at == 0 { "" } else { "; " };
            write!(out, "{gap}line {}: {}", bad.line, bad.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for CalendarError {}

/// Reads all rows. `national` refuses make-up days that fall on Monday to Friday.
pub(super) fn read(text: &str, national: bool) -> Result<Vec<Row>, CalendarError> {
    let mut rows = Vec::new();
    let mut bad = Vec::new();
    let mut seen = BTreeSet::new();
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let header = lines.next().map_or("", |(_, line)| line.trim());
    if header != HEADER {
        bad.push(BadLine { line: 1, reason: BadDay::NoHeader(header.to_owned()) });
    }
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match row(line, national) {
            Ok(row) if !seen.insert(row.day) => {
                bad.push(BadLine { line: at + 1, reason: BadDay::Twice });
            }
            Ok(row) => rows.push(row),
            Err(reason) => bad.push(BadLine { line: at + 1, reason }),
        }
    }
    if rows.is_empty() && bad.is_empty() {
        bad.push(BadLine { line: 1, reason: BadDay::NoDay });
    }
    if bad.is_empty() { Ok(rows) } else { Err(CalendarError { lines: bad }) }
}

fn row(line: &str, national: bool) -> Result<Row, BadDay> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let [date, kind, name] = cells[..] else {
        return Err(BadDay::Columns(cells.len()));
    };
    // Length is checked because the parser also takes times and other ISO forms, which would hide a shifted column.
    let parsed = if date.len() == 10 { date.parse::<Date>().ok() } else { None };
    let day = day_of_date(parsed.ok_or_else(|| BadDay::NotADate(date.to_owned()))?);
    let working = match kind {
        "holiday" => false,
        "workday" => true,
        _ => return Err(BadDay::NotAKind(kind.to_owned())),
    };
    if national && working && is_weekday(day) {
        return Err(BadDay::MakeUp(date.to_owned()));
    }
    Ok(Row { day, working, name: name.into() })
}
