//! The index of words that cases are searched by: kept in the transaction of the case, asked with the tokens of
//! `ganglion_kernel::words`. It keeps no text; a hash says whether a case has other words than before.

use super::case_query::Sql;
use super::row::{Column, Stored, all, failed, one, run};
use ganglion_kernel::port::CaseFilter;
use ganglion_kernel::port_search::WordsMade;
use ganglion_kernel::words::{Term, terms, tokens};
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Shard};
use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior, params};

const ATTEMPTED: &str = "searching words";
/// Up to so many cases with the words, a list is made of them; where more have them, the list's own order is walked, and each
/// case looked up, until the page is full.
pub(super) const FEW: u32 = 4_000;

/// FNV-1a: the same on every machine, which the standard library's hash need not be.
pub(super) fn hash(text: &str) -> i64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    i64::from_ne_bytes(hash.to_ne_bytes())
}

/// Puts the words of a case, if they are not those it has.
pub(super) fn put(connection: &Connection, (shard, id): (Shard, CaseId), words: &str) -> Stored<()> {
    let new = hash(words);
    let sql = "SELECT doc, hash FROM case_doc WHERE shard = ? AND id = ?";
    let column = |name| Column("case_doc", name);
    let found = one(connection, ATTEMPTED, (sql, params![shard.0, id.0.as_bytes()]), |row| {
        Ok((column("doc").get::<i64>(row, 0)?, column("hash").get::<i64>(row, 1)?))
    })?;
    match found {
        Some((_, old)) if old == new => {}
        Some((doc, _)) => {
            run(connection, ATTEMPTED, "UPDATE case_doc SET hash = ? WHERE doc = ?", params![new, doc])?;
            run(connection, ATTEMPTED, "DELETE FROM case_words WHERE rowid = ?", params![doc])?;
            insert(connection, doc, words)?;
        }
        None => {
            let sql = "INSERT INTO case_doc (shard, id, hash) VALUES (?, ?, ?)";
            run(connection, ATTEMPTED, sql, params![shard.0, id.0.as_bytes(), new])?;
            insert(connection, connection.last_insert_rowid(), words)?;
        }
    }
    Ok(())
}

fn insert(connection: &Connection, doc: i64, words: &str) -> Stored<()> {
    let sql = "INSERT INTO case_words (rowid, words) VALUES (?, ?)";
    run(connection, ATTEMPTED, sql, params![doc, tokens(words)]).map(drop)
}

/// Puts the words of several cases at once.
pub(super) fn put_all(connection: &mut Connection, words: &[(Shard, CaseId, String)]) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    for (shard, id, words) in words {
        put(&transaction, (*shard, *id), words)?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))
}

/// Cases without words, up to `limit`.
pub(super) fn missing(connection: &Connection, limit: u32) -> Stored<Vec<Case>> {
    let body = super::packed::case_text_of("c");
    let sql = format!(
        "SELECT {body} FROM case_row c LEFT JOIN case_doc d ON d.shard = c.shard AND d.id = c.id WHERE d.doc IS NULL LIMIT ?"
    );
    all(connection, ATTEMPTED, (&sql, params![limit]), |row| super::load::read_case(row, 0, || "a case".to_owned()))
}

/// Writes the words of a page of cases anew, whatever stands in the index.
pub(super) fn again(
    connection: &mut Connection,
    after: Option<(Shard, CaseId)>,
    limit: u32,
    words: &(dyn for<'c> Fn(&'c Case) -> String + Sync),
) -> Stored<WordsMade<(Shard, CaseId)>> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let body = super::packed::CASE_TEXT;
    let sql = format!("SELECT {body} FROM case_row WHERE (shard, id) > (?, ?) ORDER BY shard, id LIMIT ?");
    let from = after.map_or((-1, Vec::new()), |(shard, id)| (i64::from(shard.0), id.0.as_bytes().to_vec()));
    let cases: Vec<Case> = all(&transaction, ATTEMPTED, (&sql, params![from.0, from.1, limit]), |row| {
        super::load::read_case(row, 0, || "a case".to_owned())
    })?;
    for case in &cases {
        // As if it had other words before, so that they are written whatever they are.
        let said = words(case);
        let sql = "UPDATE case_doc SET hash = ? WHERE shard = ? AND id = ?";
        run(&transaction, ATTEMPTED, sql, params![!hash(&said), case.shard.0, case.id.0.as_bytes()])?;
        put(&transaction, (case.shard, case.id), &said)?;
    }
    transaction.commit().map_err(failed(ATTEMPTED))?;
    let last = cases.last().map(|case| (case.shard, case.id));
    Ok(WordsMade { count: u32::try_from(cases.len()).unwrap_or(limit), last })
}

/// What is asked of the index; `None`: nothing that could be found.
pub(super) fn asked(typed: &str) -> Option<String> {
    let quoted = |term: Term| match term {
        Term::Phrase(pairs) => format!("\"{}\"", pairs.join(" ")),
        Term::Beginning(start) => format!("\"{start}\" *"),
    };
    Some(terms(typed)?.into_iter().map(quoted).collect::<Vec<_>>().join(" AND "))
}

/// How a list finds the words it is narrowed to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Search {
    /// It is not narrowed to words.
    None,
    /// By nothing that could be found.
    Nothing,
    /// From the index: few cases have the words.
    Few(String),
    /// Each case is looked up in the index: many have them.
    Many(String),
}

impl Search {
    /// Looks how many cases have the words of a filter.
    pub(super) fn of(connection: &Connection, filter: &CaseFilter) -> Stored<Search> {
        let Some(typed) = &filter.words else { return Ok(Search::None) };
        let Some(asked) = asked(typed) else { return Ok(Search::Nothing) };
        let sql = "SELECT count(*) FROM (SELECT 1 FROM case_words WHERE case_words MATCH ? LIMIT ?)";
        let count = one(connection, ATTEMPTED, (sql, params![asked, FEW + 1]), |row| {
            Column("case_words", "count").get::<u32>(row, 0)
        })?;
        Ok(if count.unwrap_or(0) > FEW { Search::Many(asked) } else { Search::Few(asked) })
    }

    /// The tables of a list that begins at the index; none when it begins elsewhere.
    pub(super) fn from(&self) -> Option<&'static str> {
        matches!(self, Search::Few(_)).then_some(
            "case_words w CROSS JOIN case_doc d ON d.doc = w.rowid CROSS JOIN case_row c ON c.shard = d.shard AND c.id = d.id",
        )
    }

    /// The condition on the words.
    pub(super) fn narrow(&self, sql: &mut Sql) {
        match self {
            Search::None => {}
            Search::Nothing => sql.and("0", []),
            Search::Few(asked) => sql.and("w.case_words MATCH ?", [Value::Text(asked.clone())]),
            Search::Many(asked) => sql.and(
                "EXISTS (SELECT 1 FROM case_doc d CROSS JOIN case_words w ON w.rowid = d.doc \
                 WHERE d.shard = c.shard AND d.id = c.id AND w.case_words MATCH ?)",
                [Value::Text(asked.clone())],
            ),
        }
    }
}
