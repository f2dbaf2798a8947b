//! What is found by words: cases and rows, narrowed by the same conditions as lists.
//!
//! Cases are read from the index in its own order, the newest first, until the page is full: those that say a word again, then the
//! others. Nothing is counted, weighed or sorted, so that a page costs what it shows. Rows are ranked where few have the words; where
//! very many have them the newest of the index are looked at, so many for a page and no more.

use super::case_query::{Sql, best, numbered, numbers_of};
use super::connect::SqliteStore;
use super::load::read_case;
use super::row::{Column, Stored, all, failed, one, statement};
use super::row_query::{padded, text};
use super::words::{Asked, asked};
use super::{row_words, words};
use async_trait::async_trait;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CaseFilter, SearchStore};
use ganglion_kernel::port_search::{Found, FoundAfter, FoundPage, RowSearch, WordsMade};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, Shard};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::collections::HashSet;

const ATTEMPTED: &str = "searching";
/// Most things on a page.
const PAGE_MAX: u32 = 500;
/// Cases with the words that are looked at for one page: most of them are shown, unless something is asked for that the index does
/// not know.
const CASES_LOOKED_AT: u32 = 2_000;
/// The same where each is only looked up among what a post has.
const OWN_LOOKED_AT: u32 = 200_000;
/// Up to so many rows with the words are ranked.
const FEW: u32 = 4_000;
/// Rows of a word that very many have, looked at for one page.
const LOOKED_AT: u32 = 10_000;

fn page<T>(mut found: Vec<Found<T>>, limit: u32) -> FoundPage<T> {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.at);
    FoundPage { found, next }
}

/// Where a row found stands.
fn at(row: &Row<'_>) -> Stored<FoundAfter> {
    Ok(FoundAfter { score: Column("found", "score").get(row, 1)?, doc: Column("found", "doc").get(row, 2)? })
}

/// What is asked one after the other, with the score of what is found: what says a word again stands before what says it once.
fn tiers(Asked { all, again }: Asked, newest: bool) -> Vec<(i64, String)> {
    if newest {
        return vec![(0, all)];
    }
    vec![(1, format!("({all}) AND ({again})")), (0, format!("({all}) NOT ({again})"))]
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
    let Some(asked) = words::of_filter(connection, filter)? else { return Ok(Some(FoundPage::default())) };
    let mut walk = Walk::of(connection, filter)?;
    let mut found = Vec::new();
    for (score, asked) in tiers(asked, newest).into_iter().filter(|tier| after.is_none_or(|after| after.score >= tier.0)) {
        let below = after.filter(|after| after.score == score).map_or(i64::MAX, |after| after.doc);
        let end = walk.tier((score, &asked), below, limit as usize, &mut found)?;
        if found.len() > limit as usize {
            break;
        }
        if let Some(doc) = end {
            return Ok(Some(FoundPage { found, next: Some(FoundAfter { score, doc }) }));
        }
    }
    Ok(Some(page(found, limit)))
}

/// Goes through the index in its own order and looks at each case found, until a page is full.
struct Walk<'a> {
    connection: &'a Connection,
    /// Asks for a case by its number, which is the first value.
    sql: Sql,
    /// Where only what posts have is looked for: its numbers.
    own: Option<HashSet<i64>>,
}

impl<'a> Walk<'a> {
    fn of(connection: &'a Connection, filter: &CaseFilter) -> Stored<Walk<'a>> {
        let own = if filter.assignees.is_empty() {
            None
        } else {
            let Sql { text, values } = numbers_of(&filter.assignees);
            let numbers = all(connection, ATTEMPTED, (&text, params_from_iter(values)), |row| {
                Column("case_doc", "doc").get::<i64>(row, 0)
            })?;
            Some(numbers.into_iter().collect())
        };
        Ok(Walk { connection, sql: numbered(filter), own })
    }

    /// Adds what is asked for with numbers below `below`, until there is one more than `limit`; the last number that was looked at,
    /// if there may be more behind it.
    fn tier(
        &mut self,
        (score, asked): (i64, &str),
        below: i64,
        limit: usize,
        found: &mut Vec<Found<Case>>,
    ) -> Stored<Option<i64>> {
        let most = if self.own.is_none() { CASES_LOOKED_AT } else { OWN_LOOKED_AT };
        let sql = "SELECT rowid FROM case_words WHERE case_words MATCH ? AND rowid < ? ORDER BY rowid DESC";
        let mut index = statement(self.connection, ATTEMPTED, sql)?;
        let mut numbers = index.query(params![asked, below]).map_err(failed(ATTEMPTED))?;
        let mut looked_at = 0;
        while let Some(row) = numbers.next().map_err(failed(ATTEMPTED))? {
            let doc: i64 = Column("case_words", "rowid").get(row, 0)?;
            looked_at += 1;
            if self.own.as_ref().is_none_or(|own| own.contains(&doc)) {
                let case = self.case(doc)?;
                found.extend(case.map(|what| Found { at: FoundAfter { score, doc }, what }));
            }
            if found.len() > limit {
                return Ok(None);
            }
            if looked_at == most {
                return Ok(Some(doc));
            }
        }
        Ok(None)
    }

    fn case(&mut self, doc: i64) -> Stored<Option<Case>> {
        if let Some(first) = self.sql.values.first_mut() {
            *first = Value::Integer(doc);
        }
        let Sql { text, values } = &self.sql;
        one(self.connection, ATTEMPTED, (text, params_from_iter(values)), |row| {
            read_case(row, 0, || "a case".to_owned())
        })
    }
}

fn read_row(row: &Row<'_>) -> Stored<Found<Record>> {
    Ok(Found { at: at(row)?, what: Column("record", "body").json(row, 0, || "a row".to_owned())? })
}

/// Which versions of which rows are looked at.
fn narrow(sql: &mut Sql, search: &RowSearch) {
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
}

/// How a number of the index leads to the versions of its row.
const TO_ROWS: &str = "CROSS JOIN row_doc d ON d.doc = w.rowid CROSS JOIN record r ON r.shard = d.shard AND r.register = d.register \
                       AND r.key = d.key";

fn rows_found(
    connection: &Connection,
    search: &RowSearch,
    after: Option<FoundAfter>,
    limit: u32,
) -> Stored<FoundPage<Record>> {
    let limit = limit.min(PAGE_MAX);
    let Some(asked) = asked(&search.words).filter(|_| !search.registers.is_empty()) else {
        return Ok(FoundPage::default());
    };
    let sql = "SELECT count(*) FROM (SELECT 1 FROM row_words WHERE row_words MATCH ? LIMIT ?)";
    let count = one(connection, ATTEMPTED, (sql, params![asked, FEW + 1]), |row| {
        Column("row_words", "count").get::<u32>(row, 0)
    })?;
    if count.unwrap_or(0) > FEW {
        return newest(connection, (search, &asked), after, limit);
    }
    let mut inner = Sql::new(&format!(
        "SELECT r.rowid AS at, d.doc AS doc, CAST(-1000000000 * w.rank AS INTEGER) AS score FROM row_words w {TO_ROWS}"
    ));
    inner.and("w.row_words MATCH ?", [Value::Text(asked)]);
    narrow(&mut inner, search);
    let sql = best(inner, after, limit + 1, "record");
    Ok(page(all(connection, ATTEMPTED, (&sql.text, params_from_iter(&sql.values)), read_row)?, limit))
}

/// A page of the newest of the index, of so many looked at.
fn newest(
    connection: &Connection,
    (search, asked): (&RowSearch, &str),
    after: Option<FoundAfter>,
    limit: u32,
) -> Stored<FoundPage<Record>> {
    let window = format!(
        "SELECT rowid FROM row_words WHERE row_words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT {LOOKED_AT}"
    );
    let below = after.map_or(i64::MAX, |after| after.doc);
    // The last one looked at, if there were as many: the next page begins below it.
    let end = format!("SELECT rowid FROM ({window}) LIMIT 1 OFFSET {}", LOOKED_AT - 1);
    let last = one(connection, ATTEMPTED, (&end, params![asked, below]), |row| {
        Column("row_words", "rowid").get::<i64>(row, 0)
    })?;
    let mut inner =
        Sql::new(&format!("SELECT r.rowid AS at, d.doc AS doc, 0 AS score FROM ({window}) w {TO_ROWS} WHERE 1"));
    inner.values.extend([text(asked), Value::Integer(below)]);
    narrow(&mut inner, search);
    let sql = best(inner, None, limit + 1, "record");
    let found = all(connection, ATTEMPTED, (&sql.text, params_from_iter(&sql.values)), read_row)?;
    let page = page(found, limit);
    let next = page.next.or(last.map(|doc| FoundAfter { score: 0, doc }));
    Ok(FoundPage { next, ..page })
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
