//! What is found by words: cases and rows, narrowed by the same conditions as lists.
//!
//! Of cases those that say a word again come first, then the others; of rows those that have what was typed as whole words, then those
//! that only begin so; last what has words apart that were typed together; the newest of each first. Where very many have the words the newest are gone through, so many for a page and
//! no more.

use super::case_query::{Way, searched};
use super::connect::PgStore;
use super::load::{read_case, read_record};
use super::row::{Column, Stored, range};
use super::row_words;
use super::sql::{Param, all, one, value};
use super::words::{self, Asked, tiers_of_rows};
use async_trait::async_trait;
use deadpool_postgres::Object;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CaseFilter, SearchStore};
use ganglion_kernel::port_search::{Found, FoundAfter, FoundPage, RowSearch, WordsMade};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, Shard};
use std::fmt::Write as _;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

const ATTEMPTED: &str = "searching";
/// Most things on a page.
const PAGE_MAX: u32 = 500;
/// From so many cases with the words on, they are not gathered: the newest cases are gone through.
const WALKED_FROM: i64 = 20_000;
/// Cases gone through first, where nothing narrows the search.
const NEAR: i64 = 2_000;
/// Cases gone through for one page.
const WALKED: i64 = 20_000;
/// Up to so many rows with a word are taken from the index of words; where more have it, the newest rows are gone through.
const MANY: i64 = 50_000;
/// Rows with a word that many have, looked at for one page.
const LOOKED_AT: i64 = 10_000;
/// Rows gone through for one page, whether they have the word or not.
const GONE_THROUGH: i64 = 100_000;

fn page<T>(mut found: Vec<Found<T>>, limit: u32) -> FoundPage<T> {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.at);
    FoundPage { found, next }
}

fn args<'p>(values: &'p [Param<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    values.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect()
}

/// What is asked one after the other, with the score of what is found: what says a word again stands before what says it once, and
/// last comes what has words apart that were typed together.
fn tiers(Asked { all, again, apart, .. }: Asked, newest: bool) -> Vec<(i64, String)> {
    let mut tiers = if newest {
        vec![(0, all.clone())]
    } else {
        vec![(1, format!("{all} & ({again})")), (0, format!("{all} & !({again})"))]
    };
    tiers.extend(apart.map(|apart| (-1, format!("{apart} & !({all})"))));
    tiers
}

async fn cases_found(
    client: &Object,
    (filter, newest): (&CaseFilter, bool),
    after: Option<FoundAfter>,
    limit: u32,
) -> Stored<Option<FoundPage<Case>>> {
    let limit = limit.min(PAGE_MAX);
    if filter.words.is_none() {
        return Ok(None);
    }
    let Some(asked) = words::of_filter(client, filter).await? else { return Ok(Some(FoundPage::default())) };
    let is_narrowed = asked.is_narrowed;
    let mut found = Vec::new();
    for (score, asked) in
        tiers(asked, newest).into_iter().filter(|tier| after.is_none_or(|after| after.score >= tier.0))
    {
        let below = after.filter(|after| after.score == score).map_or(i64::MAX, |after| after.doc);
        let left = limit + 1 - u32::try_from(found.len()).unwrap_or(limit);
        let tier = Tier { filter, asked: &asked, is_narrowed, score };
        let (more, low) = tier.page(client, below, left).await?;
        found.extend(more);
        if found.len() > limit as usize {
            break;
        }
        if let Some(doc) = low {
            return Ok(Some(FoundPage { found, next: Some(FoundAfter { score, doc }) }));
        }
    }
    Ok(Some(page(found, limit)))
}

/// One of the questions of a search.
struct Tier<'a> {
    filter: &'a CaseFilter,
    asked: &'a str,
    is_narrowed: bool,
    score: i64,
}

impl Tier<'_> {
    /// Cases below a number, and the last number that was looked at, if there may be more behind it.
    async fn page(&self, client: &Object, below: i64, limit: u32) -> Stored<(Vec<Found<Case>>, Option<i64>)> {
        if !self.is_narrowed {
            // A word that is common everywhere fills the page from the newest, and counting its cases would cost more than that.
            let low = lowest(client, below, NEAR).await?;
            let near = self.read(client, Way::Walk, (low, below), limit).await?;
            if near.len() >= limit as usize {
                return Ok((near, None));
            }
        }
        if words::count(client, self.asked, WALKED_FROM).await? < WALKED_FROM {
            return Ok((self.read(client, Way::Index, (i64::MIN, below), limit).await?, None));
        }
        let low = lowest(client, below, WALKED).await?;
        Ok((self.read(client, Way::Walk, (low, below), limit).await?, Some(low).filter(|low| *low > 0)))
    }

    async fn read(&self, client: &Object, way: Way, span: (i64, i64), limit: u32) -> Stored<Vec<Found<Case>>> {
        let sql = searched((self.filter, self.asked), way, span, limit);
        all(client, ATTEMPTED, (&sql.text, &args(&sql.values)), |row| {
            let at = FoundAfter { score: self.score, doc: Column("case_words", "doc").get(row, 1)? };
            Ok(Found { at, what: read_case(row, 0, || "a case".to_owned())? })
        })
        .await
    }
}

/// The number so many below. Numbers are given out one after the other: between them are not more cases than that.
async fn lowest(client: &Object, below: i64, many: i64) -> Stored<i64> {
    let read = |row: &Row| Column("case_words", "doc").get::<Option<i64>>(row, 0);
    let top = one(client, ATTEMPTED, ("SELECT max(doc) FROM case_words", &[]), read).await?.flatten();
    Ok(below.min(top.unwrap_or(0).saturating_add(1)) - many)
}

/// A search of rows: its text and values.
struct RowSql<'a> {
    text: String,
    values: Vec<Param<'a>>,
}

impl<'a> RowSql<'a> {
    fn bind(&mut self, param: Param<'a>) -> String {
        self.values.push(param);
        format!("${}", self.values.len())
    }

    /// The versions of found rows that hold on the day and that somebody reads, the newest first, with their bodies; `found` gives
    /// `shard`, `register`, `key` and `doc`.
    fn rows_of(mut self, found: &str, search: &'a RowSearch, limit: u32) -> RowSql<'a> {
        let range_of = |(_, place): &(String, Option<_>)| place.map(range);
        let registers = search.registers.iter().map(|one| one.0.as_str()).collect::<Vec<_>>();
        let lows = search.registers.iter().map(|one| range_of(one).map(|range| range.0)).collect::<Vec<_>>();
        let highs = search.registers.iter().map(|one| range_of(one).map(|range| range.1)).collect::<Vec<_>>();
        let day = self.bind(value(search.on.to_string()));
        let [registers, lows, highs] = [value(registers), value(lows), value(highs)].map(|param| self.bind(param));
        let limit = self.bind(value(i64::from(limit)));
        let _ = write!(
            self.text,
            "SELECT r.body::text, r.shard, r.register, r.key, w.doc FROM ({found}) w CROSS JOIN LATERAL (SELECT * \
             FROM record r WHERE r.shard = w.shard AND r.register = w.register AND r.key = w.key \
             AND r.valid_from <= {day} AND (r.valid_to IS NULL OR r.valid_to > {day}) \
             AND EXISTS (SELECT 1 FROM unnest({registers}::text[], {lows}::int8[], {highs}::int8[]) s (register, low, high) \
             WHERE s.register = r.register AND (s.low IS NULL OR (r.place >= s.low AND r.place < s.high))) OFFSET 0) r \
             ORDER BY w.doc DESC LIMIT {limit}"
        );
        self
    }
}

async fn rows_found(
    client: &Object,
    search: &RowSearch,
    after: Option<FoundAfter>,
    limit: u32,
) -> Stored<FoundPage<Record>> {
    let limit = limit.min(PAGE_MAX);
    if search.registers.is_empty() {
        return Ok(FoundPage::default());
    }
    let tiers = tiers_of_rows(&search.words);
    let mut found = Vec::new();
    for (score, asked) in tiers.into_iter().filter(|tier| after.is_none_or(|after| after.score >= tier.0)) {
        let below = after.filter(|after| after.score == score).map_or(i64::MAX, |after| after.doc);
        let left = limit + 1 - u32::try_from(found.len()).unwrap_or(limit);
        let (more, end) = newest(client, (search, &asked), (score, below), left).await?;
        found.extend(more);
        if found.len() > limit as usize {
            break;
        }
        if let Some(doc) = end {
            return Ok(FoundPage { found, next: Some(FoundAfter { score, doc }) });
        }
    }
    Ok(page(found, limit))
}

/// The newest rows below a number, of so many looked at, and the last one looked at if there were as many.
async fn newest(
    client: &Object,
    (search, asked): (&RowSearch, &str),
    (score, below): (i64, i64),
    limit: u32,
) -> Stored<(Vec<Found<Record>>, Option<i64>)> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM row_words WHERE words @@ $1::text::tsquery LIMIT $2) w";
    let read = |row: &Row| Column("row_words", "count").get::<i64>(row, 0);
    let count = one(client, ATTEMPTED, (sql, &[&asked, &(MANY + 1)]), read).await?.unwrap_or(0);
    let (window, looked_at) = if count > MANY {
        // The condition is looked at on the way, so that the order of the index is walked whatever the planner thinks of it.
        let gone_through = format!(
            "SELECT shard, register, key, doc, words FROM row_words WHERE doc < $2 ORDER BY doc DESC LIMIT {GONE_THROUGH}"
        );
        (gone_through, GONE_THROUGH)
    } else {
        let found = format!(
            "SELECT shard, register, key, doc, words FROM row_words WHERE words @@ $1::text::tsquery AND doc < $2 \
             ORDER BY doc DESC LIMIT {LOOKED_AT}"
        );
        (found, LOOKED_AT)
    };
    // The next page begins below the last one looked at.
    let end = format!(
        "SELECT doc FROM ({window}) w WHERE $1::text IS NOT NULL ORDER BY doc DESC LIMIT 1 OFFSET {}",
        looked_at - 1
    );
    let read = |row: &Row| Column("row_words", "doc").get::<i64>(row, 0);
    let last = one(client, ATTEMPTED, (&end, &[&asked, &below]), read).await?;
    let mut sql = RowSql { text: String::new(), values: vec![value(asked), value(below)] };
    let _ = write!(sql.text, "WITH seen AS MATERIALIZED ({window}) ");
    let found = "SELECT shard, register, key, doc FROM seen WHERE words @@ $1::text::tsquery";
    let sql = sql.rows_of(found, search, limit);
    let rows = all(client, ATTEMPTED, (&sql.text, &args(&sql.values)), |row| {
        let at = FoundAfter { score, doc: Column("row_words", "doc").get(row, 4)? };
        Ok(Found { at, what: read_record(row)? })
    })
    .await?;
    Ok((rows, last))
}

#[async_trait]
impl SearchStore for PgStore {
    async fn cases_found(
        &self,
        (filter, newest): (&CaseFilter, bool),
        after: Option<FoundAfter>,
        limit: u32,
    ) -> Result<Option<FoundPage<Case>>, StoreError> {
        cases_found(&self.reader().await?, (filter, newest), after, limit).await
    }

    async fn rows_found(
        &self,
        search: &RowSearch,
        after: Option<FoundAfter>,
        limit: u32,
    ) -> Result<FoundPage<Record>, StoreError> {
        rows_found(&self.reader().await?, search, after, limit).await
    }

    async fn case_words_again(
        &self,
        after: Option<(Shard, CaseId)>,
        limit: u32,
        said: &(dyn for<'c> Fn(&'c Case) -> String + Sync),
    ) -> Result<WordsMade<(Shard, CaseId)>, StoreError> {
        words::again(self, after, limit, said).await
    }

    async fn row_words_again(
        &self,
        after: Option<&RowKey>,
        limit: u32,
        said: &(dyn for<'r> Fn(&'r [Record]) -> Option<String> + Sync),
    ) -> Result<WordsMade<RowKey>, StoreError> {
        row_words::again(self, after, limit, said).await
    }
}
