//! What a batch needs, read from one snapshot in one round trip: rows and heads that belong together.

use super::cases::CASE_BODY;
use super::connect::PgStore;
use super::error::failed;
use super::row::{Column, Stored, shard, text};
use super::sql::{Around, Param, Pipeline, all, column, one, value};
use super::{matching, waiting};
use deadpool_postgres::Object;
use ganglion_kernel::lookup::{Beside, DAY_LENGTH, Matching};
use ganglion_kernel::merkle::Frontier;
use ganglion_kernel::port::{Head, Loaded, Want};
use ganglion_model::row::{Case, Record, RowKey};
use ganglion_model::{CaseId, CommandId, PostId, Proposal, Shard};
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio_postgres::Row;

const ATTEMPTED: &str = "loading a batch";
/// Rows that refer to a row: a refusal names the first and says how many.
const REFERERS_MAX: i64 = 20;
/// Nobody has to wait for a reader, and what it reads was so at one moment.
const SNAPSHOT: Around = Around::Transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

const HEADS: &str = "SELECT shard, seq, numbering, frontier FROM shard_head WHERE shard = ANY($1)";
pub(super) const ANSWERS: &str = "SELECT a.command, a.outcome FROM unnest($1::int4[], $2::uuid[]) w (shard, command) \
                       JOIN answer a ON a.shard = w.shard AND a.command = w.command";
pub(super) const CASES: &str = "SELECT c.body, c.id FROM unnest($1::int4[], $2::uuid[]) w (shard, id) \
                     JOIN case_row c ON c.shard = w.shard AND c.id = w.id";
pub(super) const NUMBERS: &str = "SELECT c.body, c.id FROM unnest($1::int4[], $2::text[]) w (shard, number) \
                       JOIN case_row c ON c.shard = w.shard AND c.number = w.number";
pub(super) const KEYS: &str = "SELECT k.case_id, k.wrapped FROM unnest($1::int4[], $2::uuid[]) w (shard, id) \
                    JOIN seal_key k ON k.shard = w.shard AND k.case_id = w.id";
pub(super) const UNIQUE: &str = "SELECT u.shard, u.field, u.value, u.number FROM unnest($1::int4[], $2::text[], $3::text[]) \
                      w (shard, field, value) JOIN unique_value u \
                      ON u.shard = w.shard AND u.field = w.field AND u.value = w.value";
pub(super) const SEQUENCES: &str = "SELECT n.shard, n.name, n.last FROM unnest($1::int4[], $2::text[]) w (shard, name) \
                         JOIN numbering n ON n.shard = w.shard AND n.name = w.name";
pub(super) const RECORDS: &str = "SELECT r.body::text, r.shard, r.register, r.key FROM (SELECT DISTINCT * FROM \
                       unnest($1::int4[], $2::text[], $3::text[]) w (shard, register, key)) w JOIN record r \
                       ON r.shard = w.shard AND r.register = w.register AND r.key = w.key \
                       ORDER BY r.shard, r.register, r.key, r.valid_from";
pub(super) const PROPOSALS: &str = "SELECT p.body FROM unnest($1::int4[], $2::uuid[]) w (shard, id) \
                         JOIN proposal p ON p.shard = w.shard AND p.id = w.id";
pub(super) const REFERERS: &str = "SELECT w.at, f.from_register, f.from_key FROM unnest($1::int4[], $2::text[], $3::text[]) \
                        WITH ORDINALITY w (shard, register, key, at) CROSS JOIN LATERAL (SELECT f.shard, f.from_register, \
                        f.from_key FROM row_reference f WHERE f.register = w.register AND f.key = w.key \
                        AND (w.shard = 0 OR f.shard = w.shard) AND EXISTS (SELECT 1 FROM record r WHERE r.shard = f.shard \
                        AND r.register = f.from_register AND r.key = f.from_key AND r.valid_to IS NULL) \
                        ORDER BY 1, 2, 3 LIMIT $4) f ORDER BY w.at, f.shard, f.from_register, f.from_key";

/// The key of a row's neighbour in its series: one step along the primary key, within the keys of the series; its versions with it.
macro_rules! neighbour {
    ($way:literal) => {
        concat!(
            "SELECT w.at, v.body::text, v.shard, v.register, v.key FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[], \
             $5::int4[]) WITH ORDINALITY w (shard, register, low, high, length, at) CROSS JOIN LATERAL (SELECT r.shard, \
             r.register, r.key FROM record r WHERE r.shard = w.shard AND r.register = w.register AND r.key > w.low \
             AND r.key < w.high AND r.valid_to IS NULL AND length(r.key) = w.length ORDER BY r.key ",
            $way,
            " LIMIT 1) n CROSS JOIN LATERAL (SELECT v.* FROM record v WHERE v.shard = n.shard AND v.register = n.register \
             AND v.key = n.key OFFSET 0) v ORDER BY w.at, v.valid_from"
        )
    };
}
pub(super) const AFTER: &str = neighbour!("ASC");
pub(super) const BEFORE: &str = neighbour!("DESC");

/// What each answer of the pipeline is about.
enum Part<'w> {
    Heads,
    Answers,
    Cases,
    Keys,
    Unique,
    Sequences,
    Loads(&'w [PostId]),
    Records,
    Proposals,
    Referers(&'w [RowKey]),
    Beside(Vec<&'w Beside>),
    Matching(&'w Matching),
}

/// A batch's questions, and what each is about.
#[derive(Default)]
struct Questions<'w> {
    pipeline: Pipeline<'w>,
    parts: Vec<Part<'w>>,
}

impl<'w> Questions<'w> {
    fn ask<R>(
        &mut self,
        part: Part<'w>,
        wanted: &'w [R],
        sql: &'w str,
        params: impl FnOnce(&'w [R]) -> Vec<Param<'w>>,
    ) {
        if !wanted.is_empty() {
            self.pipeline.push(sql, params(wanted));
            self.parts.push(part);
        }
    }
}

fn rows_of(keys: &[RowKey]) -> Vec<Param<'_>> {
    vec![column(keys, |one| shard(one.0)), column(keys, |one| text(&one.1)), column(keys, |one| text(&one.2))]
}

/// The spans of keys in which neighbours are looked for.
fn series_of<'w>(side: &[&'w Beside]) -> Vec<Param<'w>> {
    // The sign behind the slash that ends a group bounds its keys.
    let end = |one: &Beside| format!("{}0", one.group.trim_end_matches('/'));
    let length = |one: &Beside| i32::try_from(one.group.chars().count() + DAY_LENGTH).unwrap_or(i32::MAX);
    vec![
        column(side, |one| shard(one.shard)),
        column(side, |one| text(&one.register)),
        column(side, |one| text(if one.after { &one.key } else { &one.group })),
        column(side, |one| if one.after { end(one) } else { text(&one.key).into_owned() }),
        column(side, |one| length(one)),
    ]
}

fn questions(want: &Want) -> Questions<'_> {
    let mut all = Questions::default();
    all.ask(Part::Heads, &want.shards, HEADS, |w| vec![column(w, |one| shard(*one))]);
    all.ask(Part::Answers, &want.answers, ANSWERS, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]);
    all.ask(Part::Cases, &want.cases, CASES, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]);
    for queue in &want.queues {
        let (sql, params) = waiting::front_of(queue);
        all.pipeline.push(sql, params);
        all.parts.push(Part::Cases);
    }
    all.ask(Part::Cases, &want.numbers, NUMBERS, |w| {
        vec![column(w, |one| shard(one.0)), column(w, |one| text(&one.1))]
    });
    all.ask(Part::Keys, &want.keys, KEYS, |w| vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]);
    all.ask(Part::Unique, &want.unique, UNIQUE, |w| {
        vec![column(w, |one| shard(one.0)), column(w, |one| text(&one.1)), column(w, |one| text(&one.2))]
    });
    all.ask(Part::Sequences, &want.sequences, SEQUENCES, |w| {
        vec![column(w, |one| shard(one.0)), column(w, |one| text(&one.1))]
    });
    all.ask(Part::Loads(&want.loads), &want.loads, waiting::LOADS, |w| vec![column(w, |one| text(&one.0))]);
    all.ask(Part::Records, &want.records, RECORDS, rows_of);
    for (sql, after) in [(AFTER, true), (BEFORE, false)] {
        let side: Vec<&Beside> = want.beside.iter().filter(|one| one.after == after).collect();
        if !side.is_empty() {
            all.pipeline.push(sql, series_of(&side));
            all.parts.push(Part::Beside(side));
        }
    }
    for asked in &want.matching {
        let (sql, params) = matching::statement(asked);
        all.pipeline.push(sql, params);
        all.parts.push(Part::Matching(asked));
    }
    all.ask(Part::Proposals, &want.proposals, PROPOSALS, |w| {
        vec![column(w, |one| shard(one.0)), column(w, |one| one.1.0)]
    });
    all.ask(Part::Referers(&want.referers), &want.referers, REFERERS, |w| {
        let mut params = rows_of(w);
        params.push(value(REFERERS_MAX));
        params
    });
    all
}

/// Loads a batch.
pub(super) async fn load(store: &PgStore, want: &Want) -> Stored<Loaded> {
    // Of the writer's connections: a batch must not stand behind readers.
    let client = store.writer().await?;
    let questions = questions(want);
    let mut loaded =
        Loaded { heads: want.shards.iter().map(|one| (*one, Head::default())).collect(), ..Loaded::default() };
    if questions.pipeline.is_empty() {
        return Ok(loaded);
    }
    let around = if questions.parts.len() == 1 { Around::Nothing } else { SNAPSHOT };
    let answers = questions.pipeline.send(&client, around).await.map_err(failed(ATTEMPTED))?;
    let mut seen = HashSet::new();
    for (part, rows) in questions.parts.iter().zip(&answers) {
        take(&mut loaded, part, rows, &mut seen)?;
    }
    Ok(loaded)
}

fn take(loaded: &mut Loaded, part: &Part<'_>, rows: &[Row], seen: &mut HashSet<CaseId>) -> Stored<()> {
    match part {
        Part::Heads => rows.iter().try_for_each(|row| {
            let (shard, head) = read_head(row)?;
            loaded.heads.insert(shard, head);
            Ok(())
        }),
        Part::Answers => rows.iter().try_for_each(|row| {
            let command = CommandId(Column("answer", "command").get(row, 0)?);
            let outcome = Column("answer", "outcome").json(row, 1, || command.0.to_string())?;
            loaded.answers.push((command, outcome));
            Ok(())
        }),
        Part::Cases => rows.iter().try_for_each(|row| {
            let id = Column("case_row", "id").case(row, 1)?;
            if seen.insert(id) {
                loaded.cases.push(read_case(row, 0, || id.to_string())?);
            }
            Ok(())
        }),
        Part::Keys => rows.iter().try_for_each(|row| {
            let column = Column("seal_key", "wrapped");
            loaded.keys.push((column.case(row, 0)?, column.get(row, 1)?));
            Ok(())
        }),
        Part::Unique => rows.iter().try_for_each(|row| {
            let column = Column("unique_value", "number");
            let key = (column.shard(row, 0)?, column.get(row, 1)?, column.get(row, 2)?);
            loaded.unique.push((key, column.get(row, 3)?));
            Ok(())
        }),
        Part::Sequences => rows.iter().try_for_each(|row| {
            let column = Column("numbering", "last");
            loaded.sequences.push(((column.shard(row, 0)?, column.get(row, 1)?), column.count(row, 2)?));
            Ok(())
        }),
        Part::Loads(posts) => {
            loaded.loads = waiting::read_loads(posts, rows)?;
            Ok(())
        }
        Part::Records => rows.iter().try_for_each(|row| {
            loaded.records.push(read_record(row)?);
            Ok(())
        }),
        Part::Proposals => rows.iter().try_for_each(|row| {
            loaded.proposals.push(read_proposal(row)?);
            Ok(())
        }),
        Part::Beside(wanted) => {
            let mut found: HashMap<u64, Vec<Record>> = HashMap::new();
            for row in rows {
                found.entry(Column("record", "key").count(row, 0)?).or_default().push(read_record_at(row, 1)?);
            }
            for (at, asked) in (1..).zip(wanted) {
                let versions = found.remove(&at).unwrap_or_default();
                let key = versions.first().map(|one| one.key.clone());
                loaded.beside.push((Beside::clone(asked), key));
                loaded.records.extend(versions);
            }
            Ok(())
        }
        Part::Matching(asked) => matching::take(loaded, asked, rows),
        Part::Referers(wanted) => {
            loaded.referers = read_referers(wanted, rows)?;
            Ok(())
        }
    }
}

fn read_referers(wanted: &[RowKey], rows: &[Row]) -> Stored<Vec<(RowKey, Vec<String>)>> {
    let mut names: HashMap<u64, Vec<String>> = HashMap::new();
    for row in rows {
        let column = Column("row_reference", "from_key");
        let (register, key): (&str, &str) = (column.get(row, 1)?, column.get(row, 2)?);
        names.entry(column.count(row, 0)?).or_default().push(format!("{register}/{key}"));
    }
    Ok((1..).zip(wanted).map(|(at, row)| (row.clone(), names.remove(&at).unwrap_or_default())).collect())
}

/// Heads of shards, fresh ones where there is none.
pub(super) async fn heads(client: &Object, shards: &[Shard]) -> Stored<BTreeMap<Shard, Head>> {
    let mut heads: BTreeMap<Shard, Head> = shards.iter().map(|one| (*one, Head::default())).collect();
    let codes: Vec<i32> = shards.iter().map(|one| shard(*one)).collect();
    heads.extend(all(client, ATTEMPTED, (HEADS, &[&codes]), read_head).await?);
    Ok(heads)
}

/// Reads shard, seq, numbering and frontier.
pub(super) fn read_head(row: &Row) -> Stored<(Shard, Head)> {
    let shard = Column("shard_head", "shard").shard(row, 0)?;
    let frontier = Column("shard_head", "frontier");
    let bytes: &[u8] = frontier.get(row, 3)?;
    let head = Head {
        seq: Column("shard_head", "seq").count(row, 1)?,
        numbering: Column("shard_head", "numbering").json(row, 2, || shard.to_string())?,
        frontier: Frontier::from_bytes(bytes).ok_or_else(|| frontier.corrupt(shard, "no frontier of a tree"))?,
    };
    Ok((shard, head))
}

/// The wrapped key of a case.
pub(super) async fn key(client: &Object, of: Shard, case: CaseId) -> Stored<Option<String>> {
    let sql = "SELECT wrapped FROM seal_key WHERE shard = $1 AND case_id = $2";
    one(client, "reading a key", (sql, &[&shard(of), &case.0]), |row| Column("seal_key", "wrapped").get(row, 0)).await
}

/// Every version of a register row, in order of validity.
pub(super) async fn versions(client: &Object, (of, register, key): &RowKey) -> Stored<Vec<Record>> {
    let sql = "SELECT body::text, shard, register, key FROM record WHERE shard = $1 AND register = $2 AND key = $3 \
               ORDER BY valid_from";
    all(client, "reading a row", (sql, &[&shard(*of), &text(register), &text(key)]), read_record).await
}

/// Reads a case from the body in column `at`.
pub(super) fn read_case(row: &Row, at: usize, key: impl FnOnce() -> String) -> Stored<Case> {
    CASE_BODY.json(row, at, key)
}

/// Reads a register row from its body, with shard, register and key behind it for messages.
pub(super) fn read_record(row: &Row) -> Stored<Record> {
    read_record_at(row, 0)
}

fn read_record_at(row: &Row, at: usize) -> Stored<Record> {
    Column("record", "body").json(row, at, || {
        let (shard, register, key): (i32, &str, &str) = (row.get(at + 1), row.get(at + 2), row.get(at + 3));
        format!("{shard}/{register}/{key}")
    })
}

/// Reads a proposal.
pub(super) fn read_proposal(row: &Row) -> Stored<Proposal> {
    Column("proposal", "body").json(row, 0, || "?".to_owned())
}
