//! P7: a search for two Chinese characters, as a dispatcher's browser asks it, beside looking through every case with LIKE. P18: making
//! all words anew, while searches go on. And how often what is suggested is what was chosen, on the last part of the year, beside always
//! guessing the commonest.

use super::filled::Filled;
use super::{Line, figures, instant, pages};
use crate::load::client::Client;
use anyhow::{Context as _, Result, ensure};
use ganglion_kernel::Store as _;
use ganglion_kernel::port::{CaseFilter, CaseOrder};
use ganglion_store::searched::Rebuild;
use ganglion_store::{SqliteOptions, SqliteStore, read_with};
use hyper::Method;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rusqlite::{Connection, OpenFlags};

/// Searches that are timed.
const ASKED: usize = 400;
/// Searches first that are not.
const WARM: usize = 40;
/// Times the baseline is asked: each reads every case.
const LIKE_ASKED: usize = 5;
/// Cases whose words are looked for.
const CASES: u32 = 400;
/// Steps of a rebuild between two searches.
const STEPS_BETWEEN: usize = 10;

/// Pairs of neighbouring characters of what was reported.
async fn pairs(store: &SqliteStore) -> Result<Vec<String>> {
    let cases = store.cases(&CaseFilter::default(), CaseOrder::Opened, None, CASES).await?;
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
    runtime.block_on(async { Ok(vec![searched(large).await?, rebuilt(large).await?]) })
}

async fn searched(large: &Filled) -> Result<Line> {
    let path = large.ground.data.join("ganglion.sqlite");
    let pairs = pairs(&*SqliteStore::look(&path)?).await?;
    let desks = pages::desks(&large.ground).await?;
    let server = large.ground.serve()?;
    let mut client = Client::connect(server.address).await?;
    let mut rng = SmallRng::seed_from_u64(7);
    let mut seconds = Vec::with_capacity(ASKED);
    for n in 0..WARM + ASKED {
        let token = &desks[rng.random_range(0..desks.len())].token;
        let asked = address(&pairs[rng.random_range(0..pairs.len())]);
        let start = instant();
        let (status, _) = client.call(Method::GET, &asked, (token, None)).await?;
        let took = start.elapsed().as_secs_f64();
        ensure!(status.is_success(), "{asked} was answered with {status}");
        if n >= WARM {
            seconds.push(took);
        }
    }
    let measured = figures::p99(seconds);
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    read_with(&connection, &path)?;
    let mut worst = 0.0_f64;
    for _ in 0..LIKE_ASKED {
        let pair = format!("%{}%", pairs[rng.random_range(0..pairs.len())]);
        let start = instant();
        let mut statement = connection
            .prepare(
                "SELECT number FROM case_row WHERE case_text(body, packed, id, number) LIKE ? ORDER BY opened_at DESC LIMIT 30",
            )
            .context("the baseline")?;
        let found = statement.query_map([pair], |row| row.get::<_, String>(0))?.count();
        worst = worst.max(start.elapsed().as_secs_f64() * 1000.0);
        ensure!(found <= 30, "the baseline found too many");
    }
    Ok(Line {
        id: "P7",
        what: format!("p99 of a search for two characters over HTTP, {} cases", large.cases),
        measured,
        unit: "ms",
        baseline: "LIKE over every case, the slowest of five".to_owned(),
        baseline_value: Some(worst),
        ratio: Some(measured / worst),
        goal: "≤ 20 ms",
        reached: measured <= 20.0,
    })
}

async fn rebuilt(large: &Filled) -> Result<Line> {
    let path = large.ground.data.join("ganglion.sqlite");
    let store = SqliteStore::open(&path, SqliteOptions::default())?;
    let pairs = pairs(&store).await?;
    let mut rebuild = Rebuild::new(&*store, &large.ground.world);
    let (mut seconds, mut searches, mut steps, mut more) = (0.0_f64, Vec::new(), 0_usize, true);
    while more {
        let start = instant();
        more = rebuild.step().await?;
        seconds += start.elapsed().as_secs_f64();
        steps += 1;
        if steps.is_multiple_of(STEPS_BETWEEN) {
            let words = Some(pairs[steps % pairs.len()].clone());
            let filter = CaseFilter { words, ..CaseFilter::default() };
            let start = instant();
            let page = store.cases(&filter, CaseOrder::Opened, None, 30).await?;
            searches.push(start.elapsed().as_secs_f64());
            ensure!(page.len() <= 30, "a search found too many");
        }
    }
    let done = rebuild.done();
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let rate = (done.cases + done.rows) as f64 / seconds.max(1e-9);
    let slowest = figures::p99(searches);
    Ok(Line {
        id: "P18",
        what: format!(
            "words made anew, {} cases and {} rows; p99 of a search meanwhile {slowest:.1} ms",
            done.cases, done.rows
        ),
        measured: rate,
        unit: "rows/s",
        baseline: "none".to_owned(),
        baseline_value: None,
        ratio: None,
        goal: "≥ 10,000 rows/s",
        reached: rate >= 10_000.0,
    })
}
