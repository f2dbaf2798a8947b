//! A batch, written as one transaction over all its shards: all of it, or nothing.

use super::packed::{AsStored, Packing};
use super::row::Column;
use super::row::{Stored, case_key, failed, json, one, run, statement};
use super::{rows, rules};
use ganglion_indicators::{CellKey, Cells, Fact, FactChange};
use ganglion_kernel::StoreError;
use ganglion_kernel::port::{After, CaseOrder, CaseWrite, Line, ShardWrite, Timer};
use ganglion_kernel::port_rows::words_of;
use ganglion_model::row::{Case, Record};
use ganglion_model::{CaseId, Issued, Level, PlaceCode, Shard};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params};

const ATTEMPTED: &str = "writing a batch";

/// Writes a batch: durable when it returns.
pub(super) fn write(connection: &mut Connection, packing: &Packing, batch: &[ShardWrite]) -> Stored<()> {
    if batch.iter().any(|write| !write.keys_gone.is_empty()) {
        super::seal::overwrite(connection)?;
    }
    packing.writing(connection, batch);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    if let Some(packs) = batch.iter().map(|write| write.packs).find(|packs| *packs > 0) {
        super::packs::check(&transaction, packs)?;
    }
    for write in batch {
        write_shard(&transaction, packing, write)?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))?;
    packing.wrote(connection, batch.iter().map(|write| write.lines.len() as u64).sum());
    Ok(())
}

pub(super) fn write_shard(connection: &Connection, packing: &Packing, write: &ShardWrite) -> Stored<()> {
    let shard = write.shard;
    move_head(connection, write)?;
    for (name, last) in &write.sequences {
        let sql = "INSERT OR REPLACE INTO numbering (shard, name, last) VALUES (?, ?, ?)";
        run(connection, ATTEMPTED, sql, params![shard.0, name, last])?;
    }
    for line in &write.lines {
        append(connection, packing, (shard, line))?;
    }
    for case in &write.cases {
        put_case(connection, packing, case)?;
    }
    for record in &write.records {
        put_record(connection, record)?;
    }
    rows::write(connection, write)?;
    rules::write(connection, write)?;
    timers(connection, write)?;
    super::waiting::write(connection, write)?;
    super::notices::write(connection, write)?;
    for change in &write.facts {
        put_fact(connection, shard, change)?;
    }
    add_cells(connection, &write.cells)?;
    let mut answer =
        statement(connection, ATTEMPTED, "INSERT INTO answer (shard, command, at, outcome) VALUES (?, ?, ?, ?)")?;
    for (command, outcome, at) in &write.answers {
        let outcome = json(ATTEMPTED, outcome)?;
        let values = params![shard.0, command.0.as_bytes(), at.as_microsecond(), outcome];
        answer.execute(values).map_err(failed(ATTEMPTED))?;
    }
    drop(answer);
    for (field, value) in &write.unique_gone {
        let sql = "DELETE FROM unique_value WHERE shard = ? AND field = ? AND value = ?";
        run(connection, ATTEMPTED, sql, params![shard.0, field, value])?;
    }
    for (field, value, number) in &write.unique {
        let sql = "INSERT INTO unique_value (shard, field, value, number) VALUES (?, ?, ?, ?)";
        run(connection, ATTEMPTED, sql, params![shard.0, field, value, number])?;
    }
    super::seal::destroy(connection, shard, &write.keys_gone)?;
    for (case, wrapped) in &write.keys {
        let sql = "INSERT INTO seal_key (shard, case_id, wrapped) VALUES (?, ?, ?)";
        run(connection, ATTEMPTED, sql, params![shard.0, case.0.as_bytes(), wrapped])?;
    }
    super::lookup::write(connection, write)?;
    // The indexes of words last: every statement that may have to be taken back alone makes them write what they hold.
    super::row_words::write(connection, write)?;
    super::words::write(connection, &write.cases)
}

/// Moves the head on, if it stands where it was loaded.
fn move_head(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    let (shard, head) = (write.shard, &write.head);
    let numbering = json(ATTEMPTED, &head.numbering)?;
    let frontier = head.frontier.to_bytes();
    let sql = "UPDATE shard_head SET seq = ?, numbering = ?, frontier = ? WHERE shard = ? AND seq = ?";
    let mut moved =
        run(connection, ATTEMPTED, sql, params![head.seq, numbering, frontier, shard.0, write.expected_seq])?;
    if moved == 0 && write.expected_seq == 0 {
        let sql = "INSERT INTO shard_head (shard, seq, numbering, frontier) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        moved = run(connection, ATTEMPTED, sql, params![shard.0, head.seq, numbering, frontier])?;
    }
    if moved == 1 { Ok(()) } else { Err(StoreError::Moved(shard)) }
}

fn append(connection: &Connection, packing: &Packing, (shard, line): (Shard, &Line)) -> Stored<()> {
    let sql =
        "INSERT INTO journal (shard, seq, at, case_id, command, leaf, entry, packed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let entry = &line.entry;
    let case = line.case.as_ref().map(|case| case.0.as_bytes().as_slice());
    let at = entry.at.as_microsecond();
    let AsStored { text, packed } = packing.line(shard, line);
    run(
        connection,
        ATTEMPTED,
        sql,
        params![shard.0, entry.seq, at, case, entry.command.0.as_bytes(), line.hash, text, packed],
    )?;
    Ok(())
}

/// The columns of a case that are compared before an update, so that an index is touched only where its column changed.
struct Columns {
    /// Place, opener, point and the like: they hardly ever change.
    fixed: (u64, String, String, i64, Option<String>, Option<f64>, Option<f64>),
    /// Open, due, assignee.
    sorted: (bool, i64, Option<String>),
    /// Assisting posts, joined by line breaks.
    assist: Option<String>,
}

impl Columns {
    fn of(case: &Case) -> Columns {
        let assist = case.assist.iter().map(|post| post.0.as_str()).collect::<Vec<_>>().join("\n");
        Columns {
            fixed: (
                case.place.padded(),
                case.process.clone(),
                case.number.clone(),
                case.opened_at.as_microsecond(),
                case.opened_by.as_ref().map(|post| post.0.clone()),
                case.point.map(|point| point[0]),
                case.point.map(|point| point[1]),
            ),
            sorted: (
                case.closed_at.is_none(),
                After::of(case, CaseOrder::Due).at,
                case.assignee.as_ref().map(|post| post.0.clone()),
            ),
            assist: Some(assist).filter(|assist| !assist.is_empty()),
        }
    }
}

fn put_case(connection: &Connection, packing: &Packing, write: &CaseWrite) -> Stored<()> {
    let columns = Columns::of(&write.case);
    let text = json(ATTEMPTED, &write.case)?;
    let body = packing.case(&write.case, &text);
    let before = if write.is_new {
        insert_case(connection, write, &columns, &body)?;
        None
    } else {
        update_case(connection, write, &columns, &body)?
    };
    if before != columns.assist {
        put_assist(connection, &write.case)?;
    }
    put_codes(connection, (write.case.shard, write.case.id), &write.case.documents)
}

fn insert_case(connection: &Connection, write: &CaseWrite, columns: &Columns, body: &AsStored<'_>) -> Stored<()> {
    let case = &write.case;
    let (place, process, number, opened_at, opened_by, lon, lat) = &columns.fixed;
    let (is_open, due, assignee) = &columns.sorted;
    let sql = "INSERT INTO case_row (shard, id, process, number, state, kind, place, township, level, is_open, due, \
               opened_at, updated_at, closed_at, assignee, assist, opened_by, lon, lat, version, body, packed) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    run(
        connection,
        ATTEMPTED,
        sql,
        params![
            case.shard.0,
            case.id.0.as_bytes(),
            process,
            number,
            case.state,
            write.kind,
            place,
            township(case),
            case.level.digits(),
            is_open,
            due,
            opened_at,
            case.updated_at.as_microsecond(),
            case.closed_at.map(Timestamp::as_microsecond),
            assignee,
            columns.assist,
            opened_by,
            lon,
            lat,
            case.version,
            body.text,
            body.packed
        ],
    )?;
    Ok(())
}

fn township(case: &Case) -> Option<u64> {
    case.place.at(Level::Township).map(PlaceCode::padded)
}

/// Updates a row; gives its assisting posts before.
fn update_case(
    connection: &Connection,
    write: &CaseWrite,
    columns: &Columns,
    body: &AsStored<'_>,
) -> Stored<Option<String>> {
    let case = &write.case;
    let sql = "SELECT rowid, place, process, number, opened_at, opened_by, lon, lat, is_open, due, assignee, assist \
               FROM case_row WHERE shard = ? AND id = ?";
    let found = one(connection, ATTEMPTED, (sql, params![case.shard.0, case.id.0.as_bytes()]), |row| {
        read_columns(row).map_err(|error| Column("case_row", "*").corrupt(case_key(case.shard, case.id), error))
    })?;
    let Some((row, before)) = found else {
        let reason = format!("case {} is not there", case_key(case.shard, case.id));
        return Err(StoreError::Database { attempted: ATTEMPTED, reason });
    };
    let step = "UPDATE case_row SET state = ?, kind = ?, level = ?, updated_at = ?, closed_at = ?, assist = ?, \
                version = ?, body = ?, packed = ? WHERE rowid = ?";
    run(
        connection,
        ATTEMPTED,
        step,
        params![
            case.state,
            write.kind,
            case.level.digits(),
            case.updated_at.as_microsecond(),
            case.closed_at.map(Timestamp::as_microsecond),
            columns.assist,
            case.version,
            body.text,
            body.packed,
            row
        ],
    )?;
    if before.sorted != columns.sorted {
        let (is_open, due, assignee) = &columns.sorted;
        let sql = "UPDATE case_row SET is_open = ?, due = ?, assignee = ? WHERE rowid = ?";
        run(connection, ATTEMPTED, sql, params![is_open, due, assignee, row])?;
    }
    if before.fixed != columns.fixed {
        let (place, process, number, opened_at, opened_by, lon, lat) = &columns.fixed;
        let sql = "UPDATE case_row SET place = ?, township = ?, process = ?, number = ?, opened_at = ?, \
                   opened_by = ?, lon = ?, lat = ? WHERE rowid = ?";
        let township = township(case);
        let values = params![place, township, process, number, opened_at, opened_by, lon, lat, row];
        run(connection, ATTEMPTED, sql, values)?;
    }
    Ok(before.assist)
}

fn read_columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, Columns)> {
    let columns = Columns {
        fixed: (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?),
        sorted: (row.get(8)?, row.get(9)?, row.get(10)?),
        assist: row.get(11)?,
    };
    Ok((row.get(0)?, columns))
}

fn put_assist(connection: &Connection, case: &Case) -> Stored<()> {
    let sql = "DELETE FROM case_assist WHERE shard = ? AND id = ?";
    run(connection, ATTEMPTED, sql, params![case.shard.0, case.id.0.as_bytes()])?;
    for post in &case.assist {
        let sql = "INSERT OR IGNORE INTO case_assist (shard, id, post) VALUES (?, ?, ?)";
        run(connection, ATTEMPTED, sql, params![case.shard.0, case.id.0.as_bytes(), post.0])?;
    }
    Ok(())
}

/// Codes of documents lead to their case or row; one that is known stays as it is.
fn put_codes(connection: &Connection, (shard, id): (Shard, CaseId), documents: &[Issued]) -> Stored<()> {
    for issued in documents {
        let sql = "INSERT OR IGNORE INTO document (code, shard, case_id) VALUES (?, ?, ?)";
        run(connection, ATTEMPTED, sql, params![issued.code, shard.0, id.0.as_bytes()])?;
    }
    Ok(())
}

fn put_record(connection: &Connection, record: &Record) -> Stored<()> {
    put_codes(connection, (record.shard, record.id()), &record.documents)?;
    let sql = "INSERT OR REPLACE INTO record (shard, register, key, valid_from, valid_to, version, place, updated_at, \
               words, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    run(
        connection,
        ATTEMPTED,
        sql,
        params![
            record.shard.0,
            record.register,
            record.key,
            record.valid_from.map(|day| day.to_string()).unwrap_or_default(),
            record.valid_to.map(|day| day.to_string()),
            record.version,
            record.place.map(PlaceCode::padded),
            record.updated_at.as_microsecond(),
            words_of(record),
            json(ATTEMPTED, record)?
        ],
    )?;
    Ok(())
}

fn timers(connection: &Connection, write: &ShardWrite) -> Stored<()> {
    let each = |sql: &str, timer: &Timer| {
        let at = timer.at.as_microsecond();
        run(connection, ATTEMPTED, sql, params![timer.shard.0, at, timer.case.0.as_bytes(), timer.clock])
    };
    for timer in &write.timers_gone {
        each("DELETE FROM timer WHERE shard = ? AND at = ? AND case_id = ? AND clock = ?", timer)?;
    }
    for timer in &write.timers_new {
        each("INSERT OR IGNORE INTO timer (shard, at, case_id, clock) VALUES (?, ?, ?, ?)", timer)?;
    }
    Ok(())
}

const PUT_FACT: &str = "INSERT OR REPLACE INTO fact (shard, measure, day, place, case_id, dim, value, until, member, at) \
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn put_one(put: &mut CachedStatement<'_>, shard: Shard, case: CaseId, fact: &Fact) -> Stored<()> {
    let Fact { measure, day, until, place, dim, member, at, value } = fact;
    let (place, case) = (place.padded(), case.0.as_bytes());
    put.execute(params![shard.0, measure, day, place, case, dim, value, until, member, at])
        .map_err(failed(ATTEMPTED))?;
    Ok(())
}

pub(super) fn put_fact(connection: &Connection, shard: Shard, change: &FactChange) -> Stored<()> {
    fn key(fact: &Fact) -> (&str, i32, PlaceCode) {
        (&fact.measure, fact.day, fact.place)
    }
    if let Some(before) = change.before.as_ref().filter(|before| Some(key(before)) != change.after.as_ref().map(key)) {
        let sql = "DELETE FROM fact WHERE shard = ? AND measure = ? AND day = ? AND place = ? AND case_id = ?";
        let (place, case) = (before.place.padded(), change.case.0.as_bytes());
        run(connection, ATTEMPTED, sql, params![shard.0, before.measure, before.day, place, case])?;
    }
    match &change.after {
        Some(after) => put_one(&mut statement(connection, ATTEMPTED, PUT_FACT)?, shard, change.case, after),
        None => Ok(()),
    }
}

/// Forgets the facts and counters of a shard.
pub(super) fn figures_clear(connection: &mut Connection, shard: Shard) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    run(&transaction, ATTEMPTED, "DELETE FROM fact WHERE shard = ?", params![shard.0])?;
    run(&transaction, ATTEMPTED, "DELETE FROM tally WHERE shard = ?", params![shard.0])?;
    transaction.commit().map_err(failed(ATTEMPTED))
}

/// Adds facts and counters of a shard.
pub(super) fn figures_add(
    connection: &mut Connection,
    shard: Shard,
    facts: &[(CaseId, Fact)],
    cells: &Cells,
) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let mut facts: Vec<&(CaseId, Fact)> = facts.iter().collect();
    // In key order, so that neighbours on a page are written together.
    facts.sort_unstable_by(|(a, one), (b, other)| {
        (&one.measure, one.day, one.place, a).cmp(&(&other.measure, other.day, other.place, b))
    });
    let mut put = statement(&transaction, ATTEMPTED, PUT_FACT)?;
    for (case, fact) in facts {
        put_one(&mut put, shard, *case, fact)?;
    }
    drop(put);
    add_cells(&transaction, cells)?;
    transaction.commit().map_err(failed(ATTEMPTED))
}

/// Adds the deltas, in key order so that neighbours on a page are written together; a counter that came to nothing goes.
pub(super) fn add_cells(connection: &Connection, cells: &Cells) -> Stored<()> {
    let mut cells: Vec<(&CellKey, &(i64, i64))> = cells.iter().collect();
    cells.sort_unstable_by(|a, b| a.0.cmp(b.0));
    // A dozen counters a step: looking the statement up for each would cost a fifth of adding it.
    let sql = "INSERT INTO tally (shard, measure, place, period, dim, rows, sum) VALUES (?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT DO UPDATE SET rows = rows + excluded.rows, sum = sum + excluded.sum";
    let mut add = statement(connection, ATTEMPTED, sql)?;
    for (key, (rows, sum)) in cells {
        let (place, period) = (key.place.padded(), key.period.code());
        add.execute(params![key.shard.0, key.measure, place, period, key.dim, rows, sum]).map_err(failed(ATTEMPTED))?;
        if *rows <= 0 {
            let sql = "DELETE FROM tally WHERE shard = ? AND measure = ? AND place = ? AND period = ? AND dim = ? \
                       AND rows = 0 AND sum = 0";
            run(connection, ATTEMPTED, sql, params![key.shard.0, key.measure, place, period, key.dim])?;
        }
    }
    Ok(())
}
