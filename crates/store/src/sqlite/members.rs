//! The latest row of each member: two seeks a member, however many rows it has.

use super::figures::shards;
use super::row::{Column, Stored, all, one};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{FactFilter, MemberRead};
use ganglion_model::{CaseId, Shard};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

const ATTEMPTED: &str = "reading the latest rows of a figure";
/// Most members behind one figure.
const MEMBERS_MAX: usize = 200_000;
/// Members read at a time.
const PAGE: i64 = 1000;

/// The latest row of each member in the days of a filter, by member.
pub(super) fn facts_latest(connection: &Connection, filter: &FactFilter) -> Stored<Vec<MemberRead>> {
    let mut latest: BTreeMap<String, MemberRead> = BTreeMap::new();
    for shard in shards(connection, filter)? {
        let mut after = String::new();
        loop {
            let members = members_after(connection, (shard, &filter.measure), &after)?;
            let Some(last) = members.last() else { break };
            after.clone_from(last);
            for member in members {
                let Some(read) = latest_of(connection, filter, (shard, &member))? else { continue };
                match latest.entry(member) {
                    Entry::Occupied(mut known) if known.get().at < read.at => {
                        known.insert(read);
                    }
                    Entry::Occupied(_) => {}
                    Entry::Vacant(free) => {
                        free.insert(read);
                    }
                }
            }
            if latest.len() > MEMBERS_MAX {
                let reason = format!("more than {MEMBERS_MAX} members stand behind {}", filter.measure);
                return Err(StoreError::Database { attempted: ATTEMPTED, reason });
            }
        }
    }
    Ok(latest.into_values().collect())
}

/// The next members of a measure, each found by a seek past the one before.
fn members_after(connection: &Connection, (shard, measure): (Shard, &str), after: &str) -> Stored<Vec<String>> {
    let sql = "WITH RECURSIVE m (member) AS (SELECT (SELECT min(member) FROM fact WHERE shard = ?1 AND measure = ?2 AND \
               member > ?3) UNION ALL SELECT (SELECT min(f.member) FROM fact f WHERE f.shard = ?1 AND f.measure = ?2 AND \
               f.member > m.member) FROM m WHERE m.member IS NOT NULL LIMIT ?4) SELECT member FROM m WHERE member IS NOT \
               NULL";
    all(connection, ATTEMPTED, (sql, params![shard.0, measure, after, PAGE]), |row| {
        Column("fact", "member").get(row, 0)
    })
}

fn latest_of(
    connection: &Connection,
    filter: &FactFilter,
    (shard, member): (Shard, &str),
) -> Stored<Option<MemberRead>> {
    let (from, to) = filter.days.unwrap_or((0, 1));
    let (low, high) = filter.place.range();
    let sql = "SELECT at, dim, value, case_id, day FROM fact WHERE shard = ?1 AND measure = ?2 AND member = ?3 AND day >= ?4 AND \
               day < ?5 AND place >= ?6 AND place < ?7 AND (?8 IS NULL OR dim = ?8) ORDER BY day DESC, at DESC, case_id DESC LIMIT 1";
    let params = params![shard.0, filter.measure, member, from, to, low, high, filter.dim];
    one(connection, ATTEMPTED, (sql, params), |row: &Row<'_>| {
        Ok(MemberRead {
            member: member.to_owned(),
            row: CaseId(Column("fact", "case_id").id(row, 3)?),
            shard,
            day: Column("fact", "day").get(row, 4)?,
            at: Column("fact", "at").get(row, 0)?,
            dim: Column("fact", "dim").get(row, 1)?,
            value: Column("fact", "value").get(row, 2)?,
        })
    })
}
