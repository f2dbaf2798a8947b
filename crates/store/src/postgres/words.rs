//! The index of words that cases are searched by: kept in the transaction of the case, asked with the tokens of
//! `ganglion_kernel::words`. A hash says whether a case has other words than before.

use super::connect::PgStore;
use super::error::failed;
use super::load::read_case;
use super::row::{Column, Stored, shard};
use super::sql::{Args, Around, Pipeline, all, column, one};
use super::transaction::Transaction;
use super::write::last_of_each;
use deadpool_postgres::Object;
use ganglion_kernel::port::{CaseFilter, CaseWrite};
use ganglion_kernel::port_search::WordsMade;
use ganglion_kernel::words::{Term, terms, tokens};
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Shard};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use uuid::Uuid;

const ATTEMPTED: &str = "searching words";
/// Up to so many cases with the words, a list is made of them; where more have them, the list's own order is walked, and each
/// case looked up, until the page is full.
pub(super) const FEW: i64 = 4_000;
/// Longest token, in bytes: the index takes none of more than two thousand. A longer one is found by its beginning.
const TOKEN_BYTES_MAX: usize = 200;

const PUT: &str = "INSERT INTO case_words AS o (shard, id, hash, words) SELECT w.shard, w.id, w.hash, w.words::tsvector FROM \
                   unnest($1::int4[], $2::uuid[], $3::int8[], $4::text[]) w (shard, id, hash, words) \
                   ON CONFLICT (shard, id) DO UPDATE SET hash = excluded.hash, words = excluded.words \
                   WHERE o.hash <> excluded.hash";

const PUT_ANEW: &str = "INSERT INTO case_words (shard, id, hash, words) SELECT w.shard, w.id, w.hash, w.words::tsvector FROM \
                        unnest($1::int4[], $2::uuid[], $3::int8[], $4::text[]) w (shard, id, hash, words) \
                        ON CONFLICT (shard, id) DO UPDATE SET hash = excluded.hash, words = excluded.words";
const PAGE: &str = "SELECT body, shard FROM case_row WHERE (shard, id) > ($1, $2) ORDER BY shard, id LIMIT $3";

/// FNV-1a: the same on every machine, which the standard library's hash need not be.
pub(super) fn hash(text: &str) -> i64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash.cast_signed()
}

/// A token as it stands in the index. Tokens are letters and digits, so that nothing in them has to be escaped.
fn token(token: &str) -> &str {
    let mut end = token.len().min(TOKEN_BYTES_MAX);
    while !token.is_char_boundary(end) {
        end -= 1;
    }
    &token[..end]
}

/// The words of a case as the index takes them: each token with its place.
pub(super) fn vector(words: &str) -> String {
    let mut vector = String::new();
    for (place, one) in (1..=16_383).zip(tokens(words).split(' ').filter(|one| !one.is_empty())) {
        // Writing to a text does not fail.
        let _ = write!(vector, "'{}':{place} ", token(one));
    }
    vector
}

/// The words of a case.
type Words<'a> = ((Shard, CaseId), &'a str);

fn put<'a>(pipeline: &mut Pipeline<'a>, words: impl IntoIterator<Item = Words<'a>>, sql: &'static str) {
    pipeline.over(&last_of_each(words, |one| one.0), sql, |w| {
        vec![
            column(w, |((of, _), _)| shard(*of)),
            column(w, |((_, id), _)| id.0),
            column(w, |(_, words)| hash(words)),
            column(w, |(_, words)| vector(words)),
        ]
    });
}

/// Writes the words of a batch.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, cases: &[&'a CaseWrite]) {
    let words = |write: &&'a CaseWrite| Some(((write.case.shard, write.case.id), write.words.as_deref()?));
    put(pipeline, cases.iter().filter_map(words), PUT);
}

/// Puts the words of several cases at once.
pub(super) async fn put_all(store: &PgStore, words: &[(Shard, CaseId, String)]) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    put(&mut pipeline, words.iter().map(|(shard, id, words)| ((*shard, *id), words.as_str())), PUT);
    let client = store.writer().await?;
    pipeline.send(&client, Around::Nothing).await.map(drop).map_err(failed(ATTEMPTED))
}

/// Holds shards, so that nobody writes to them until the transaction ends.
pub(super) async fn hold(client: &Object, shards: impl Iterator<Item = Shard>) -> Stored<()> {
    let shards: BTreeSet<i32> = shards.map(shard).collect();
    let shards: Vec<i32> = shards.into_iter().collect();
    let sql = "SELECT shard FROM shard_head WHERE shard = ANY($1) ORDER BY shard FOR UPDATE";
    all(client, ATTEMPTED, (sql, &[&shards]), |_| Ok(())).await.map(drop)
}

/// Writes the words of a page of cases anew, whatever stands in the index.
pub(super) async fn again(
    store: &PgStore,
    after: Option<(Shard, CaseId)>,
    limit: u32,
    words: &(dyn for<'c> Fn(&'c Case) -> String + Sync),
) -> Stored<WordsMade<(Shard, CaseId)>> {
    let (of, id) = after.map_or((-1, Uuid::nil()), |(of, id)| (shard(of), id.0));
    let limit = i64::from(limit);
    let transaction = Transaction::begin(store, ATTEMPTED).await?;
    let client = transaction.client()?;
    let args: &Args<'_> = &[&of, &id, &limit];
    let shards = all(client, ATTEMPTED, (PAGE, args), |row| Column("case_row", "shard").shard(row, 1)).await?;
    hold(client, shards.into_iter()).await?;
    // Now that nobody writes to these shards: cases that came meanwhile only make the page end earlier.
    let cases = all(client, ATTEMPTED, (PAGE, args), |row| read_case(row, 0, || "a case".to_owned())).await?;
    let said: Vec<String> = cases.iter().map(words).collect();
    let mut pipeline = Pipeline::default();
    let both = cases.iter().zip(&said).map(|(case, said)| ((case.shard, case.id), said.as_str()));
    put(&mut pipeline, both, PUT_ANEW);
    pipeline.send(client, Around::Nothing).await.map_err(failed(ATTEMPTED))?;
    transaction.commit(ATTEMPTED).await?;
    let last = cases.last().map(|case| (case.shard, case.id));
    Ok(WordsMade { count: u32::try_from(cases.len()).unwrap_or(u32::MAX), last })
}

/// Cases without words, up to `limit`.
pub(super) async fn missing(client: &Object, limit: u32) -> Stored<Vec<Case>> {
    let sql = "SELECT c.body FROM case_row c WHERE NOT EXISTS (SELECT 1 FROM case_words w WHERE w.shard = c.shard \
               AND w.id = c.id) LIMIT $1";
    all(client, ATTEMPTED, (sql, &[&i64::from(limit)]), |row| read_case(row, 0, || "a case".to_owned())).await
}

/// What is asked of the index; `None`: nothing that could be found.
pub(super) fn asked(typed: &str) -> Option<String> {
    let quoted = |term: Term| match term {
        Term::Phrase(pairs) => {
            let pairs: Vec<String> = pairs.iter().map(|pair| format!("'{}'", token(pair))).collect();
            format!("({})", pairs.join(" <-> "))
        }
        Term::Beginning(start) => format!("'{}':*", token(&start)),
    };
    Some(terms(typed)?.into_iter().map(quoted).collect::<Vec<_>>().join(" & "))
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
    /// Each case is looked up: many have them.
    Many(String),
}

impl Search {
    /// Looks how many cases have the words of a filter.
    pub async fn of(client: &Object, filter: &CaseFilter) -> Stored<Search> {
        let Some(typed) = &filter.words else { return Ok(Search::None) };
        let Some(asked) = asked(typed) else { return Ok(Search::Nothing) };
        let sql = "SELECT count(*) FROM (SELECT 1 FROM case_words WHERE words @@ $1::text::tsquery LIMIT $2) w";
        let read = |row: &tokio_postgres::Row| Column("case_words", "count").get::<i64>(row, 0);
        let count = one(client, ATTEMPTED, (sql, &[&asked, &(FEW + 1)]), read).await?;
        Ok(if count.unwrap_or(0) > FEW { Search::Many(asked) } else { Search::Few(asked) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_the_index_with_their_places_and_are_asked_for_as_phrases() {
        assert_eq!(vector("路面塌陷，SB-43"), "'路面':1 '面塌':2 '塌陷':3 '陷':4 'sb':5 '43':6 ");
        assert_eq!(asked("路面塌 43").unwrap(), "('路面' <-> '面塌') & '43':*");
        assert_eq!(asked("'\"&|!()"), None);
        let long = "长x".repeat(200);
        assert!(vector(&long).split(' ').all(|one| one.len() <= TOKEN_BYTES_MAX + 8));
        assert_eq!(token(&"é".repeat(150)).len(), TOKEN_BYTES_MAX);
    }
}
