//! Rows of a register that match, and the indexes they are found over: one for each field that installed packs count by.

use super::case_query::Sql;
use super::row::{Column, Stored, all, failed};
use super::row_query::{bound, field, padded, text};
use ganglion_kernel::lookup::{MATCHING_MAX, Matching};
use ganglion_model::PlaceCode;
use ganglion_model::pack::{Model, Scope};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::fmt::Write as _;

/// What names of these indexes begin with.
const PREFIX: &str = "counted_";

/// Whether a name is one packs may give, and so may stand in SQL.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Keys of the rows that match; `None` when there are more than [`MATCHING_MAX`].
pub(super) fn keys(connection: &Connection, asked: &Matching) -> Stored<Option<Vec<String>>> {
    let mut sql = Sql::new("SELECT r.key FROM record r");
    // The register stands in the statement itself: only so the index of the register is found.
    let register = if is_plain(&asked.register) { asked.register.as_str() } else { "" };
    sql.and(&format!("r.register = '{register}' AND r.shard = ?"), [Value::Integer(i64::from(asked.shard.0))]);
    for (name, value) in asked.wanted() {
        let column = field(&name);
        let place = value.as_str().and_then(|code| code.parse::<PlaceCode>().ok()).filter(|_| name == "place");
        match place {
            Some(place) => {
                let (low, high) = place.range();
                let inside = format!("({column} = ? OR ({column} IS NULL AND r.place >= ? AND r.place < ?))");
                sql.and(&inside, [bound(&value), padded(low), padded(high)]);
            }
            None => sql.and(&format!("{column} = ?"), [bound(&value)]),
        }
    }
    let day = text(&asked.day.to_string());
    sql.and("r.valid_from <= ? AND (r.valid_to IS NULL OR r.valid_to > ?)", [day.clone(), day]);
    let _ = write!(sql.text, " ORDER BY r.key LIMIT {}", MATCHING_MAX + 1);
    let read = |row: &rusqlite::Row<'_>| Column("record", "key").get(row, 0);
    let found: Vec<String> = all(connection, "looking for rows", (&sql.text, params_from_iter(sql.values)), read)?;
    Ok((found.len() <= MATCHING_MAX).then_some(found))
}

/// Makes an index for each field that rows of a register kept by place are counted by, and drops those nobody needs.
pub(super) fn index(connection: &Connection, model: &Model) -> Stored<()> {
    const ATTEMPTED: &str = "making the indexes of counted rows";
    let by_place = |register: &str| model.registers.get(register).is_some_and(|one| one.scope != Scope::Deployment);
    let counted = model.counted_by();
    let counted = counted.iter().filter(|(register, name)| by_place(register) && is_plain(register) && is_plain(name));
    let wanted: Vec<(String, String)> = counted
        .map(|(register, name)| {
            let index = format!("{PREFIX}{register}_{name}");
            let column = if name == "place" { "place".to_owned() } else { field(name).replace("r.body", "body") };
            let sql =
                format!("CREATE INDEX IF NOT EXISTS {index} ON record (shard, {column}) WHERE register = '{register}'");
            (index, sql)
        })
        .collect();
    let named = format!("SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB '{PREFIX}*'");
    let read = |row: &rusqlite::Row<'_>| Column("sqlite_master", "name").get(row, 0);
    let there: Vec<String> = all(connection, ATTEMPTED, (&named, []), read)?;
    let gone = there.iter().filter(|index| is_plain(index) && !wanted.iter().any(|(one, _)| one == *index));
    let drops = gone.map(|index| format!("DROP INDEX {index}"));
    let all: Vec<String> = drops.chain(wanted.iter().map(|(_, sql)| sql.clone())).collect();
    all.iter().try_for_each(|sql| connection.execute_batch(sql).map_err(failed(ATTEMPTED)))
}
