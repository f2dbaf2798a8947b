//! A table of people and their posts, read: which accounts and posts it would make, and everything wrong with it by line. Pure; a
//! line is one post, and an account with several posts stands on several lines.

use super::accounts::{NAME_CHARS_MAX, is_account_name};
use crate::place_names::{Found, PlaceNames};
use ganglion_model::{AccountId, Level, PlaceCode, Post};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// Lines of one table: every new account gets a password that takes a while to hash.
pub const LINES_MAX: usize = 300;

/// Columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Name of the account.
    Account,
    /// What the person is called.
    Name,
    /// Role, by name or title.
    Role,
    /// Place, by code or name.
    Place,
    /// First day; today when left out.
    From,
    /// Last day.
    To,
}

impl Column {
    /// All, in the order of a table.
    pub const ALL: [Column; 6] = [Column::Account, Column::Name, Column::Role, Column::Place, Column::From, Column::To];

    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Column::Account => "account",
            Column::Name => "name",
            Column::Role => "role",
            Column::Place => "place",
            Column::From => "from",
            Column::To => "to",
        }
    }

    /// Key of its heading.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Column::Account => "label-account",
            Column::Name => "accounts-name",
            Column::Role => "accounts-role",
            Column::Place => "accounts-place",
            Column::From => "post-from",
            Column::To => "post-until",
        }
    }
}

/// What is wrong with a line; its text is `people-<name>`, what to do `people-<name>-remedy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A column is missing.
    NoColumn(String),
    /// More lines than are taken at once.
    TooMany,
    /// No name an account may have.
    BadAccount(String),
    /// An account that belongs to somebody elsewhere as well.
    NotYours(String),
    /// No name of a person, or one too long.
    BadName,
    /// The same account was called otherwise on an earlier line.
    OtherName(u64),
    /// No such role.
    UnknownRole(String),
    /// No such place inside what is administered.
    UnknownPlace(String),
    /// Several places are called so.
    SeveralPlaces(String),
    /// The role has no posts at the level of the place.
    WrongLevel(String),
    /// Not a day.
    BadDate(String),
    /// It ends before it begins.
    EndsBefore,
    /// The same post stands on an earlier line.
    Duplicate(u64),
}

impl Problem {
    /// Name of its text.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Problem::NoColumn(_) => "no-column",
            Problem::TooMany => "too-many",
            Problem::BadAccount(_) => "bad-account",
            Problem::NotYours(_) => "not-yours",
            Problem::BadName => "bad-name",
            Problem::OtherName(_) => "other-name",
            Problem::UnknownRole(_) => "unknown-role",
            Problem::UnknownPlace(_) => "unknown-place",
            Problem::SeveralPlaces(_) => "several-places",
            Problem::WrongLevel(_) => "wrong-level",
            Problem::BadDate(_) => "bad-date",
            Problem::EndsBefore => "ends-before",
            Problem::Duplicate(_) => "duplicate",
        }
    }

    /// The value its text names.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Problem::NoColumn(text)
            | Problem::BadAccount(text)
            | Problem::NotYours(text)
            | Problem::UnknownRole(text)
            | Problem::UnknownPlace(text)
            | Problem::SeveralPlaces(text)
            | Problem::WrongLevel(text)
            | Problem::BadDate(text) => text.clone(),
            Problem::OtherName(line) | Problem::Duplicate(line) => line.to_string(),
            Problem::TooMany => LINES_MAX.to_string(),
            Problem::BadName | Problem::EndsBefore => String::new(),
        }
    }
}

/// What is known before.
pub struct Known<'a> {
    /// Headings in both languages, and the names of the columns, in small letters.
    pub headings: BTreeMap<String, Column>,
    /// Roles by name and by title in both languages: name and levels.
    pub roles: BTreeMap<String, (String, Vec<Level>)>,
    /// Names of places.
    pub places: &'a PlaceNames,
    /// Whether a place is there today, inside what is administered.
    pub is_there: &'a dyn Fn(PlaceCode) -> bool,
    /// Accounts there are.
    pub accounts: BTreeSet<AccountId>,
    /// Whether an account that is there may be changed.
    pub governs: &'a dyn Fn(&AccountId) -> bool,
    /// Posts an account holds.
    pub posts_of: &'a dyn Fn(&AccountId) -> Vec<Post>,
    /// Today.
    pub today: Date,
}

/// A post to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// To whom.
    pub account: AccountId,
    /// Role.
    pub role: String,
    /// Where.
    pub place: PlaceCode,
    /// First day.
    pub from: Date,
    /// First day it no longer counts.
    pub to: Option<Date>,
}

/// What a table would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Accounts to be made, with what the person is called.
    pub accounts: BTreeMap<AccountId, String>,
    /// Posts to be given.
    pub posts: Vec<Given>,
    /// Lines that say what is so already.
    pub same: usize,
    /// Line and column of everything that is wrong.
    pub findings: Vec<(u64, Option<Column>, Problem)>,
}

impl Plan {
    /// Whether it may be carried out.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && !(self.posts.is_empty() && self.same == 0)
    }
}

/// One line while it is read.
struct Line<'a> {
    number: u64,
    cells: &'a [String],
    at: &'a BTreeMap<Column, usize>,
    findings: &'a mut Vec<(u64, Option<Column>, Problem)>,
}

impl Line<'_> {
    fn get(&self, column: Column) -> &str {
        self.at.get(&column).and_then(|at| self.cells.get(*at)).map_or("", |cell| cell.trim())
    }

    fn bad(&mut self, column: Column, problem: Problem) {
        self.findings.push((self.number, Some(column), problem));
    }

    fn account(&mut self, known: &Known<'_>) -> Option<AccountId> {
        let id = AccountId(self.get(Column::Account).to_owned());
        if !is_account_name(&id.0) {
            self.bad(Column::Account, Problem::BadAccount(id.0));
            return None;
        }
        if known.accounts.contains(&id) && !(known.governs)(&id) {
            self.bad(Column::Account, Problem::NotYours(id.0));
            return None;
        }
        Some(id)
    }

    fn role(&mut self, known: &Known<'_>) -> Option<(String, Vec<Level>)> {
        let text = self.get(Column::Role).to_owned();
        let found = known.roles.get(&text.to_lowercase()).cloned();
        if found.is_none() {
            self.bad(Column::Role, Problem::UnknownRole(text));
        }
        found
    }

    fn place(&mut self, known: &Known<'_>, levels: &[Level]) -> Option<PlaceCode> {
        let text = self.get(Column::Place).to_owned();
        let problem = match known.places.find(levels, &text) {
            Found::One(code) if !(known.is_there)(code) => Problem::UnknownPlace(text),
            Found::One(code) if !levels.is_empty() && !levels.contains(&code.level()) => Problem::WrongLevel(text),
            Found::One(code) => return Some(code),
            Found::Several(_) => Problem::SeveralPlaces(text),
            Found::Nothing => Problem::UnknownPlace(text),
        };
        self.bad(Column::Place, problem);
        None
    }

    fn day(&mut self, column: Column) -> Option<Date> {
        let text = self.get(column).to_owned();
        if text.is_empty() {
            return None;
        }
        // Spreadsheets write a day with the time of midnight behind it.
        let day: Result<Date, _> = text.get(..10).unwrap_or(&text).replace('/', "-").parse();
        day.map_err(|_| self.bad(column, Problem::BadDate(text))).ok()
    }

    fn given(&mut self, known: &Known<'_>) -> Option<Given> {
        let before = self.findings.len();
        let account = self.account(known);
        let role = self.role(known);
        let place = self.place(known, role.as_ref().map_or(&[][..], |(_, levels)| levels.as_slice()));
        let from = self.day(Column::From).unwrap_or(known.today);
        let last = self.day(Column::To);
        if last.is_some_and(|last| last < from) {
            self.bad(Column::To, Problem::EndsBefore);
        }
        if self.findings.len() > before {
            return None;
        }
        let to = last.and_then(|last| last.tomorrow().ok());
        Some(Given { account: account?, role: role?.0, place: place?, from, to })
    }
}

/// Reads a table: the first row with a heading for the account is the heading.
#[must_use]
pub fn read(rows: &[Vec<String>], known: &Known<'_>) -> Plan {
    let mut plan = Plan::default();
    let column = |cell: &String| known.headings.get(&cell.trim().to_lowercase()).copied();
    let head = rows.iter().position(|row| row.iter().any(|cell| column(cell) == Some(Column::Account))).unwrap_or(0);
    let mut at: BTreeMap<Column, usize> = BTreeMap::new();
    for (index, cell) in rows.get(head).into_iter().flatten().enumerate() {
        if let Some(column) = column(cell) {
            at.entry(column).or_insert(index);
        }
    }
    let named = |column: Column| known.headings.iter().find(|(_, one)| **one == column).map(|(name, _)| name.clone());
    for column in [Column::Account, Column::Name, Column::Role, Column::Place] {
        if !at.contains_key(&column) {
            let problem = Problem::NoColumn(named(column).unwrap_or_default());
            plan.findings.push((head as u64 + 1, Some(column), problem));
        }
    }
    if !plan.findings.is_empty() {
        return plan;
    }
    let lines = rows.iter().enumerate().skip(head + 1);
    let filled: Vec<(usize, &Vec<String>)> =
        lines.filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty())).collect();
    if filled.len() > LINES_MAX {
        plan.findings.push((head as u64 + 1, None, Problem::TooMany));
        return plan;
    }
    let mut seen: BTreeMap<(AccountId, String, PlaceCode), u64> = BTreeMap::new();
    let mut called: BTreeMap<AccountId, (u64, String)> = BTreeMap::new();
    for (index, cells) in filled {
        let number = index as u64 + 1;
        let mut line = Line { number, cells, at: &at, findings: &mut plan.findings };
        let name = line.get(Column::Name).to_owned();
        let Some(given) = line.given(known) else { continue };
        if !known.accounts.contains(&given.account) {
            if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
                line.bad(Column::Name, Problem::BadName);
                continue;
            }
            let (first, before) = called.entry(given.account.clone()).or_insert_with(|| (number, name.clone()));
            if *before != name {
                let first = *first;
                line.bad(Column::Name, Problem::OtherName(first));
                continue;
            }
        }
        let key = (given.account.clone(), given.role.clone(), given.place);
        if let Some(first) = seen.insert(key, number) {
            line.bad(Column::Account, Problem::Duplicate(first));
            continue;
        }
        take(&mut plan, (given, name), known);
    }
    plan
}

/// Takes a line that is right into the plan.
fn take(plan: &mut Plan, (given, name): (Given, String), known: &Known<'_>) {
    let holds = |post: &Post| {
        post.role == given.role && post.place == given.place && post.valid_to.is_none_or(|to| given.from < to)
    };
    if (known.posts_of)(&given.account).iter().any(holds) {
        plan.same += 1;
        return;
    }
    if !known.accounts.contains(&given.account) {
        plan.accounts.insert(given.account.clone(), name);
    }
    plan.posts.push(given);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_model::{Place, PlaceKind, PlaceTree, PostId, Text};
    use jiff::civil::date;

    fn places() -> PlaceNames {
        let place = |code: &str, name: &str, kind| Place {
            code: code.parse().unwrap(),
            name: name.to_owned(),
            kind,
            valid_from: date(2020, 1, 1),
            valid_to: None,
            predecessors: Vec::new(),
            host: None,
            synthetic: true,
            official: None,
        };
        let all = vec![
            place("1309", "City", PlaceKind::PrefectureCity),
            place("130903", "County", PlaceKind::District),
            place("130903001", "West Town", PlaceKind::Town),
            place("130903002", "East Town", PlaceKind::Town),
        ];
        PlaceNames::new(&PlaceTree::build(all).0, ("1309".parse().unwrap(), date(2022, 6, 27)), &[])
    }

    fn table(lines: &[&str]) -> Vec<Vec<String>> {
        lines.iter().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    fn planned(lines: &[&str]) -> Plan {
        let names = places();
        let headings = [("account", Column::Account), ("who", Column::Account), ("name", Column::Name)]
            .into_iter()
            .chain([("role", Column::Role), ("place", Column::Place), ("from", Column::From), ("to", Column::To)])
            .map(|(name, column)| (name.to_owned(), column));
        let handler = ("handler".to_owned(), vec![Level::Township]);
        let anna = |id: &AccountId| {
            let post = Post {
                id: PostId("handler.130903001".to_owned()),
                role: "handler".to_owned(),
                place: "130903001".parse().unwrap(),
                title: Text::default(),
                unit: Text::default(),
                account: Some(id.clone()),
                valid_from: date(2020, 1, 1),
                valid_to: None,
            };
            if id.0 == "anna" { vec![post] } else { Vec::new() }
        };
        let known = Known {
            headings: headings.collect(),
            roles: BTreeMap::from([("handler".to_owned(), handler.clone()), ("settles".to_owned(), handler)]),
            places: &names,
            is_there: &|code| code.to_string().starts_with("130903"),
            accounts: ["anna", "above"].map(|name| AccountId(name.to_owned())).into(),
            governs: &|id| id.0 != "above",
            posts_of: &anna,
            today: date(2022, 6, 27),
        };
        read(&table(lines), &known)
    }

    #[test]
    fn a_table_says_which_accounts_and_posts_it_would_make() {
        let plan = planned(&[
            "List of people",
            "Who,Name,Role,Place,From,To",
            "anna,Anna,handler,130903001,,",
            "anna,Anna,Settles,East Town,2022-07-01,2022-07-31",
            ",,,,,",
            "ben,Ben,handler,West Town,2022/07/01 00:00:00,",
            "ben,Ben,handler,East Town,,",
        ]);
        assert!(plan.is_clean(), "{:?}", plan.findings);
        assert_eq!((plan.accounts.len(), plan.posts.len(), plan.same), (1, 3, 1));
        assert_eq!(plan.posts[0].to, Some(date(2022, 8, 1)), "the last day is the 31st");
        assert_eq!((plan.posts[1].from, plan.posts[2].from), (date(2022, 7, 1), date(2022, 6, 27)));
    }

    #[test]
    fn everything_wrong_is_named_by_line() {
        let plan = planned(&[
            "account,name,role,place,from,to",
            "bad name,X,handler,130903001,,",
            "above,X,handler,130903001,,",
            "carl,,handler,130903001,,",
            "carl,Carl,king,130903001,,",
            "carl,Carl,handler,Nowhere,,",
            "carl,Carl,handler,130903,,",
            "carl,Carl,handler,130903001,soon,",
            "carl,Carl,handler,130903001,2022-07-02,2022-07-01",
            "carl,Carl,handler,130903001,,",
            "carl,Karl,handler,130903002,,",
            "carl,Carl,handler,130903001,,",
        ]);
        let named: Vec<(u64, &str)> = plan.findings.iter().map(|(line, _, one)| (*line, one.name())).collect();
        assert_eq!(
            named,
            [
                (2, "bad-account"),
                (3, "not-yours"),
                (4, "bad-name"),
                (5, "unknown-role"),
                (6, "unknown-place"),
                (7, "wrong-level"),
                (8, "bad-date"),
                (9, "ends-before"),
                (11, "other-name"),
                (12, "duplicate"),
            ]
        );
        assert!(!plan.is_clean());
        let missing = planned(&["account,name", "a,b"]);
        assert_eq!(missing.findings.len(), 2);
        let long: Vec<String> = (0..=LINES_MAX).map(|n| format!("a{n},A,handler,130903001,,")).collect();
        let mut lines = vec!["account,name,role,place,from,to"];
        lines.extend(long.iter().map(String::as_str));
        assert_eq!(planned(&lines).findings[0].2, Problem::TooMany);
        assert!(!planned(&[]).is_clean() && !planned(&["account,name,role,place"]).is_clean());
    }
}
