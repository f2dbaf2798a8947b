//! Rows of a register that match, and the indexes they are found over: one for each field that installed packs count by.

use super::error::failed;
use super::load::read_record;
use super::row::{Column, Stored, range, shard};
use super::row_query::{field, is_plain, jsonb_text};
use super::sql::{Param, all, value};
use super::words::hash;
use deadpool_postgres::Object;
use ganglion_kernel::lookup::{MATCHING_MAX, Matching};
use ganglion_kernel::port::Loaded;
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Model, Scope};
use tokio_postgres::Row;

/// What names of these indexes begin with.
const PREFIX: &str = "counted_";

/// What an index has of a field: an index takes no long texts.
fn hashed(column: &str) -> String {
    format!("jsonb_hash_extended({column}, 0)")
}

/// The statement that finds the rows, with their versions unless there are more than [`MATCHING_MAX`]. Names stand in the text, so
/// that the index over a field of a register can serve it.
pub(super) fn statement(asked: &Matching) -> (String, Vec<Param<'_>>) {
    let register = if is_plain(&asked.register) { asked.register.as_str() } else { "" };
    let mut params: Vec<Param<'_>> = vec![value(shard(asked.shard)), value(asked.day.to_string())];
    let held = format!(
        "SELECT r.key FROM record r WHERE r.shard = $1::int4 AND r.register = '{register}' AND r.valid_from <= $2::text \
         AND (r.valid_to IS NULL OR r.valid_to > $2::text)"
    );
    let (mut rest, mut places) = (String::new(), Vec::new());
    for (name, wanted) in asked.wanted() {
        let column = field(&name);
        params.push(value(jsonb_text(&wanted)));
        let is = format!("${}::text::jsonb", params.len());
        let same = format!(" AND {} = {} AND {column} = {is}", hashed(&column), hashed(&is));
        let place = wanted.as_str().and_then(|code| code.parse::<PlaceCode>().ok()).filter(|_| name == "place");
        let Some((low, high)) = place.map(range) else {
            rest.push_str(&same);
            continue;
        };
        params.extend([value(low), value(high)]);
        let (low, high) = (params.len() - 1, params.len());
        places = vec![same, format!(" AND {column} IS NULL AND r.place >= ${low}::int8 AND r.place < ${high}::int8")];
    }
    // Where a row is kept counts unless it has a field of that name: each of the two is found over its own index.
    let arms: Vec<String> = match places.is_empty() {
        true => vec![format!("{held}{rest}")],
        false => places.iter().map(|place| format!("{held}{place}{rest}")).collect(),
    };
    let sql = format!(
        "WITH n AS MATERIALIZED (SELECT * FROM ({}) k LIMIT {}) SELECT v.body::text, v.shard, v.register, n.key FROM n \
         LEFT JOIN LATERAL (SELECT * FROM record v WHERE v.shard = $1 AND v.register = '{register}' AND v.key = n.key \
         OFFSET 0) v ON (SELECT count(*) FROM n) <= {MATCHING_MAX} ORDER BY n.key, v.valid_from",
        arms.join(" UNION ALL "),
        MATCHING_MAX + 1
    );
    (sql, params)
}

/// Takes what the statement found.
pub(super) fn take(loaded: &mut Loaded, asked: &Matching, rows: &[Row]) -> Stored<()> {
    let column = Column("record", "key");
    let mut keys: Vec<String> = rows.iter().map(|row| column.get(row, 3)).collect::<Stored<_>>()?;
    keys.dedup();
    if keys.len() > MATCHING_MAX {
        loaded.matching.push((asked.clone(), None));
        return Ok(());
    }
    for row in rows {
        loaded.records.push(read_record(row)?);
    }
    loaded.matching.push((asked.clone(), Some(keys)));
    Ok(())
}

/// Name and statement of the index over a field of a register.
pub(super) fn index_of(register: &str, name: &str) -> (String, String) {
    let column = field(name).replace("r.body", "body");
    let on = format!("record (shard, {}) WHERE register = '{register}' AND {column} IS NOT NULL", hashed(&column));
    // Names of fields are longer than names of indexes may be.
    let index = format!("{PREFIX}{:016x}", hash(&on));
    let sql = format!("CREATE INDEX IF NOT EXISTS {index} ON {on}");
    (index, sql)
}

/// An index for each field that rows of a register kept by place are counted by.
pub(super) fn indexes(model: &Model) -> Vec<(String, String)> {
    let by_place = |register: &str| model.registers.get(register).is_some_and(|one| one.scope != Scope::Deployment);
    let counted = model.counted_by();
    let counted = counted.iter().filter(|(register, name)| by_place(register) && is_plain(register) && is_plain(name));
    counted.map(|(register, name)| index_of(register, name)).collect()
}

/// Makes the indexes that are wanted and drops those nobody needs.
pub(super) async fn make(client: &Object, wanted: &[(String, String)]) -> Stored<()> {
    const ATTEMPTED: &str = "making the indexes of counted rows";
    let sql = "SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'record' \
               AND starts_with(indexname::text, $1)";
    let read = |row: &Row| Column("pg_indexes", "indexname").get::<String>(row, 0);
    let there = all(client, ATTEMPTED, (sql, &[&PREFIX]), read).await?;
    let gone = there.iter().filter(|index| is_plain(index) && !wanted.iter().any(|(one, _)| one == *index));
    let drops: Vec<String> = gone.map(|index| format!("DROP INDEX {index}")).collect();
    for sql in drops.iter().chain(wanted.iter().map(|(_, sql)| sql)) {
        client.batch_execute(sql).await.map_err(failed(ATTEMPTED))?;
    }
    Ok(())
}
