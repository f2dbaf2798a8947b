//! What a batch needs, read from one snapshot: rows and heads that belong together.

use super::cases::{CASE_BODY, case_by_id, case_by_number};
use super::row::{Column, Stored, all, failed, one};
use super::{matching, rows};
use ganglion_kernel::lookup::{Beside, DAY_LENGTH};
use ganglion_kernel::merkle::Frontier;
use ganglion_kernel::port::{Head, Loaded, Want};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, Shard};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use std::collections::{BTreeMap, HashSet};

const ATTEMPTED: &str = "loading a batch";
/// Rows that refer to a row: a refusal names the first and says how many.
const REFERERS_MAX: u32 = 20;

/// Loads a batch.
pub(super) fn load(connection: &Connection, want: &Want) -> Stored<Loaded> {
    // A connection that only looks holds one snapshot for everything it reads.
    if !connection.is_autocommit() {
        return found(connection, want);
    }
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred).map_err(failed(ATTEMPTED))?;
    found(&snapshot, want)
}

fn found(snapshot: &Connection, want: &Want) -> Stored<Loaded> {
    let mut loaded = Loaded { heads: heads(snapshot, &want.shards)?, ..Loaded::default() };
    for (shard, command) in &want.answers {
        let sql = "SELECT outcome FROM answer WHERE shard = ? AND command = ?";
        let read = |row: &Row<'_>| Column("answer", "outcome").json(row, 0, || format!("{shard}/{command}"));
        if let Some(outcome) = one(snapshot, ATTEMPTED, (sql, params![shard.0, command.0.as_bytes()]), read)? {
            loaded.answers.push((*command, outcome));
        }
    }
    loaded.cases = cases(snapshot, want)?;
    for (shard, case) in &want.keys {
        loaded.keys.extend(key(snapshot, *shard, *case)?.map(|wrapped| (*case, wrapped)));
    }
    for (shard, field, value) in &want.unique {
        let sql = "SELECT number FROM unique_value WHERE shard = ? AND field = ? AND value = ?";
        let read = |row: &Row<'_>| Column("unique_value", "number").get(row, 0);
        if let Some(number) = one(snapshot, ATTEMPTED, (sql, params![shard.0, field, value]), read)? {
            loaded.unique.push(((*shard, field.clone(), value.clone()), number));
        }
    }
    for (shard, name) in &want.sequences {
        let sql = "SELECT last FROM numbering WHERE shard = ? AND name = ?";
        let read = |row: &Row<'_>| Column("numbering", "last").get(row, 0);
        if let Some(last) = one(snapshot, ATTEMPTED, (sql, params![shard.0, name]), read)? {
            loaded.sequences.push(((*shard, name.clone()), last));
        }
    }
    for post in &want.loads {
        loaded.loads.push((post.clone(), super::waiting::load(snapshot, post)?));
    }
    let mut seen = HashSet::new();
    for wanted in want.records.iter().filter(|row| seen.insert(*row)) {
        loaded.records.extend(versions(snapshot, wanted)?);
    }
    for asked in &want.beside {
        let found = beside(snapshot, asked)?;
        if let Some(key) = &found {
            loaded.records.extend(versions(snapshot, &(asked.shard, asked.register.clone(), key.clone()))?);
        }
        loaded.beside.push((asked.clone(), found));
    }
    for asked in &want.matching {
        let found = matching::keys(snapshot, asked)?;
        for key in found.iter().flatten() {
            loaded.records.extend(versions(snapshot, &(asked.shard, asked.register.clone(), key.clone()))?);
        }
        loaded.matching.push((asked.clone(), found));
    }
    for (shard, id) in &want.proposals {
        loaded.proposals.extend(rows::proposal(snapshot, *shard, *id)?);
    }
    for row in &want.referers {
        let names = rows::referers(snapshot, row, None, REFERERS_MAX)?;
        loaded
            .referers
            .push((row.clone(), names.into_iter().map(|one| format!("{}/{}", one.register, one.key)).collect()));
    }
    Ok(loaded)
}

/// The key of a row's neighbour in its series: one step along the primary key, within the keys of the series.
fn beside(connection: &Connection, asked: &Beside) -> Stored<Option<String>> {
    // The sign behind the slash that ends a group bounds its keys.
    let end = format!("{}0", asked.group.trim_end_matches('/'));
    let (from, to, way) = if asked.after { (&asked.key, &end, "ASC") } else { (&asked.group, &asked.key, "DESC") };
    let sql = format!(
        "SELECT key FROM record WHERE shard = ?1 AND register = ?2 AND key > ?3 AND key < ?4 AND valid_to IS NULL \
         AND length(key) = length(?5) + {DAY_LENGTH} ORDER BY key {way} LIMIT 1"
    );
    let values = params![asked.shard.0, asked.register, from, to, asked.group];
    one(connection, ATTEMPTED, (&sql, values), |row| Column("record", "key").get(row, 0))
}

/// Heads of shards, fresh ones where there is none.
pub(super) fn heads(connection: &Connection, shards: &[Shard]) -> Stored<BTreeMap<Shard, Head>> {
    let mut heads = BTreeMap::new();
    for shard in shards {
        let sql = "SELECT seq, numbering, frontier FROM shard_head WHERE shard = ?";
        let head = one(connection, ATTEMPTED, (sql, params![shard.0]), |row| read_head(row, 0, *shard))?;
        heads.insert(*shard, head.unwrap_or_default());
    }
    Ok(heads)
}

/// Reads seq, numbering and frontier from the columns beginning at `at`.
pub(super) fn read_head(row: &Row<'_>, at: usize, shard: Shard) -> Stored<Head> {
    let frontier = Column("shard_head", "frontier");
    let bytes: Vec<u8> = frontier.get(row, at + 2)?;
    Ok(Head {
        seq: Column("shard_head", "seq").get(row, at)?,
        numbering: Column("shard_head", "numbering").json(row, at + 1, || shard.to_string())?,
        frontier: Frontier::from_bytes(&bytes).ok_or_else(|| frontier.corrupt(shard, "no frontier of a tree"))?,
    })
}

fn cases(connection: &Connection, want: &Want) -> Stored<Vec<Case>> {
    let mut seen = HashSet::new();
    let mut cases = Vec::with_capacity(want.cases.len());
    for (shard, id) in &want.cases {
        if seen.insert(*id) {
            cases.extend(case_by_id(connection, *shard, *id)?);
        }
    }
    for queue in &want.queues {
        cases.extend(super::waiting::front(connection, queue)?.into_iter().filter(|case| seen.insert(case.id)));
    }
    for (shard, number) in &want.numbers {
        cases.extend(case_by_number(connection, *shard, number)?.filter(|case| seen.insert(case.id)));
    }
    Ok(cases)
}

/// The wrapped key of a case.
pub(super) fn key(connection: &Connection, shard: Shard, case: CaseId) -> Stored<Option<String>> {
    let sql = "SELECT wrapped FROM seal_key WHERE shard = ? AND case_id = ?";
    one(connection, "reading a key", (sql, params![shard.0, case.0.as_bytes()]), |row| {
        Column("seal_key", "wrapped").get(row, 0)
    })
}

/// Every version of a register row, in order of validity.
pub(super) fn versions(connection: &Connection, (shard, register, key): &RowKey) -> Stored<Vec<Record>> {
    let sql = "SELECT body FROM record WHERE shard = ? AND register = ? AND key = ? ORDER BY valid_from";
    all(connection, ATTEMPTED, (sql, params![shard.0, register, key]), |row| {
        Column("record", "body").json(row, 0, || format!("{shard}/{register}/{key}"))
    })
}

/// Reads a case from the body in column `at`.
pub(super) fn read_case(row: &Row<'_>, at: usize, key: impl FnOnce() -> String) -> Stored<Case> {
    CASE_BODY.json(row, at, key)
}
