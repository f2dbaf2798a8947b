//! What is found by words: cases and rows, narrowed by the same conditions as lists.
//!
//! Both are read from their index in its own order, the newest first, until the page is full: cases that say a word again, then the
//! others; rows that have what was typed as whole words, then those that only begin so; last what has words apart that were typed
//! together. Nothing is counted, weighed or sorted, so that a page costs what it shows and its order says nothing of what its reader
//! may not see.

use super::case_query::{Sql, numbered, numbers_of};
use super::connect::SqliteStore;
use super::load::read_case;
use super::row::{Column, Stored, all, failed, one, statement};
use super::row_query::{padded, text};
use super::words::{Asked, tiers_of_rows};
use super::{row_words, words};
use async_trait::async_trait;
use ganglion_kernel::port::{CaseFilter, SearchStore};
use ganglion_kernel::port_search::{Found, FoundAfter, FoundPage, RowSearch, WordsMade};
use ganglion_kernel::{StoreError, indexed};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, PostId, Shard};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::collections::{BTreeSet, HashSet};

const ATTEMPTED: &str = "searching";
/// Most things on a page.
const PAGE_MAX: u32 = 500;
/// Cases with the words that are looked at for one page: most of them are shown, unless something is asked for that the index does
/// not know.
const CASES_LOOKED_AT: u32 = 2_000;
/// The same where each is only looked up among what a post has.
const OWN_LOOKED_AT: u32 = 200_000;
/// Up to so many townships what a post has is looked for in these alone.
const TOWNSHIPS_MAX: usize = 8;
/// Rows with the words that are looked at for one page.
const ROWS_LOOKED_AT: u32 = 10_000;

fn page<T>(mut found: Vec<Found<T>>, limit: u32) -> FoundPage<T> {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.at);
    FoundPage { found, next }
}

/// What is asked one after the other, with the score of what is found: what says a word again stands before what says it once, and
/// last comes what has words apart that were typed together.
fn tiers(Asked { all, again, all_again, apart }: Asked, newest: bool) -> Vec<(i64, String)> {
    let mut tiers =
        if newest { vec![(0, all.clone())] } else { vec![(1, all_again), (0, format!("({all}) NOT ({again})"))] };
    tiers.extend(apart.map(|apart| (-1, format!("({apart}) NOT ({all})"))));
    tiers
}

fn cases_found(
    connection: &Connection,
    (filter, newest): (&CaseFilter, bool),
    after: Option<FoundAfter>,
    limit: u32,
) -> Stored<Option<FoundPage<Case>>> {
    let limit = limit.min(PAGE_MAX);
    if filter.words.is_none() {
        return Ok(None);
    }
    let own = if filter.assignees.is_empty() { None } else { Some(Own::of(connection, &filter.assignees)?) };
    let marks = own.as_ref().map(Own::marks).unwrap_or_default();
    let is_none = own.as_ref().is_some_and(|own| own.numbers.is_empty());
    let asked = if is_none { None } else { words::of_filter(connection, filter, marks)? };
    let Some(asked) = asked else { return Ok(Some(FoundPage::default())) };
    Walk::of_cases(connection, filter, own).page(tiers(asked, newest), after, limit).map(Some)
}

/// What posts have themselves.
struct Own {
    /// Its numbers in the index.
    numbers: HashSet<i64>,
    /// The townships it lies in; one of something that lies in none is none.
    townships: BTreeSet<Option<u64>>,
}

impl Own {
    fn of(connection: &Connection, posts: &[PostId]) -> Stored<Own> {
        let Sql { text, values } = numbers_of(posts);
        let (doc, township) = (Column("case_doc", "doc"), Column("case_row", "township"));
        let read = |row: &Row<'_>| Ok((doc.get::<i64>(row, 0)?, township.get::<Option<u64>>(row, 1)?));
        let all = all(connection, ATTEMPTED, (&text, params_from_iter(values)), read)?;
        Ok(Own {
            numbers: all.iter().map(|own| own.0).collect(),
            townships: all.into_iter().map(|own| own.1).collect(),
        })
    }

    /// Of these each has one; empty: that cannot be said.
    fn marks(&self) -> Vec<String> {
        let few = Some(&self.townships).filter(|all| all.len() <= TOWNSHIPS_MAX);
        let marks = few.and_then(|all| all.iter().map(|one| one.map(indexed::township)).collect::<Option<Vec<_>>>());
        marks.unwrap_or_default()
    }
}

/// Goes through an index in its own order and looks at each thing found, until a page is full.
struct Walk<'a, T> {
    connection: &'a Connection,
    /// The numbers in the index that have what is asked for, the first value, below the second and not below the third, from the end.
    index: &'static str,
    /// Asks for a thing by its number, which is the first value.
    sql: Sql,
    read: fn(&Row<'_>) -> Stored<T>,
    /// How many are looked at for one page.
    most: u32,
    /// Where only what posts have is looked for: that.
    own: Option<Own>,
}

impl<'a, T> Walk<'a, T> {
    /// A page of what is asked for, one question after the other.
    fn page(&mut self, tiers: Vec<(i64, String)>, after: Option<FoundAfter>, limit: u32) -> Stored<FoundPage<T>> {
        let mut found = Vec::new();
        for (score, asked) in tiers.into_iter().filter(|tier| after.is_none_or(|after| after.score >= tier.0)) {
            let below = after.filter(|after| after.score == score).map_or(i64::MAX, |after| after.doc);
            let end = self.tier((score, &asked), below, limit as usize, &mut found)?;
            if found.len() > limit as usize {
                break;
            }
            if let Some(doc) = end {
                return Ok(FoundPage { found, next: Some(FoundAfter { score, doc }) });
            }
        }
        Ok(page(found, limit))
    }

    /// Adds what is asked for with numbers below `below`, until there is one more than `limit`; the last number that was looked at,
    /// if there may be more behind it.
    fn tier(
        &mut self,
        (score, asked): (i64, &str),
        below: i64,
        limit: usize,
        found: &mut Vec<Found<T>>,
    ) -> Stored<Option<i64>> {
        let own = self.own.as_ref().map(|own| &own.numbers);
        let (lowest, highest) = own.map_or((0, i64::MAX), |own| {
            (own.iter().min().copied().unwrap_or(0), own.iter().max().map_or(0, |last| last.saturating_add(1)))
        });
        let mut index = statement(self.connection, ATTEMPTED, self.index)?;
        let mut numbers = index.query(params![asked, below.min(highest), lowest]).map_err(failed(ATTEMPTED))?;
        let mut looked_at = 0;
        while let Some(row) = numbers.next().map_err(failed(ATTEMPTED))? {
            let doc: i64 = Column("the index of words", "rowid").get(row, 0)?;
            looked_at += 1;
            if self.own.as_ref().is_none_or(|own| own.numbers.contains(&doc)) {
                let what = self.look(doc)?;
                found.extend(what.map(|what| Found { at: FoundAfter { score, doc }, what }));
            }
            if found.len() > limit {
                return Ok(None);
            }
            if looked_at == self.most {
                return Ok(Some(doc));
            }
        }
        Ok(None)
    }

    fn look(&mut self, doc: i64) -> Stored<Option<T>> {
        if let Some(first) = self.sql.values.first_mut() {
            *first = Value::Integer(doc);
        }
        let Sql { text, values } = &self.sql;
        one(self.connection, ATTEMPTED, (text, params_from_iter(values)), self.read)
    }
}

impl<'a> Walk<'a, Case> {
    fn of_cases(connection: &'a Connection, filter: &CaseFilter, own: Option<Own>) -> Walk<'a, Case> {
        Walk {
            connection,
            index: "SELECT rowid FROM case_words WHERE case_words MATCH ? AND rowid < ? AND rowid >= ? ORDER BY rowid DESC",
            sql: numbered(filter),
            read: |row| read_case(row, 0, || "a case".to_owned()),
            most: if own.is_none() { CASES_LOOKED_AT } else { OWN_LOOKED_AT },
            own,
        }
    }
}

impl<'a> Walk<'a, Record> {
    fn of_rows(connection: &'a Connection, search: &RowSearch) -> Walk<'a, Record> {
        Walk {
            connection,
            index: "SELECT rowid FROM row_words WHERE row_words MATCH ? AND rowid < ? AND rowid >= ? ORDER BY rowid DESC",
            sql: version(search),
            read: |row| Column("record", "body").json(row, 0, || "a row".to_owned()),
            most: ROWS_LOOKED_AT,
            own: None,
        }
    }
}

/// The version of a row by its number in the index, which is the first value, that holds on the day, if somebody reads it.
pub(super) fn version(search: &RowSearch) -> Sql {
    let mut sql = Sql::new(
        "SELECT r.body FROM row_doc d CROSS JOIN record r ON r.shard = d.shard AND r.register = d.register AND r.key = d.key",
    );
    sql.and("d.doc = ?", [Value::Null]);
    let day = text(&search.on.to_string());
    sql.and("r.valid_from <= ? AND (r.valid_to IS NULL OR r.valid_to > ?)", [day.clone(), day]);
    let mut either = String::from("(0");
    let mut values: Vec<Value> = Vec::new();
    for (register, place) in &search.registers {
        either.push_str(" OR (r.register = ?");
        values.push(text(register));
        if let Some(place) = place {
            let (low, high) = place.range();
            either.push_str(" AND r.place >= ? AND r.place < ?");
            values.extend([padded(low), padded(high)]);
        }
        either.push(')');
    }
    either.push(')');
    sql.and(&either, values);
    sql
}

fn rows_found(
    connection: &Connection,
    search: &RowSearch,
    after: Option<FoundAfter>,
    limit: u32,
) -> Stored<FoundPage<Record>> {
    let limit = limit.min(PAGE_MAX);
    if search.registers.is_empty() {
        return Ok(FoundPage::default());
    }
    Walk::of_rows(connection, search).page(tiers_of_rows(&search.words), after, limit)
}

#[async_trait]
impl SearchStore for SqliteStore {
    async fn cases_found(
        &self,
        (filter, newest): (&CaseFilter, bool),
        after: Option<FoundAfter>,
        limit: u32,
    ) -> Result<Option<FoundPage<Case>>, StoreError> {
        cases_found(&self.reader(), (filter, newest), after, limit)
    }

    async fn rows_found(
        &self,
        search: &RowSearch,
        after: Option<FoundAfter>,
        limit: u32,
    ) -> Result<FoundPage<Record>, StoreError> {
        rows_found(&self.reader(), search, after, limit)
    }

    async fn case_words_again(
        &self,
        after: Option<(Shard, CaseId)>,
        limit: u32,
        said: &(dyn for<'c> Fn(&'c Case) -> String + Sync),
    ) -> Result<WordsMade<(Shard, CaseId)>, StoreError> {
        words::again(self, after, limit, said)
    }

    async fn row_words_again(
        &self,
        after: Option<&RowKey>,
        limit: u32,
        said: &(dyn for<'r> Fn(&'r [Record]) -> Option<String> + Sync),
    ) -> Result<WordsMade<RowKey>, StoreError> {
        row_words::again(&mut self.writer(), after, limit, said)
    }
}
