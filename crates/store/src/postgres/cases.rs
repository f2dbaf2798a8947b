//! Reading cases: one, a page, how many.

use super::case_query::{Sql, count, page};
use super::load::read_case;
use super::row::{Column, Stored, case_key, shard, text};
use super::sql::{Args, all, one};
use super::words::Search;
use deadpool_postgres::Object;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::needed::Needed;
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Shard};
use tokio_postgres::types::ToSql;

/// The column whole cases stand in.
pub(super) const CASE_BODY: Column = Column("case_row", "body");

/// Most cases on a page.
const PAGE_MAX: u32 = 500;

/// One case.
pub(super) async fn case_by_id(client: &Object, of: Shard, id: CaseId) -> Stored<Option<Case>> {
    let sql = "SELECT body FROM case_row WHERE shard = $1 AND id = $2";
    one(client, "reading a case", (sql, &[&shard(of), &id.0]), |row| read_case(row, 0, || case_key(of, id))).await
}

/// The id of a case by its public number.
pub(super) async fn id_by_number(client: &Object, of: Shard, number: &str) -> Stored<Option<CaseId>> {
    let sql = "SELECT id FROM case_row WHERE shard = $1 AND number = $2";
    one(client, "finding a case", (sql, &[&shard(of), &text(number)]), |row| Column("case_row", "id").case(row, 0))
        .await
}

/// One case by its public number.
pub(super) async fn case_by_number(client: &Object, of: Shard, number: &str) -> Stored<Option<Case>> {
    let sql = "SELECT body FROM case_row WHERE shard = $1 AND number = $2";
    let key = || format!("{of}/{number}");
    one(client, "reading a case", (sql, &[&shard(of), &text(number)]), |row| read_case(row, 0, key)).await
}

/// The case a document's code leads to.
pub(super) async fn case_of_document(client: &Object, code: &str) -> Stored<Option<(Shard, CaseId)>> {
    let sql = "SELECT shard, case_id FROM document WHERE code = $1";
    let column = Column("document", "case_id");
    one(client, "reading the code of a document", (sql, &[&text(code)]), |row| {
        Ok((column.shard(row, 0)?, column.case(row, 1)?))
    })
    .await
}

/// A case with what it is sorted by.
type Sorted = (i64, CaseId, Case);

/// A page of cases.
pub(super) async fn cases(
    client: &Object,
    filter: &CaseFilter,
    order: CaseOrder,
    after: Option<&After>,
    limit: u32,
) -> Stored<Vec<Case>> {
    let limit = limit.min(PAGE_MAX);
    let page = if order == CaseOrder::Due && filter.open.is_none() {
        both(client, filter, after, limit).await?
    } else {
        let search = Search::of(client, filter).await?;
        read(client, &page((filter, &search), order, after, limit)).await?
    };
    Ok(page.into_iter().map(|(_, _, case)| case).collect())
}

/// The newest cases, with what is needed of them.
pub(super) async fn newest(client: &Object, filter: &CaseFilter, limit: u32, needed: &Needed) -> Stored<Vec<Case>> {
    let search = Search::of(client, filter).await?;
    let sql = page((filter, &search), CaseOrder::Opened, None, limit.min(PAGE_MAX));
    let args: Vec<&(dyn ToSql + Sync)> = sql.values.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect();
    all(client, "listing cases", (&sql.text, &args), |row| {
        let id = Column("case_row", "id").case(row, 2)?;
        let text: &str = CASE_BODY.get(row, 0)?;
        needed.read(text).map_err(|error| CASE_BODY.corrupt(id, error))
    })
    .await
}

/// By deadline over open and closed cases: the closed ones stand at the end, so they are looked for only when the open
/// ones with a deadline do not fill the page.
async fn both(client: &Object, filter: &CaseFilter, after: Option<&After>, limit: u32) -> Stored<Vec<Sorted>> {
    let search = Search::of(client, filter).await?;
    let only = |open| CaseFilter { open: Some(open), ..filter.clone() };
    let mut found = read(client, &page((&only(true), &search), CaseOrder::Due, after, limit)).await?;
    let is_full = found.len() == limit as usize && found.last().is_some_and(|last| last.0 < i64::MAX);
    if !is_full {
        found.extend(read(client, &page((&only(false), &search), CaseOrder::Due, after, limit)).await?);
        found.sort_by_key(|row| (row.0, row.1));
        found.truncate(limit as usize);
    }
    Ok(found)
}

async fn read(client: &Object, sql: &Sql<'_>) -> Stored<Vec<Sorted>> {
    let args: Vec<&(dyn ToSql + Sync)> = sql.values.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect();
    all(client, "listing cases", (&sql.text, &args), |row| {
        let id = Column("case_row", "id").case(row, 2)?;
        Ok((Column("case_row", "due").get(row, 1)?, id, read_case(row, 0, || id.to_string())?))
    })
    .await
}

/// How many cases a filter has: exactly, or up to `most`.
pub(super) async fn case_count(client: &Object, filter: &CaseFilter, most: Option<u32>) -> Stored<u64> {
    let search = Search::of(client, filter).await?;
    let sql = count((filter, &search), most);
    let args: Vec<&(dyn ToSql + Sync)> = sql.values.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect();
    let args: &Args<'_> = &args;
    let found =
        one(client, "counting cases", (&sql.text, args), |row| Column("case_row", "count").count(row, 0)).await?;
    Ok(found.unwrap_or(0))
}
