//! P7: a search for two Chinese characters, as a dispatcher's browser asks it, beside the same search with LIKE: the texts that are
//! searched in a table of their own, with an index by township and time. P18: making all words anew, while searches go on, beside
//! FTS5 alone. And how often what is suggested is what was chosen, on the last part of the year, beside always guessing the commonest.

use super::filled::Filled;
use super::{Line, figures, instant, pages};
use crate::load::client::Client;
use anyhow::{Result, ensure};
use ganglion_kernel::Store as _;
use ganglion_kernel::port::{After, CaseFilter, CaseOrder, SearchStore as _};
use ganglion_kernel::words;
use ganglion_model::{Level, PlaceCode};
use ganglion_store::searched::{ALL, CASES as MARKED, Rebuild};
use ganglion_store::{SqliteOptions, SqliteStore};
use hyper::Method;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rusqlite::{Connection, params};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

/// Searches that are timed.
const ASKED: usize = 400;
/// Searches first that are not.
const WARM: usize = 40;
/// Cases read at once for the baseline.
const READ: u32 = 500;
/// Cases on a page.
const PAGE: u32 = 30;
/// Cases the baseline of the rebuild takes in one transaction, and altogether at most.
const AT_ONCE: usize = 500;
const ALONE_MAX: u32 = 100_000;
/// Cases whose words are looked for.
const CASES: u32 = 400;
/// Between two searches while words are made anew.
const BETWEEN: std::time::Duration = std::time::Duration::from_millis(10);

/// Pairs of neighbouring characters of what was reported.
async fn pairs(store: &SqliteStore, process: &str) -> Result<Vec<String>> {
    let filter = CaseFilter { processes: vec![process.to_owned()], ..CaseFilter::default() };
    let cases = store.cases(&filter, CaseOrder::Opened, None, CASES).await?;
    let mut pairs = Vec::new();
    for text in cases.iter().flat_map(|case| case.fields.values()).filter_map(|value| value.as_str()) {
        let chars: Vec<char> = text.chars().collect();
        let is_han = |c: &char| matches!(c, '\u{4e00}'..='\u{9fff}');
        pairs.extend(chars.windows(2).filter(|two| two.iter().all(is_han)).map(|two| two.iter().collect::<String>()));
    }
    pairs.sort_unstable();
    pairs.dedup();
    ensure!(!pairs.is_empty(), "no case has Chinese words");
    Ok(pairs)
}

fn address(pair: &str) -> String {
    let bytes = pair.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    format!("/search?q={bytes}&in=cases")
}

/// Measures searches and the rebuild on a filled installation.
///
/// # Errors
/// When a search is not answered.
pub fn measure(large: &Filled) -> Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (pairs, said) = runtime.block_on(async {
        let store = SqliteStore::open(&large.ground.data.join("ganglion.sqlite"), SqliteOptions::default())?;
        if store.setting(MARKED).await?.as_deref() != Some(ALL) {
            Rebuild::new(&*store, &large.ground.world).all(|_| ()).await?;
        }
        Ok::<_, anyhow::Error>((pairs(&store, &large.ground.script.process).await?, said(&store, large).await?))
    })?;
    let searched = runtime.block_on(searched(large, (&pairs, &said)))?;
    Ok(vec![searched, rebuilt(large, (&pairs, &said))?])
}

/// What every case is searched by, in a table of its own, gone with the handle.
async fn said(store: &SqliteStore, large: &Filled) -> Result<Connection> {
    let table = Connection::open("")?;
    table.execute_batch(
        "CREATE TABLE said (township INTEGER, opened_at INTEGER, number TEXT, words TEXT); \
         CREATE INDEX said_township ON said (township, opened_at); BEGIN",
    )?;
    let mut after = None;
    loop {
        let cases = store.cases(&CaseFilter::default(), CaseOrder::Opened, after.as_ref(), READ).await?;
        for case in &cases {
            let township = case.place.at(Level::Township).map(PlaceCode::padded);
            let words = words::of_case(&large.ground.world, case);
            let mut insert = table.prepare_cached("INSERT INTO said VALUES (?, ?, ?, ?)")?;
            insert.execute(params![township, case.opened_at.as_microsecond(), case.number, words])?;
        }
        let Some(last) = cases.last() else { break };
        after = Some(After::of(last, CaseOrder::Opened));
    }
    table.execute_batch("COMMIT")?;
    Ok(table)
}

/// The same search with LIKE: the newest of a township.
fn like(said: &Connection, pair: &str, place: PlaceCode) -> Result<f64> {
    let start = instant();
    let mut statement = said.prepare_cached(
        "SELECT number FROM said WHERE township = ? AND words LIKE ? ORDER BY opened_at DESC LIMIT 30",
    )?;
    let rows = statement.query_map(params![place.padded(), format!("%{pair}%")], |row| row.get::<_, String>(0))?;
    let found = rows.collect::<Result<Vec<_>, _>>()?;
    ensure!(found.len() <= PAGE as usize, "the baseline found too many");
    Ok(start.elapsed().as_secs_f64())
}

async fn searched(large: &Filled, (pairs, said): (&[String], &Connection)) -> Result<Line> {
    let desks = pages::desks(&large.ground).await?;
    let server = large.ground.serve()?;
    let mut client = Client::connect(server.address).await?;
    let mut rng = SmallRng::seed_from_u64(7);
    let (mut seconds, mut alone, mut cpu) = (Vec::with_capacity(ASKED), Vec::with_capacity(ASKED), 0.0);
    for n in 0..WARM + ASKED {
        let desk = &desks[rng.random_range(0..desks.len())];
        let pair = &pairs[rng.random_range(0..pairs.len())];
        let asked = address(pair);
        let start = instant();
        let (status, _) = client.call(Method::GET, &asked, (&desk.token, None)).await?;
        let took = start.elapsed().as_secs_f64();
        ensure!(status.is_success(), "{asked} was answered with {status}");
        let baseline = like(said, pair, desk.place)?;
        if n == WARM {
            cpu = server.cpu_seconds()?;
        }
        if n >= WARM {
            seconds.push(took);
            alone.push(baseline);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of searches")]
    let cpu = (server.cpu_seconds()? - cpu) * 1000.0 / ASKED as f64;
    let (measured, baseline) = (figures::p99(seconds), figures::p99(alone));
    Ok(Line {
        id: "P7",
        what: format!("p99 of a search for two characters over HTTP, {} cases; {cpu:.1} ms CPU each", large.cases),
        measured,
        unit: "ms",
        baseline: "LIKE over the texts of the same township, the query alone".to_owned(),
        baseline_value: Some(baseline),
        ratio: Some(measured / baseline),
        goal: "≤ 20 ms",
        reached: measured <= 20.0,
    })
}

/// Rows a second that FTS5 alone takes of the same texts into an empty index beside the database, as durably.
fn alone(large: &Filled, said: &Connection) -> Result<f64> {
    let path = large.ground.data.join("alone.sqlite");
    let mut index = Connection::open(&path)?;
    index.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    index.execute_batch(
        "PRAGMA synchronous = FULL; CREATE VIRTUAL TABLE w USING fts5(words, content='', contentless_delete=1, tokenize='ascii')",
    )?;
    let mut statement = said.prepare("SELECT words FROM said LIMIT ?")?;
    let all = statement.query_map([ALONE_MAX], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let start = instant();
    for some in all.chunks(AT_ONCE) {
        let transaction = index.transaction()?;
        for one in some {
            transaction.prepare_cached("INSERT INTO w (words) VALUES (?)")?.execute([words::tokens(one)])?;
        }
        transaction.commit()?;
    }
    let seconds = start.elapsed().as_secs_f64().max(1e-9);
    drop(index);
    for end in ["", "-wal", "-shm"] {
        // What is not there need not go.
        let _ = std::fs::remove_file(path.with_extension(format!("sqlite{end}")));
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    Ok(all.len() as f64 / seconds)
}

fn rebuilt(large: &Filled, (pairs, said): (&[String], &Connection)) -> Result<Line> {
    let path = large.ground.data.join("ganglion.sqlite");
    let store = SqliteStore::open(&path, SqliteOptions::default())?;
    let mut rebuild = Rebuild::new(&*store, &large.ground.world);
    let (end, ended) = channel();
    // Searches come from another thread all the while, one after the other.
    let (seconds, searches) = std::thread::scope(|scope| -> Result<(f64, Vec<f64>)> {
        let searched = &store;
        let beside = scope.spawn(move || searches(searched, pairs, &ended));
        let start = instant();
        let made = tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
            while rebuild.step().await? {}
            Ok::<_, ganglion_kernel::StoreError>(start.elapsed().as_secs_f64())
        });
        drop(end);
        let searches = beside.join().map_err(|_| anyhow::anyhow!("the searches stopped"))??;
        Ok((made?, searches))
    })?;
    let done = rebuild.done();
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let rate = (done.cases + done.rows) as f64 / seconds.max(1e-9);
    let (count, slowest) = (searches.len(), figures::p99(searches));
    let alone = alone(large, said)?;
    Ok(Line {
        id: "P18",
        what: format!(
            "words made anew, {} cases and {} rows; p99 of {count} searches meanwhile {slowest:.1} ms",
            done.cases, done.rows
        ),
        measured: rate,
        unit: "rows/s",
        baseline: "FTS5 alone, the same texts into an empty index".to_owned(),
        baseline_value: Some(alone),
        ratio: Some(rate / alone),
        goal: "≥ 10,000 rows/s",
        reached: rate >= 10_000.0,
    })
}

/// Seconds of searches, one every few milliseconds, until the other end is gone.
fn searches(store: &SqliteStore, pairs: &[String], ended: &Receiver<()>) -> Result<Vec<f64>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut seconds = Vec::new();
    for pair in pairs.iter().cycle() {
        let filter = CaseFilter { words: Some(pair.clone()), ..CaseFilter::default() };
        let start = instant();
        let page = runtime.block_on(store.cases_found((&filter, false), None, PAGE))?;
        seconds.push(start.elapsed().as_secs_f64());
        ensure!(page.is_some_and(|page| page.found.len() <= PAGE as usize), "a search found too many");
        if ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Disconnected) {
            break;
        }
    }
    Ok(seconds)
}
