//! The index of words that cases are searched by: kept in the transaction of the case, asked with what `ganglion_kernel::indexed`
//! says. A hash says whether a case has other words than before.

use super::connect::PgStore;
use super::error::failed;
use super::load::read_case;
use super::row::{Column, Stored, shard};
use super::sql::{Args, Around, Pipeline, all, column, one, run};
use super::transaction::Transaction;
use super::write::last_of_each;
use deadpool_postgres::Object;
use ganglion_kernel::indexed::{self, kept, marks};
use ganglion_kernel::port::{CaseFilter, CaseWrite};
use ganglion_kernel::port_search::WordsMade;
use ganglion_kernel::words::{Term, apart, terms, whole};
use ganglion_model::row::Case;
use ganglion_model::{CaseId, Level, Shard};
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
/// Gives every case a number in the order they came in, where none has one yet: what is newest is read off the numbers.
const NUMBER: &str = "INSERT INTO case_words (shard, id, hash, words) SELECT shard, id, 0, '' FROM case_row \
                      WHERE NOT EXISTS (SELECT 1 FROM case_words) ORDER BY opened_at, id ON CONFLICT DO NOTHING";
const PAGE: &str = "SELECT body, shard FROM case_row WHERE (shard, id) > ($1, $2) ORDER BY shard, id LIMIT $3";

/// The same on every machine.
pub(super) fn hash(text: &str) -> i64 {
    indexed::hash(text).cast_signed()
}

/// A token as it stands in the index. Tokens are letters and digits, so that nothing in them has to be escaped.
fn token(token: &str) -> &str {
    let mut end = token.len().min(TOKEN_BYTES_MAX);
    while !token.is_char_boundary(end) {
        end -= 1;
    }
    &token[..end]
}

/// Tokens as the index takes them: each with its place.
pub(super) fn vector(tokens: &str) -> String {
    let mut vector = String::new();
    for (place, one) in (1..=16_383).zip(tokens.split(' ').filter(|one| !one.is_empty())) {
        // Writing to a text does not fail.
        let _ = write!(vector, "'{}':{place} ", token(one));
    }
    vector
}

/// A case and its words.
type Words<'a> = (&'a Case, &'a str);

fn put<'a>(pipeline: &mut Pipeline<'a>, words: impl IntoIterator<Item = Words<'a>>, sql: &'static str) {
    let marked = words.into_iter().map(|(case, words)| (case, words, marks(case)));
    pipeline.over(&last_of_each(marked, |one| (one.0.shard, one.0.id)), sql, |w| {
        vec![
            column(w, |one| shard(one.0.shard)),
            column(w, |one| one.0.id.0),
            column(w, |(_, words, marks)| hash(&[*words, marks.as_str()].concat())),
            column(w, |(_, words, marks)| vector(&kept(words, marks))),
        ]
    });
}

/// Writes the words of a batch.
pub(super) fn write<'a>(pipeline: &mut Pipeline<'a>, cases: &[&'a CaseWrite]) {
    put(pipeline, cases.iter().filter_map(|write| Some((&write.case, write.words.as_deref()?))), PUT);
}

/// Puts the words of several cases at once.
pub(super) async fn put_all(store: &PgStore, words: &[(Case, String)]) -> Stored<()> {
    let mut pipeline = Pipeline::default();
    put(&mut pipeline, words.iter().map(|(case, words)| (case, words.as_str())), PUT);
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
    if after.is_none() {
        run(&store.writer().await?, ATTEMPTED, (NUMBER, &[])).await?;
    }
    let transaction = Transaction::begin(store, ATTEMPTED).await?;
    let client = transaction.client()?;
    let args: &Args<'_> = &[&of, &id, &limit];
    let shards = all(client, ATTEMPTED, (PAGE, args), |row| Column("case_row", "shard").shard(row, 1)).await?;
    hold(client, shards.into_iter()).await?;
    // Now that nobody writes to these shards: cases that came meanwhile only make the page end earlier.
    let cases = all(client, ATTEMPTED, (PAGE, args), |row| read_case(row, 0, || "a case".to_owned())).await?;
    let said: Vec<String> = cases.iter().map(words).collect();
    let mut pipeline = Pipeline::default();
    put(&mut pipeline, cases.iter().zip(&said).map(|(case, said)| (case, said.as_str())), PUT_ANEW);
    pipeline.send(client, Around::Nothing).await.map_err(failed(ATTEMPTED))?;
    transaction.commit(ATTEMPTED).await?;
    let last = cases.last().map(|case| (case.shard, case.id));
    Ok(WordsMade { count: u32::try_from(cases.len()).unwrap_or(u32::MAX), last })
}

fn quoted(term: &Term) -> String {
    match term {
        Term::Phrase(pairs) => {
            let pairs: Vec<String> = pairs.iter().map(|pair| format!("'{}'", token(pair))).collect();
            format!("({})", pairs.join(" <-> "))
        }
        Term::Beginning(start) => format!("'{}':*", token(start)),
    }
}

fn every(terms: &[Term]) -> String {
    terms.iter().map(quoted).collect::<Vec<_>>().join(" & ")
}

/// Of each of the groups one.
fn one_of_each(groups: &[Vec<Term>]) -> Option<String> {
    let either = |group: &Vec<Term>| format!("({})", group.iter().map(quoted).collect::<Vec<_>>().join(" | "));
    (!groups.is_empty()).then(|| groups.iter().map(either).collect::<Vec<_>>().join(" & "))
}

/// What is asked of an index that keeps words alone, one question after the other, with the score of what is found: what has whole
/// words, what only begins so, what has words apart that were typed together. Empty: nothing that could be found.
pub(super) fn tiers_of_rows(typed: &str) -> Vec<(i64, String)> {
    let Some(terms) = terms(typed) else { return Vec::new() };
    let all = every(&terms);
    let mut tiers = match whole(&terms).as_deref().map(every) {
        None => vec![(0, all.clone())],
        Some(whole) => vec![(1, whole.clone()), (0, format!("{all} & !({whole})"))],
    };
    tiers.extend(one_of_each(&apart(&terms)).map(|apart| (-1, format!("{apart} & !({all})"))));
    tiers
}

/// What is asked of the index.
pub(super) struct Asked {
    /// What holds the words.
    pub all: String,
    /// What says one of them again.
    pub again: String,
    /// What holds words apart that were typed together, where there are such.
    pub apart: Option<String>,
    /// Whether marks narrow it to a part of the city.
    pub is_narrowed: bool,
}

/// What a filter asks of the index; `None`: nothing that could be found.
pub(super) async fn of_filter(client: &Object, filter: &CaseFilter) -> Stored<Option<Asked>> {
    let Some(asked) = indexed::asked(filter) else { return Ok(None) };
    let mut narrowed = String::new();
    let mut is_narrowed = false;
    // Cases from before have no marks until all have been gone through.
    if super::people::setting(client, crate::searched::CASES).await?.as_deref() == Some(crate::searched::ALL) {
        is_narrowed = filter.opened_by.is_some() || filter.place.is_some_and(|place| place.level() >= Level::County);
        for either in &asked.marks {
            let either: Vec<String> = either.iter().map(|mark| format!("'{mark}'")).collect();
            let _ = write!(narrowed, " & ({})", either.join(" | "));
        }
    }
    let again = asked.repeated.iter().map(|terms| format!("({})", every(terms))).collect::<Vec<_>>().join(" | ");
    let all = format!("{}{narrowed}", every(&asked.terms));
    let apart = one_of_each(&asked.apart).map(|apart| format!("{apart}{narrowed}"));
    Ok(Some(Asked { all, again, apart, is_narrowed }))
}

/// How many have what is asked for, counted up to `most`.
pub(super) async fn count(client: &Object, asked: &str, most: i64) -> Stored<i64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM case_words WHERE words @@ $1::text::tsquery LIMIT $2) w";
    let read = |row: &tokio_postgres::Row| Column("case_words", "count").get::<i64>(row, 0);
    Ok(one(client, ATTEMPTED, (sql, &[&asked, &most]), read).await?.unwrap_or(0))
}

/// How a list finds the words it is narrowed to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Search {
    /// It is not narrowed to words.
    None,
    /// It is not, and few lie in the box it asks for.
    Inside,
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
        if filter.words.is_none() {
            let are_few = super::points::are_few(client, filter).await?;
            return Ok(if are_few { Search::Inside } else { Search::None });
        }
        let Some(Asked { all, .. }) = of_filter(client, filter).await? else { return Ok(Search::Nothing) };
        let count = count(client, &all, FEW + 1).await?;
        Ok(if count > FEW { Search::Many(all) } else { Search::Few(all) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganglion_kernel::words::tokens;

    #[test]
    fn words_stand_in_the_index_with_their_places_and_are_asked_for_as_phrases() {
        assert_eq!(vector(&tokens("路面塌陷，SB-43")), "'路面':1 '面塌':2 '塌陷':3 '陷':4 'sb':5 '43':6 ");
        let of = |typed: &str| tiers_of_rows(typed).into_iter().map(|(_, asked)| asked).collect::<Vec<_>>();
        let (whole, begun) = ("('路面' <-> '面塌') & ('43')", "('路面' <-> '面塌') & '43':*");
        assert_eq!(of("路面塌 43"), [whole.to_owned(), format!("{begun} & !({whole})")]);
        let together = "('污水' <-> '水井' <-> '井盖')";
        assert_eq!(of("污水井盖"), [together.to_owned(), format!("(('污水')) & (('井盖')) & !({together})")]);
        assert_eq!(of("'\"&|!()"), [""; 0]);
        let long = "长x".repeat(200);
        assert!(vector(&tokens(&long)).split(' ').all(|one| one.len() <= TOKEN_BYTES_MAX + 8));
        assert_eq!(token(&"é".repeat(150)).len(), TOKEN_BYTES_MAX);
    }
}
