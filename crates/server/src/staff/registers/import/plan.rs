//! From the rows of a file to wishes about register rows, and back from refusals to cells. Pure: what the rules say is asked
//! elsewhere.

use super::cells::Reader;
use super::columns::{Column, Header, letter};
use crate::place_names::Found;
use ganglion_model::change::{FieldFinding, Refusal};
use ganglion_model::pack::{Field, FieldKind, Register, Required, Scope};
use ganglion_model::{Fields, Level, PlaceCode, RefusalCode, RowDeed, RowWish, Shard};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The problem of a cell that names several places; their codes are its argument `places`, with blanks between.
pub const SEVERAL_PLACES: &str = "several_places";
/// The problem of a cell that names several rows of another register: what is written (`name`), how many rows are called so
/// (`count`), and the first of their keys (`keys`), a line each.
pub const SEVERAL_ROWS: &str = "several_rows";
/// The problem of a row whose position lies in another place (`lies`) than the row is kept at (`chosen`): said, and taken all the same.
pub const ELSEWHERE: &str = "elsewhere";
/// Keys named of several rows that are called alike.
const KEYS_SHOWN: usize = 6;

/// A bad cell, or what is wrong with a whole row or the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadCell {
    /// Row of the sheet, from 1.
    pub row: usize,
    /// Column as spreadsheets name it; empty for a whole row.
    pub column: String,
    /// Heading of the column.
    pub heading: String,
    /// What stands there.
    pub value: String,
    /// What is wrong: a problem of a form, or a kind of refusal.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// As a form says it.
    Field(FieldFinding),
    /// As a command is refused.
    Refused(Box<Refusal>),
    /// The same row stands in an earlier line.
    Twice {
        /// That line.
        row: usize,
    },
    /// A heading nobody knows.
    UnknownColumn,
    /// A heading that stands twice.
    ColumnTwice,
    /// A column that has to be there.
    NoColumn,
    /// A day that is none.
    NotADay,
}

/// One row of the file as it would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Row of the sheet, from 1.
    pub row: usize,
    /// Shard.
    pub shard: Shard,
    /// The wish; its key says whether the row is known already once that is looked up.
    pub wish: RowWish,
}

/// A file read against a register.
pub struct Plan<'a> {
    /// The register.
    pub register: &'a Register,
    /// Its header.
    pub header: &'a Header,
    /// Its rows.
    pub rows: &'a [Vec<String>],
    /// How cells are read.
    pub reader: &'a Reader<'a>,
    /// Shard for rows whose place cannot be read.
    pub some_shard: Shard,
    /// Stands for the place of every row when there is no column for it, so that the other cells are looked at all the same.
    pub stand_in: Option<PlaceCode>,
}

impl Plan<'_> {
    /// Rows that hold something, by number.
    pub fn lines(&self) -> impl Iterator<Item = usize> + '_ {
        let begins = self.header.row + 1;
        (begins..self.rows.len()).filter(|at| self.rows[*at].iter().any(|cell| !cell.trim().is_empty()))
    }

    fn cell(&self, line: usize, column: usize) -> &str {
        self.rows.get(line).and_then(|row| row.get(column)).map(|cell| cell.trim()).unwrap_or_default()
    }

    /// The place of the row in `line`, from its own column, and what is wrong with it.
    fn place(&self, line: usize) -> (Option<PlaceCode>, Vec<BadCell>) {
        let column = self.header.columns.iter().find(|(_, column)| *column == Column::Place);
        let Some((at, cell)) = column.map(|(at, _)| (*at, self.cell(line, *at))).filter(|(_, cell)| !cell.is_empty())
        else {
            return (None, Vec::new());
        };
        let levels: &[Level] = match &self.register.scope {
            Scope::Place(level) => std::slice::from_ref(level),
            Scope::Deployment => &[],
        };
        match self.reader.places.find(levels, cell) {
            Found::One(code) => (Some(code), Vec::new()),
            Found::Several(all) => (None, vec![self.bad(line, at, several("place", &all))]),
            Found::Nothing => (None, vec![self.bad(line, at, Problem::Field(finding("place", "not_a_place")))]),
        }
    }

    /// The row in `line`, from 0.
    #[must_use]
    pub fn planned(&self, line: usize) -> (Planned, Vec<BadCell>) {
        let mut form = Fields::new();
        let (place, mut bad) = self.place(line);
        let (mut from, mut until, mut why) = (None, None, String::new());
        let mut references: Vec<(usize, &Field)> = Vec::new();
        for (at, column) in &self.header.columns {
            let cell = self.cell(line, *at);
            if matches!(column, Column::Field(index) if is_left(&self.register.fields[*index], cell)) {
                continue;
            }
            if cell.is_empty() {
                // A column that is there and empty clears the field; one that is not there leaves it as it is.
                if let Column::Field(index) = column {
                    form.insert(self.register.fields[*index].name.clone(), serde_json::Value::Null);
                }
                continue;
            }
            let mut day = || {
                let day = super::cells::day(cell);
                if day.is_none() {
                    bad.push(self.bad(line, *at, Problem::NotADay));
                }
                day
            };
            match column {
                Column::Field(index) => {
                    let field = &self.register.fields[*index];
                    // Which row is meant may depend on where this one is kept.
                    if matches!(field.kind, FieldKind::Ref { .. } | FieldKind::Refs { .. }) {
                        references.push((*at, field));
                        continue;
                    }
                    match self.value(field, cell, place) {
                        Ok(value) => drop(form.insert(field.name.clone(), value)),
                        Err(all) => bad.push(self.bad(line, *at, several(&field.name, &all))),
                    }
                }
                Column::From => from = day(),
                Column::Until => until = day(),
                Column::Why => cell.clone_into(&mut why),
                Column::Place => {}
            }
        }
        let own = form.get("place").and_then(serde_json::Value::as_str).and_then(|code| code.parse().ok());
        let place: Option<PlaceCode> =
            place.or(own).or(self.stand_in).filter(|_| self.register.scope != Scope::Deployment);
        let shard = match self.register.scope {
            Scope::Deployment => Shard::DEPLOYMENT,
            Scope::Place(_) => place.map_or(self.some_shard, PlaceCode::shard),
        };
        for (at, field) in references {
            let cell = self.cell(line, at);
            let value = self.reader.rows(field, cell, (shard, place)).unwrap_or_else(|(name, keys)| {
                bad.push(self.bad(line, at, several_rows(&field.name, &name, &keys)));
                serde_json::Value::from(cell)
            });
            form.insert(field.name.clone(), value);
        }
        let (register, deed) = (self.register.name.clone(), RowDeed::Put);
        let wish = RowWish { register, key: None, place, deed, from, until, form, partial: true, why, version: None };
        (Planned { row: line + 1, shard, wish }, bad)
    }

    /// The value of a cell, or the places it may mean; of several places that of the row is meant.
    fn value(&self, field: &Field, cell: &str, place: Option<PlaceCode>) -> Result<serde_json::Value, Vec<PlaceCode>> {
        let FieldKind::Place { levels } = &field.kind else { return Ok(self.reader.value(field, cell)) };
        match self.reader.places.find_near(levels, cell, place) {
            Found::One(code) => Ok(serde_json::Value::from(code.to_string())),
            Found::Several(all) => Err(all),
            Found::Nothing => Ok(serde_json::Value::from(cell)),
        }
    }

    /// A bad cell.
    #[must_use]
    pub fn bad(&self, line: usize, column: usize, problem: Problem) -> BadCell {
        BadCell {
            row: line + 1,
            column: letter(column),
            heading: self.cell(self.header.row, column).to_owned(),
            value: self.shown(line, column),
            problem,
        }
    }

    /// What stands in a cell, personal values left out.
    fn shown(&self, line: usize, column: usize) -> String {
        let personal = self.header.columns.iter().any(|(at, one)| {
            *at == column && matches!(one, Column::Field(index) if self.register.fields[*index].personal)
        });
        let cell = self.cell(line, column);
        if personal { String::new() } else { cell.chars().take(80).collect() }
    }

    /// That the position of a row lies in another place than the row.
    #[must_use]
    pub fn elsewhere(&self, line: usize, (lies, chosen): (PlaceCode, PlaceCode)) -> BadCell {
        let mut found = finding("place", ELSEWHERE);
        found.args =
            [("lies", lies), ("chosen", chosen)].map(|(name, code)| (name.to_owned(), code.to_string())).into();
        self.located(line, "place", Problem::Field(found))
    }

    /// A refusal as bad cells: every finding beside its column, anything else for the row.
    #[must_use]
    pub fn refused(&self, line: usize, refusal: &Refusal) -> Vec<BadCell> {
        if refusal.fields.is_empty() {
            let named = refusal.args.get("field").and_then(|field| field.rsplit('.').next());
            // A row somewhere else is refused whole; what is wrong with it is where it says it is.
            let elsewhere = matches!(refusal.code, RefusalCode::NotFound | RefusalCode::NotAllowed);
            let name = named.or(elsewhere.then_some("place")).unwrap_or_default();
            let problem = Problem::Refused(Box::new(refusal.clone()));
            return vec![self.located(line, name, problem)];
        }
        refusal.fields.iter().map(|one| self.located(line, &one.field, Problem::Field(one.clone()))).collect()
    }

    fn located(&self, line: usize, name: &str, problem: Problem) -> BadCell {
        let is_it = |column: &Column| match column {
            Column::Field(index) => self.register.fields[*index].name == name,
            Column::Place => name == "place",
            Column::From => name == "valid_from",
            Column::Until => name == "valid_to",
            Column::Why => false,
        };
        match self.header.columns.iter().find(|(_, column)| is_it(column)) {
            Some((at, _)) => self.bad(line, *at, problem),
            None => {
                let title = self.register.field(name).map(|field| field.title.zh.clone()).unwrap_or_default();
                BadCell { row: line + 1, column: String::new(), heading: title, value: String::new(), problem }
            }
        }
    }
}

/// Whether a cell leaves its field as it is: what the system works out is worked out again, and what no cell can hold stands
/// empty in an exported list that may come back.
fn is_left(field: &Field, cell: &str) -> bool {
    match field.kind {
        _ if !field.is_typed() => true,
        FieldKind::Table { .. } | FieldKind::Files { .. } => true,
        FieldKind::Line | FieldKind::Polygon => cell.is_empty(),
        _ => false,
    }
}

/// A cell that names several places.
fn several(field: &str, places: &[PlaceCode]) -> Problem {
    let mut found = finding(field, SEVERAL_PLACES);
    let codes: Vec<String> = places.iter().map(ToString::to_string).collect();
    found.args.insert("places".to_owned(), codes.join(" "));
    Problem::Field(found)
}

/// A cell that names several rows of another register.
fn several_rows(field: &str, name: &str, keys: &[String]) -> Problem {
    let mut found = finding(field, SEVERAL_ROWS);
    found.args.insert("name".to_owned(), name.to_owned());
    found.args.insert("count".to_owned(), keys.len().to_string());
    found.args.insert("keys".to_owned(), keys.iter().take(KEYS_SHOWN).cloned().collect::<Vec<_>>().join("\n"));
    Problem::Field(found)
}

fn finding(field: &str, problem: &str) -> FieldFinding {
    FieldFinding { field: field.to_owned(), problem: problem.to_owned(), message: None, args: BTreeMap::new() }
}

/// What is wrong with a header: unknown and repeated headings, and required columns that are not there.
#[must_use]
pub fn header_findings(register: &Register, header: &Header) -> Vec<BadCell> {
    let cell = |(at, text): &(usize, String), problem: Problem| BadCell {
        row: header.row + 1,
        column: letter(*at),
        heading: text.clone(),
        value: text.clone(),
        problem,
    };
    let mut bad: Vec<BadCell> = header.unknown.iter().map(|one| cell(one, Problem::UnknownColumn)).collect();
    bad.extend(header.twice.iter().map(|one| cell(one, Problem::ColumnTwice)));
    let missing = |heading: &str| BadCell {
        row: header.row + 1,
        column: String::new(),
        heading: heading.to_owned(),
        value: String::new(),
        problem: Problem::NoColumn,
    };
    bad.extend(
        lacking(register, header)
            .into_iter()
            .map(|field| missing(field.map_or("place", |field| field.title.zh.as_str()))),
    );
    bad
}

/// Required fields without a column; `None` for the place of rows that are kept by place.
fn lacking<'r>(register: &'r Register, header: &Header) -> Vec<Option<&'r Field>> {
    let has = |column: &Column| header.columns.iter().any(|(_, one)| one == column);
    let needed = register.fields.iter().enumerate().filter(|(_, field)| {
        field.required == Required::Yes
            && field.when.is_none()
            && field.default.is_none()
            && field.default_from.is_none()
            && field.is_typed()
            // An exported list never has it: rows that are there keep theirs, a new one is refused for its own sake.
            && !field.personal
            && !matches!(field.kind, FieldKind::Boolean)
    });
    let mut lacking: Vec<Option<&Field>> =
        needed.filter(|(index, _)| !has(&Column::Field(*index))).map(|(_, field)| Some(field)).collect();
    let by_place = register.scope != Scope::Deployment && register.field("place").is_none();
    if by_place && !has(&Column::Place) {
        lacking.push(None);
    }
    lacking
}

/// What every row of a file would say again because a column is not there, which the header says once.
pub struct SaidOnce {
    fields: Vec<String>,
    place: bool,
}

impl SaidOnce {
    /// What the header of a file lacks.
    #[must_use]
    pub fn of(register: &Register, header: &Header) -> SaidOnce {
        let lacking = lacking(register, header);
        let fields = lacking.iter().flatten().map(|field| field.name.clone()).collect();
        SaidOnce { fields, place: lacking.iter().any(Option::is_none) }
    }

    /// Whether a finding about a row only repeats what the header says.
    #[must_use]
    pub fn covers(&self, one: &BadCell) -> bool {
        match &one.problem {
            _ if !one.column.is_empty() => false,
            Problem::Field(finding) => self.fields.contains(&finding.field) || (self.place && finding.field == "place"),
            Problem::Refused(_) => self.place || !self.fields.is_empty(),
            _ => false,
        }
    }
}
