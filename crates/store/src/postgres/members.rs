//! The latest row of each member: two seeks a member, however many rows it has.

use super::figures::{SHARDS, in_county};
use super::row::{Column, Stored, range, text};
use super::sql::{Args, all};
use deadpool_postgres::Object;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{FactFilter, MemberRead};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

const ATTEMPTED: &str = "reading the latest rows of a figure";
/// Most members behind one figure.
const MEMBERS_MAX: usize = 200_000;

/// The latest row of each member in the days of a filter, by member.
pub(super) async fn facts_latest(client: &Object, filter: &FactFilter) -> Stored<Vec<MemberRead>> {
    // Each member is found by a seek past the one before.
    let sql = format!(
        "{} , m (shard, member) AS (SELECT s.shard, (SELECT f.member FROM fact f WHERE f.shard = s.shard AND f.measure = $4 \
         AND f.member IS NOT NULL ORDER BY f.member LIMIT 1) FROM s UNION ALL SELECT m.shard, (SELECT f.member FROM fact f \
         WHERE f.shard = m.shard AND f.measure = $4 AND f.member IS NOT NULL AND f.member > m.member ORDER BY f.member \
         LIMIT 1) FROM m WHERE m.member IS NOT NULL) SELECT m.member, f.at, f.dim, f.value, f.case_id, m.shard, f.day FROM m CROSS JOIN LATERAL \
         (SELECT f.at, f.dim, f.value, f.case_id, f.day FROM fact f WHERE f.shard = m.shard AND f.measure = $4 AND f.member = m.member \
         AND f.day >= $6 AND f.day < $7 AND f.place >= $1 AND f.place < $2 AND ($5::text IS NULL OR f.dim = $5) \
         ORDER BY f.day DESC, f.at DESC, f.case_id DESC LIMIT 1) f WHERE m.member IS NOT NULL LIMIT $8",
        SHARDS.replacen("WITH s", "WITH RECURSIVE s", 1)
    );
    let ((low, high), (from, to)) = (range(filter.place), filter.days.unwrap_or((0, 1)));
    let most = i64::try_from(MEMBERS_MAX).unwrap_or(i64::MAX) + 1;
    let args: &Args<'_> = &[&low, &high, &in_county(filter), &text(&filter.measure), &filter.dim, &from, &to, &most];
    let found = all(client, ATTEMPTED, (&sql, args), |row| {
        let column = |name| Column("fact", name);
        Ok(MemberRead {
            member: column("member").get(row, 0)?,
            at: column("at").get(row, 1)?,
            dim: column("dim").get(row, 2)?,
            value: column("value").get(row, 3)?,
            row: column("case_id").case(row, 4)?,
            shard: column("shard").shard(row, 5)?,
            day: column("day").get(row, 6)?,
        })
    })
    .await?;
    if found.len() > MEMBERS_MAX {
        let reason = format!("more than {MEMBERS_MAX} members stand behind {}", filter.measure);
        return Err(StoreError::Database { attempted: ATTEMPTED, reason });
    }
    // A member may have rows in several counties.
    let mut latest: BTreeMap<String, MemberRead> = BTreeMap::new();
    for read in found {
        match latest.entry(read.member.clone()) {
            Entry::Occupied(mut known) if known.get().at < read.at => {
                known.insert(read);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => {
                free.insert(read);
            }
        }
    }
    Ok(latest.into_values().collect())
}
