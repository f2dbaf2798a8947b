//! Reading cases: one, a page, how many.

use super::case_query::{Sql, count, open_of_posts, page};
use super::load::read_case;
use super::packed::CASE_TEXT;
use super::rare::{Rare, is_of_a_state};
use super::row::{Column, Stored, all, case_key, one};
use super::words::Search;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_model::needed::Needed;
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Shard};
use rusqlite::{Connection, Row, params, params_from_iter};

/// The column whole cases stand in.
pub(super) const CASE_BODY: Column = Column("case_row", "body");

/// Most cases on a page.
const PAGE_MAX: u32 = 500;

/// One case.
pub(super) fn case_by_id(connection: &Connection, shard: Shard, id: CaseId) -> Stored<Option<Case>> {
    let sql = format!("SELECT {CASE_TEXT} FROM case_row WHERE shard = ? AND id = ?");
    one(connection, "reading a case", (&sql, params![shard.0, id.0.as_bytes()]), |row| {
        read_case(row, 0, || case_key(shard, id))
    })
}

/// The id of a case by its public number.
pub(super) fn id_by_number(connection: &Connection, shard: Shard, number: &str) -> Stored<Option<CaseId>> {
    let sql = "SELECT id FROM case_row WHERE shard = ? AND number = ?";
    one(connection, "finding a case", (sql, params![shard.0, number]), |row| {
        Ok(CaseId(Column("case_row", "id").id(row, 0)?))
    })
}

/// One case by its public number.
pub(super) fn case_by_number(connection: &Connection, shard: Shard, number: &str) -> Stored<Option<Case>> {
    let sql = format!("SELECT {CASE_TEXT} FROM case_row WHERE shard = ? AND number = ?");
    one(connection, "reading a case", (&sql, params![shard.0, number]), |row| {
        read_case(row, 0, || format!("{shard}/{number}"))
    })
}

/// The case a document's code leads to.
pub(super) fn case_of_document(connection: &Connection, code: &str) -> Stored<Option<(Shard, CaseId)>> {
    let (sql, column) = ("SELECT shard, case_id FROM document WHERE code = ?", Column("document", "case_id"));
    one(connection, "reading the code of a document", (sql, params![code]), |row| {
        let id: [u8; 16] = column.get(row, 1)?;
        Ok((Shard(column.get(row, 0)?), CaseId(uuid::Uuid::from_bytes(id))))
    })
}

/// A case with what it is sorted by.
type Sorted = (i64, CaseId, Case);

/// A page of cases.
pub(super) fn cases(
    connection: &Connection,
    filter: &CaseFilter,
    order: CaseOrder,
    after: Option<&After>,
    limit: u32,
) -> Stored<Vec<Case>> {
    let limit = limit.min(PAGE_MAX);
    let page = match order {
        CaseOrder::Due if filter.open.is_none() => both(connection, filter, after, limit)?,
        CaseOrder::Opened if is_of_a_state(filter) => each_half(connection, filter, after, limit)?,
        _ => merged(connection, filter, (order, after, limit), &whole)?,
    };
    Ok(page.into_iter().map(|(_, _, case)| case).collect())
}

/// The newest cases, with what is needed of them.
pub(super) fn newest(connection: &Connection, filter: &CaseFilter, limit: u32, needed: &Needed) -> Stored<Vec<Case>> {
    let limit = limit.min(PAGE_MAX);
    let read = |row: &Row<'_>, id: CaseId| {
        let text = row.get_ref(0).map_err(|error| CASE_BODY.corrupt(id, error))?;
        let text = text.as_str().map_err(|error| CASE_BODY.corrupt(id, error))?;
        needed.read(text).map_err(|error| CASE_BODY.corrupt(id, error))
    };
    let page = merged(connection, filter, (CaseOrder::Opened, None, limit), &read)?;
    Ok(page.into_iter().map(|(_, _, case)| case).collect())
}

fn whole(row: &Row<'_>, id: CaseId) -> Stored<Case> {
    read_case(row, 0, || id.to_string())
}

/// By deadline over open and closed cases: the closed ones stand at the end, so they are looked for only when the open
/// ones with a deadline do not fill the page.
fn both(connection: &Connection, filter: &CaseFilter, after: Option<&After>, limit: u32) -> Stored<Vec<Sorted>> {
    let only = |open| CaseFilter { open: Some(open), ..filter.clone() };
    let mut page = merged(connection, &only(true), (CaseOrder::Due, after, limit), &whole)?;
    let is_full = page.len() == limit as usize && page.last().is_some_and(|last| last.0 < i64::MAX);
    if !is_full {
        page.extend(merged(connection, &only(false), (CaseOrder::Due, after, limit), &whole)?);
        sort(&mut page, CaseOrder::Due);
        page.truncate(limit as usize);
    }
    Ok(page)
}

/// By time over open and settled cases of one state: nearly always all are one or the other, and each has its own index.
fn each_half(connection: &Connection, filter: &CaseFilter, after: Option<&After>, limit: u32) -> Stored<Vec<Sorted>> {
    let mut page = Vec::new();
    for open in [true, false] {
        let half = CaseFilter { open: Some(open), ..filter.clone() };
        page.extend(merged(connection, &half, (CaseOrder::Opened, after, limit), &whole)?);
    }
    sort(&mut page, CaseOrder::Opened);
    page.truncate(limit as usize);
    Ok(page)
}

/// The pages of all arms, in order, each case once, as `case` reads them.
fn merged(
    connection: &Connection,
    filter: &CaseFilter,
    (order, after, limit): (CaseOrder, Option<&After>, u32),
    case: &dyn Fn(&Row<'_>, CaseId) -> Stored<Case>,
) -> Stored<Vec<Sorted>> {
    let mut rows = Vec::new();
    let search = Search::of(connection, filter, order)?;
    let arms = page((filter, &search), order, after, limit);
    let merge = arms.len() > 1;
    for arm in arms {
        rows.extend(read(connection, &arm, case)?);
    }
    if merge {
        sort(&mut rows, order);
        rows.dedup_by_key(|row| row.1);
        rows.truncate(limit as usize);
    }
    Ok(rows)
}

fn sort(rows: &mut [Sorted], order: CaseOrder) {
    match order {
        CaseOrder::Due => rows.sort_by_key(|row| (row.0, row.1)),
        CaseOrder::Opened => rows.sort_by_key(|row| std::cmp::Reverse((row.0, row.1))),
    }
}

fn read(connection: &Connection, sql: &Sql, case: &dyn Fn(&Row<'_>, CaseId) -> Stored<Case>) -> Stored<Vec<Sorted>> {
    all(connection, "listing cases", (&sql.text, params_from_iter(&sql.values)), |row| {
        let id = CaseId(Column("case_row", "id").id(row, 2)?);
        Ok((Column("case_row", "due").get(row, 1)?, id, case(row, id)?))
    })
}

/// How many cases a filter has, exactly.
pub(super) fn case_count(connection: &Connection, filter: &CaseFilter, most: Option<u32>) -> Stored<u64> {
    let sql = match open_of_posts(filter).filter(|_| most.is_none()) {
        Some(sql) => Some(sql),
        None => Rare::counted(connection, filter, most)?,
    };
    let sql = match sql {
        Some(sql) => sql,
        // Counting needs no order; open cases of a place are counted by deadline.
        None => count((filter, &Search::of(connection, filter, CaseOrder::Due)?), most),
    };
    let found = one(connection, "counting cases", (&sql.text, params_from_iter(&sql.values)), |row| {
        Column("case_row", "count").get(row, 0)
    })?;
    Ok(found.unwrap_or(0))
}
