//! What counting figures anew reads piece by piece, and what it takes away: see the port.

use super::cases::CASE_BODY;
use super::connect::SqliteStore;
use super::packed::CASE_TEXT;
use super::row::{Column, Stored, all, failed, run, statement};
use async_trait::async_trait;
use ganglion_indicators::{Digest, Digests, FactParts, MeasureDay};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{CountStore, FactKey};
use ganglion_model::{CaseId, PlaceCode, Shard};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, TransactionBehavior, params};

const ATTEMPTED: &str = "reading what figures are counted from";

fn case_texts(
    connection: &Connection,
    shard: Shard,
    after: Option<CaseId>,
    limit: u32,
) -> Stored<Vec<(CaseId, String)>> {
    let sql = format!("SELECT id, {CASE_TEXT} FROM case_row WHERE shard = ? AND id > ? ORDER BY id LIMIT ?");
    // Nothing is no id, and lies before all of them.
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes().as_slice());
    all(connection, ATTEMPTED, (&sql, params![shard.0, after, limit]), |row| {
        Ok((CaseId(Column("case_row", "id").id(row, 0)?), CASE_BODY.get(row, 1)?))
    })
}

/// A text where it stands.
fn text<'r>(row: &'r Row<'_>, (index, column): (usize, &'static str)) -> Stored<&'r str> {
    let column = Column("fact", column);
    let value = row.get_ref(index).map_err(|error| column.corrupt("?", error))?;
    value.as_str().map_err(|error| column.corrupt("?", error))
}

fn parts<'r>(row: &'r Row<'_>) -> Stored<FactParts<'r>> {
    let column = |name| Column("fact", name);
    let member = row.get_ref(7).map_err(|error| column("member").corrupt("?", error))?;
    Ok(FactParts {
        place: column("place").place(row, 2)?,
        case: CaseId(column("case_id").id(row, 3)?),
        dim: text(row, (4, "dim"))?,
        value: column("value").get(row, 5)?,
        until: column("until").get(row, 6)?,
        member: if member == ValueRef::Null { None } else { Some(text(row, (7, "member"))?) },
        at: column("at").get(row, 8)?,
    })
}

fn facts_digest(
    connection: &Connection,
    shard: Shard,
    after: Option<&FactKey>,
    limit: u32,
) -> Stored<(Digests, Option<FactKey>)> {
    // The table is kept in this order.
    let sql = "SELECT measure, day, place, case_id, dim, value, until, member, at FROM fact WHERE shard = ? \
               AND (measure, day, place, case_id) > (?, ?, ?, ?) ORDER BY measure, day, place, case_id LIMIT ?";
    let mut statement = statement(connection, ATTEMPTED, sql)?;
    let (measure, day, place, case) = match after {
        Some((measure, day, place, case)) => (measure.as_str(), *day, place.padded(), case.0.as_bytes().as_slice()),
        None => ("", i32::MIN, 0, &[][..]),
    };
    let mut rows = statement.query(params![shard.0, measure, day, place, case, limit]).map_err(failed(ATTEMPTED))?;
    let (mut found, mut sum) = (Digests::new(), Digest::default());
    let mut last: Option<(MeasureDay, PlaceCode, CaseId)> = None;
    while let Some(row) = rows.next().map_err(failed(ATTEMPTED))? {
        let (measure, day) = (text(row, (0, "measure"))?, Column("fact", "day").get::<i32>(row, 1)?);
        let parts = parts(row)?;
        match &mut last {
            Some((of, place, case)) if of.1 == day && of.0 == measure => (*place, *case) = (parts.place, parts.case),
            _ => {
                let of = (measure.to_owned(), day);
                if let Some((before, ..)) = last.replace((of, parts.place, parts.case)) {
                    found.entry(before).or_default().add_all(std::mem::take(&mut sum));
                }
            }
        }
        sum.add(&parts);
    }
    let last = last.map(|(of, place, case)| {
        found.entry(of.clone()).or_default().add_all(sum);
        (of.0, of.1, place, case)
    });
    Ok((found, last))
}

fn figures_forget(connection: &mut Connection, shard: Shard, facts: &[MeasureDay], counters: &[String]) -> Stored<()> {
    const ATTEMPTED: &str = "forgetting figures";
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    for (measure, day) in facts {
        let sql = "DELETE FROM fact WHERE shard = ? AND measure = ? AND day = ?";
        run(&transaction, ATTEMPTED, sql, params![shard.0, measure, day])?;
    }
    for measure in counters {
        run(&transaction, ATTEMPTED, "DELETE FROM tally WHERE shard = ? AND measure = ?", params![shard.0, measure])?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

#[async_trait]
impl CountStore for SqliteStore {
    async fn case_texts(
        &self,
        shard: Shard,
        after: Option<CaseId>,
        limit: u32,
    ) -> Result<Vec<(CaseId, String)>, StoreError> {
        case_texts(&self.reader(), shard, after, limit)
    }

    async fn facts_digest(
        &self,
        shard: Shard,
        after: Option<&FactKey>,
        limit: u32,
    ) -> Result<(Digests, Option<FactKey>), StoreError> {
        facts_digest(&self.reader(), shard, after, limit)
    }

    async fn figures_forget(&self, shard: Shard, facts: &[MeasureDay], counters: &[String]) -> Result<(), StoreError> {
        figures_forget(&mut self.writer(), shard, facts, counters)
    }
}
