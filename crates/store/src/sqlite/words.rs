//! The index of words that cases are searched by: kept in the transaction of the case, asked with what `ganglion_kernel::indexed`
//! says. It keeps no text; a hash says whether a case has other words than before.
//!
//! Words are written in the order of their numbers in the index: FTS5 gathers what comes in that order and writes it once, and
//! would write it out before every number that is smaller than the last.

use super::case_query::Sql;
use super::cases::case_by_id;
use super::connect::SqliteStore;
use super::points::{self, Few};
use super::rare::Rare;
use super::row::{Column, Stored, all, failed, one, run};
use ganglion_kernel::indexed::{self, hash, kept, marks};
use ganglion_kernel::port::{CaseFilter, CaseOrder, CaseWrite};
use ganglion_kernel::port_search::WordsMade;
use ganglion_kernel::words::{Term, apart, terms, whole};
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Shard};
use rusqlite::types::Value;
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};

const ATTEMPTED: &str = "searching words";
/// Up to so many cases with the words, a list is made of them.
pub(super) const FEW: u32 = 1_000;
/// Up to so many, the numbers of all are read once and each case of the list is looked up among them; where still more have the
/// words, the list is walked and each case is looked up in the index, until the page is full.
const MORE: u32 = 50_000;
/// Cases of one transaction when words are made anew: the fewer, the less others wait.
const AT_ONCE: u32 = 500;

/// A case of a shard.
type Key = (Shard, CaseId);

/// Words to be written.
struct New {
    key: Key,
    /// Its number in the index, if it has one.
    doc: Option<i64>,
    kept: String,
    hash: i64,
}

impl New {
    fn of(case: &Case, doc: Option<i64>, words: &str) -> New {
        let marks = marks(case);
        New { key: (case.shard, case.id), doc, kept: kept(words, &marks), hash: hash_of(words, &marks) }
    }
}

fn hash_of(words: &str, marks: &str) -> i64 {
    hash(&[words, marks].concat()).cast_signed()
}

/// Number and hash of a case in the index.
fn doc_of(connection: &Connection, (shard, id): Key) -> Stored<Option<(i64, i64)>> {
    let column = |name| Column("case_doc", name);
    let sql = "SELECT doc, hash FROM case_doc WHERE shard = ? AND id = ?";
    one(connection, ATTEMPTED, (sql, params![shard.0, id.0.as_bytes()]), |row| {
        Ok((column("doc").get(row, 0)?, column("hash").get(row, 1)?))
    })
}

/// Writes words, in the order of their numbers; those that have none yet get the next.
fn put(connection: &Connection, mut all: Vec<New>) -> Stored<()> {
    all.sort_by_key(|new| new.doc.unwrap_or(i64::MAX));
    for new in all {
        let doc = if let Some(doc) = new.doc {
            run(
                connection,
                ATTEMPTED,
                "UPDATE case_doc SET hash = ?1 WHERE doc = ?2 AND hash <> ?1",
                params![new.hash, doc],
            )?;
            run(connection, ATTEMPTED, "DELETE FROM case_words WHERE rowid = ?", params![doc])?;
            doc
        } else {
            let (shard, id) = new.key;
            let sql = "INSERT INTO case_doc (shard, id, hash) VALUES (?, ?, ?)";
            run(connection, ATTEMPTED, sql, params![shard.0, id.0.as_bytes(), new.hash])?;
            connection.last_insert_rowid()
        };
        let sql = "INSERT INTO case_words (rowid, words) VALUES (?, ?)";
        run(connection, ATTEMPTED, sql, params![doc, new.kept])?;
    }
    Ok(())
}

/// Those of the cases whose words are not those they have. A case that comes twice has what came last.
fn changed<'c>(connection: &Connection, cases: impl Iterator<Item = (&'c Case, &'c str)>) -> Stored<Vec<New>> {
    let last: BTreeMap<Key, (&Case, &str)> =
        cases.map(|(case, words)| ((case.shard, case.id), (case, words))).collect();
    let mut all = Vec::new();
    for (key, (case, words)) in last {
        let found = doc_of(connection, key)?;
        if found.is_none_or(|(_, old)| old != hash_of(words, &marks(case))) {
            all.push(New::of(case, found.map(|(doc, _)| doc), words));
        }
    }
    Ok(all)
}

/// Writes the words of a batch.
pub(super) fn write(connection: &Connection, cases: &[CaseWrite]) -> Stored<()> {
    let said = cases.iter().filter_map(|write| Some((&write.case, write.words.as_deref()?)));
    put(connection, changed(connection, said)?)
}

/// Puts the words of several cases at once.
pub(super) fn put_all(connection: &mut Connection, words: &[(Case, String)]) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    put(&transaction, changed(&transaction, words.iter().map(|(case, words)| (case, words.as_str())))?)?;
    transaction.commit().map_err(failed(ATTEMPTED))
}

/// Says what a case is searched by.
type Said<'a> = &'a (dyn for<'c> Fn(&'c Case) -> String + Sync);

/// Words made of a case as it was read, and its row as it stood then.
struct Made {
    new: New,
    row: Value,
}

/// Reads cases behind `after` and makes their words.
fn make(connection: &Connection, after: Option<Key>, limit: u32, said: Said<'_>) -> Stored<Vec<Made>> {
    let body = super::packed::case_text_of("c");
    let sql = format!(
        "SELECT {body}, d.doc, coalesce(c.packed, c.body) FROM case_row c LEFT JOIN case_doc d ON d.shard = c.shard \
         AND d.id = c.id WHERE (c.shard, c.id) > (?, ?) ORDER BY c.shard, c.id LIMIT ?"
    );
    let from = after.map_or((-1, Vec::new()), |(shard, id)| (i64::from(shard.0), id.0.as_bytes().to_vec()));
    all(connection, ATTEMPTED, (&sql, params![from.0, from.1, limit]), |row| {
        let case = super::load::read_case(row, 0, || "a case".to_owned())?;
        let new = New::of(&case, Column("case_doc", "doc").get(row, 1)?, &said(&case));
        Ok(Made { new, row: Column("case_row", "body").get(row, 2)? })
    })
}

/// Writes words that were made, whatever stands in the index; those of cases that changed since they were read are made again.
fn put_made(connection: &mut Connection, made: Vec<Made>, said: Said<'_>) -> Stored<()> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(ATTEMPTED))?;
    let mut all = Vec::with_capacity(made.len());
    for Made { new, row } in made {
        let (shard, id) = new.key;
        let sql = "SELECT 1 FROM case_row WHERE shard = ? AND id = ? AND coalesce(packed, body) = ?";
        let same = one(&transaction, ATTEMPTED, (sql, params![shard.0, id.0.as_bytes(), row]), |_| Ok(()))?;
        if same.is_some() && new.doc.is_some() {
            all.push(new);
        } else if let Some(case) = case_by_id(&transaction, shard, id)? {
            let doc = doc_of(&transaction, new.key)?.map(|(doc, _)| doc);
            all.push(New::of(&case, doc, &said(&case)));
        }
    }
    put(&transaction, all)?;
    transaction.commit().map_err(failed(ATTEMPTED))
}

/// Gives every case a number in the order they came in, where none has one yet: what is newest is read off the numbers.
fn number(connection: &Connection) -> Stored<()> {
    if one(connection, ATTEMPTED, ("SELECT 1 FROM case_doc LIMIT 1", []), |_| Ok(()))?.is_some() {
        return Ok(());
    }
    let sql = "INSERT INTO case_doc (shard, id, hash) SELECT shard, id, 0 FROM case_row ORDER BY opened_at, id";
    run(connection, ATTEMPTED, sql, []).map(drop)
}

/// Writes the words of a page of cases anew, whatever stands in the index. The next are read and cut beside the writer, which is
/// held for what it writes alone.
pub(super) fn again(store: &SqliteStore, after: Option<Key>, limit: u32, said: Said<'_>) -> Stored<WordsMade<Key>> {
    if after.is_none() {
        number(&store.writer())?;
    }
    let (send, receive) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || ahead(store, (after, limit), said, &send));
        let mut done = WordsMade { count: 0, last: None };
        for made in receive {
            let made: Vec<Made> = made?;
            done.count += u32::try_from(made.len()).unwrap_or(limit);
            done.last = made.last().map(|one| one.new.key).or(done.last);
            put_made(&mut store.writer(), made, said)?;
        }
        Ok(done)
    })
}

/// Makes words of `limit` cases behind `after`, some at a time, until nobody takes them any more.
fn ahead(
    store: &SqliteStore,
    (mut after, limit): (Option<Key>, u32),
    said: Said<'_>,
    send: &SyncSender<Stored<Vec<Made>>>,
) {
    let mut left = limit;
    while left > 0 {
        let some = left.min(AT_ONCE);
        let made = make(&store.reader(), after, some, said);
        let count = made.as_ref().map_or(0, Vec::len);
        after = made.as_ref().ok().and_then(|made| made.last()).map(|one| one.new.key).or(after);
        left -= some;
        let is_last = count < some as usize;
        let is_gone = (count > 0 || made.is_err()) && send.send(made).is_err();
        if is_gone || is_last {
            return;
        }
    }
}

fn quoted(term: &Term) -> String {
    match term {
        Term::Phrase(tokens) => format!("\"{}\"", tokens.join(" ")),
        Term::Beginning(start) => format!("\"{start}\" *"),
    }
}

fn every(terms: &[Term]) -> String {
    terms.iter().map(quoted).collect::<Vec<_>>().join(" AND ")
}

/// Of each of the groups one.
fn one_of_each(groups: &[Vec<Term>]) -> Option<String> {
    let either = |group: &Vec<Term>| format!("({})", group.iter().map(quoted).collect::<Vec<_>>().join(" OR "));
    (!groups.is_empty()).then(|| groups.iter().map(either).collect::<Vec<_>>().join(" AND "))
}

/// What is asked of an index that keeps words alone, one question after the other, with the score of what is found: what has whole
/// words, what only begins so, what has words apart that were typed together. Empty: nothing that could be found.
pub(super) fn tiers_of_rows(typed: &str) -> Vec<(i64, String)> {
    let Some(terms) = terms(typed) else { return Vec::new() };
    let all = every(&terms);
    let mut tiers = match whole(&terms).as_deref().map(every) {
        None => vec![(0, all.clone())],
        Some(whole) => vec![(1, whole.clone()), (0, format!("({all}) NOT ({whole})"))],
    };
    tiers.extend(one_of_each(&apart(&terms)).map(|apart| (-1, format!("({apart}) NOT ({all})"))));
    tiers
}

/// What is asked of the index.
pub(super) struct Asked {
    /// What holds the words.
    pub all: String,
    /// What says one of them again, among those that hold them.
    pub again: String,
    /// What holds them and says one of them again.
    pub all_again: String,
    /// What holds words apart that were typed together, where there are such.
    pub apart: Option<String>,
}

/// One of these, of which all have to hold.
fn any_of(groups: &[Vec<Term>]) -> String {
    groups.iter().map(|terms| format!("({})", every(terms))).collect::<Vec<_>>().join(" OR ")
}

/// What a filter asks of the index, with one of `also` beside its marks where there are any; `None`: nothing that could be found.
pub(super) fn of_filter(connection: &Connection, filter: &CaseFilter, also: Vec<String>) -> Stored<Option<Asked>> {
    let Some(asked) = indexed::asked(filter) else { return Ok(None) };
    let mut narrowed = String::new();
    // Cases from before have no marks until all have been gone through.
    if is_marked(connection)? {
        for either in asked.marks.iter().chain((!also.is_empty()).then_some(&also)) {
            let either: Vec<String> = either.iter().map(|mark| format!("\"{mark}\"")).collect();
            narrowed = format!("{narrowed} AND ({})", either.join(" OR "));
        }
    }
    let all = format!("{}{narrowed}", every(&asked.terms));
    let again = any_of(&asked.repeated);
    let all_again = match &asked.said_again {
        Some(terms) => format!("({}){narrowed}", every(terms)),
        None => format!("({all}) AND ({again})"),
    };
    let apart = one_of_each(&asked.apart).map(|apart| format!("{apart}{narrowed}"));
    Ok(Some(Asked { all, again, all_again, apart }))
}

fn is_marked(connection: &Connection) -> Stored<bool> {
    let sql = "SELECT 1 FROM setting WHERE name = ? AND value = ?";
    one(connection, ATTEMPTED, (sql, params![crate::searched::CASES, crate::searched::ALL]), |_| Ok(()))
        .map(|found| found.is_some())
}

/// How a list finds the words it is narrowed to, or what is rare or few.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Search {
    /// It is not narrowed to words.
    None,
    /// It is not, and what it asks for is rare.
    Rare(Rare),
    /// It is not, and the few it asks for are read from this table by this index.
    Sorted(Few),
    /// By nothing that could be found.
    Nothing,
    /// From the index: few cases have the words.
    Few(String),
    /// Each case is looked up among those that have the words.
    More(String),
    /// Each case is looked up in the index: very many have them.
    Many(String),
}

impl Search {
    /// Looks how many cases have the words of a filter, or lie where it asks for a list in this order.
    pub(super) fn of(connection: &Connection, filter: &CaseFilter, order: CaseOrder) -> Stored<Search> {
        if filter.words.is_none() {
            if let Some(few) = points::few(connection, filter, order)? {
                return Ok(Search::Sorted(few));
            }
            return Ok(Rare::few(connection, filter, order)?.map_or(Search::None, Search::Rare));
        }
        let Some(Asked { all, .. }) = of_filter(connection, filter, Vec::new())? else { return Ok(Search::Nothing) };
        let sql = "SELECT count(*) FROM (SELECT 1 FROM case_words WHERE case_words MATCH ? LIMIT ?)";
        let count = one(connection, ATTEMPTED, (sql, params![all, MORE + 1]), |row| {
            Column("case_words", "count").get::<u32>(row, 0)
        })?;
        Ok(match count.unwrap_or(0) {
            0..=FEW => Search::Few(all),
            count if count <= MORE => Search::More(all),
            _ => Search::Many(all),
        })
    }

    /// The tables of a list that begins at the index; none when it begins elsewhere.
    pub(super) fn from(&self) -> Option<&'static str> {
        match self {
            Search::Few(_) => Some(
                "case_words w CROSS JOIN case_doc d ON d.doc = w.rowid CROSS JOIN case_row c ON c.shard = d.shard AND c.id = d.id",
            ),
            Search::Rare(rare) => Some(rare.from()),
            Search::Sorted(few) => Some(few.table),
            _ => None,
        }
    }

    /// Whether its conditions are all those of the filter, so that no other need be looked at.
    pub(super) fn is_all(&self) -> bool {
        matches!(self, Search::Rare(rare) if rare.is_all())
    }

    /// The condition on the words.
    pub(super) fn narrow(&self, sql: &mut Sql) {
        match self {
            Search::None => {}
            Search::Sorted(few) => few.narrow(sql),
            Search::Rare(rare) => rare.narrow(sql),
            Search::Nothing => sql.and("0", []),
            Search::Few(asked) => sql.and("w.case_words MATCH ?", [Value::Text(asked.clone())]),
            Search::More(asked) => sql.and(
                "(SELECT d.doc FROM case_doc d WHERE d.shard = c.shard AND d.id = c.id) IN \
                 (SELECT rowid FROM case_words WHERE case_words MATCH ?)",
                [Value::Text(asked.clone())],
            ),
            Search::Many(asked) => sql.and(
                "EXISTS (SELECT 1 FROM case_doc d CROSS JOIN case_words w ON w.rowid = d.doc \
                 WHERE d.shard = c.shard AND d.id = c.id AND w.case_words MATCH ?)",
                [Value::Text(asked.clone())],
            ),
        }
    }
}
