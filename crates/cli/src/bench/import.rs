//! P13: importing 100,000 rows of a register from XLSX with every check: handed in over HTTP, tried, confirmed, committed row
//! by row. The baseline writes the same number of bare rows into one table in one transaction.

use super::{Line, instant};
use crate::city::install::{City, install};
use crate::city::people::People;
use crate::city::world;
use crate::system::Machine;
use anyhow::{Context as _, Result, bail};
use arc_swap::ArcSwap;
use bytes::Bytes;
use ganglion_documents::xlsx::{Cell, Column, Table, TableWriter};
use ganglion_kernel::Store;
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::port::{Account, Session};
use ganglion_model::{AccountId, Level, PlaceCode, Post, PostId, Text};
use ganglion_server::{App, AppParts, Settings};
use ganglion_store::{SqliteOptions, SqliteStore};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Rows imported.
const ROWS: u32 = 100_000;
/// Token of the post that imports.
const TOKEN: &str = "bench-import";
/// How often the page of the import is asked, milliseconds.
const ASK_MS: u64 = 100;
const BOUNDARY: &str = "rows-of-a-bench";

const PACK: &str = "pack: bench\nversion: \"1\"\ntitle: {zh: Bench, en: Bench}\nroles:\n  bench_clerk: {title: {zh: \
                    Clerk, en: Clerk}, levels: [city]}\nlists:\n  bench_use:\n    title: {zh: Use, en: Use}\n    codes: \
                    {farm: {zh: Farm, en: Farm}, town: {zh: Town, en: Town}, plant: {zh: Plant, en: Plant}}\n";
const REGISTER: &str = "register: bench_well\ntitle: {zh: Wells, en: Wells}\nscope: township\nkey: code\nlabel: name\n\
edit: [bench_clerk@city]\nfields:\n  code: {type: text, max: 20, pattern: \"W[0-9]+\", required: true, title: {zh: Code, en: Code}}\n  \
name: {type: text, max: 60, required: true, title: {zh: Name, en: Name}}\n  use: {type: choice, of: bench_use, required: true, title: \
{zh: Use, en: Use}}\n  tag: {type: text, max: 20, unique: true, title: {zh: Tag, en: Tag}}\n  depth_m: {type: decimal, precision: 6, \
scale: 1, title: {zh: Depth, en: Depth}}\n  volume: {type: integer, min: 0, max: 1000000, title: {zh: Volume, en: Volume}}\n  built: \
{type: date, title: {zh: Built, en: Built}}\n  metered: {type: boolean, title: {zh: Metered, en: Metered}}\n";

/// Measures.
///
/// # Errors
/// When the installation cannot be prepared or the import does not end well.
pub fn measure(home: &Path) -> Result<Line> {
    let folder = tempfile::tempdir()?;
    let baseline = bare_rows(folder.path())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (tried, whole) = runtime.block_on(imported(home, folder.path()))?;
    Ok(Line {
        id: "P13",
        what: format!("{ROWS} register rows from XLSX, all checks (tried after {tried:.1} s)"),
        measured: whole,
        unit: "s",
        baseline: "as many bare rows in one transaction".to_owned(),
        baseline_value: Some(baseline),
        ratio: Some(whole / baseline),
        goal: "≤ 10 s",
        reached: whole <= 10.0,
    })
}

fn bare_rows(folder: &Path) -> Result<f64> {
    let mut connection = rusqlite::Connection::open(folder.join("bare.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(k TEXT PRIMARY KEY, body TEXT);",
    )?;
    let start = instant();
    let transaction = connection.transaction()?;
    for n in 0..ROWS {
        let body = format!("{{\"code\":\"W{n}\",\"name\":\"Well {n}\",\"use\":\"farm\",\"depth\":\"80.5\"}}");
        transaction.prepare_cached("INSERT INTO t VALUES (?1, ?2)")?.execute((format!("W{n}"), body))?;
    }
    transaction.commit()?;
    Ok(start.elapsed().as_secs_f64())
}

/// Seconds until the try was over, and until everything was committed.
async fn imported(home: &Path, data: &Path) -> Result<(f64, f64)> {
    let (address, townships) = serve(home, data).await?;
    let table = table(&townships)?;
    let mut client = connect(address).await?;
    let start = instant();
    let mut body =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"wells.xlsx\"\r\n\r\n")
            .into_bytes();
    body.extend(table);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let form = format!("multipart/form-data; boundary={BOUNDARY}");
    let answer = call(&mut client, "POST", "/registers/bench_well/import", (&form, body)).await?;
    let path = answer.0.context("the table was not taken")?;
    let page = settled(&mut client, &path).await?;
    if !page.contains("/confirm") {
        bail!("the table is not clean: {page}");
    }
    let tried = start.elapsed().as_secs_f64();
    let plain = "application/x-www-form-urlencoded";
    call(&mut client, "POST", &format!("{path}/confirm"), (plain, Vec::new())).await?;
    let page = settled(&mut client, &path).await?;
    let whole = start.elapsed().as_secs_f64();
    if page.contains("tag-done") { Ok((tried, whole)) } else { bail!("the import did not end well") }
}

/// A city of its own with one register, served; gives the address and the townships.
async fn serve(home: &Path, data: &Path) -> Result<(SocketAddr, Vec<PlaceCode>)> {
    let machine = Arc::new(Machine::new());
    let store = SqliteStore::open(&data.join("ganglion.sqlite"), SqliteOptions::default())?;
    let city = City::read(home)?;
    let tree = install(store.as_ref(), home, &city, &People::read(home)?).await?;
    let today = ganglion_kernel::clocks::local_date(machine.now());
    let townships: Vec<PlaceCode> =
        tree.all(today).map(|place| place.code).filter(|code| code.level() == Level::Township).collect();
    sign_in(&store, city.root, machine.as_ref()).await?;
    let files: BTreeMap<String, Vec<u8>> = [("pack.yaml", PACK), ("registers/bench_well.yaml", REGISTER)]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into();
    let (model, findings) = ganglion_pack::compile(&[ganglion_pack::PackSource::load("bench", &files)?]);
    let model = model.with_context(|| findings.to_string())?;
    let world = Arc::new(ArcSwap::from_pointee(world::load(store.as_ref(), model, world::office(home)?).await?));
    let master = machine.key();
    let works = Works {
        store: store.clone(),
        world: world.clone(),
        clock: machine.clone(),
        ring: master.into(),
        settings: CommitterSettings::default(),
    };
    let (committer, _thread) = Committer::start(works)?;
    let settings = Settings { data_dir: data.to_owned(), ..Settings::default() };
    let app = Arc::new(App::new(AppParts {
        store,
        world,
        committer,
        clock: machine,
        master,
        ring: master.into(),
        settings,
    })?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(ganglion_server::serve(app, listener, std::future::pending()));
    Ok((address, townships))
}

async fn sign_in(store: &Arc<SqliteStore>, root: PlaceCode, machine: &Machine) -> Result<()> {
    let account = AccountId("bench".to_owned());
    let post = PostId("bench_clerk.root".to_owned());
    let name = "bench".to_owned();
    store.accounts_put(&[Account { id: account.clone(), name, password: None, active: true }]).await?;
    store
        .posts_put(&[Post {
            id: post.clone(),
            role: "bench_clerk".to_owned(),
            place: root,
            title: Text::default(),
            unit: Text::default(),
            account: Some(account.clone()),
            valid_from: jiff::civil::date(2000, 1, 1),
            valid_to: None,
        }])
        .await?;
    let token_hash = Sha256::digest(TOKEN.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let expires_at = machine.now() + jiff::SignedDuration::from_hours(24);
    store.session_put(&Session { token_hash, account, post: Some(post), expires_at }).await?;
    Ok(())
}

/// The table, as a spreadsheet writes it.
fn table(townships: &[PlaceCode]) -> Result<Vec<u8>> {
    let heads = ["Code", "Name", "Use", "Tag", "Depth", "Volume", "Built", "Metered", "Place"];
    let columns: Vec<Column> = heads.iter().map(|head| Column::text(*head)).collect();
    let table = Table { title: "Wells", notes: &[], columns: &columns, total: "" };
    let mut writer = TableWriter::new(&table)?;
    for n in 0..ROWS {
        let text = |text: String| Cell::Text(text);
        let place = townships[n as usize % townships.len()];
        writer.row(&[
            text(format!("W{n}")),
            text(format!("Well number {n}")),
            text(["Farm", "Town", "Plant"][n as usize % 3].to_owned()),
            text(format!("T-{n}")),
            Cell::Number(f64::from(n % 3000) / 10.0),
            Cell::Number(f64::from(n % 50_000)),
            Cell::Day(2000 + u16::try_from(n % 20)?, 1 + u8::try_from(n % 12)?, 1 + u8::try_from(n % 28)?),
            text(if n % 2 == 0 { "true" } else { "false" }.to_owned()),
            text(place.to_string()),
        ])?;
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    writer.finish(&mut bytes)?;
    Ok(bytes.into_inner())
}

type Sender = hyper::client::conn::http1::SendRequest<Full<Bytes>>;

async fn connect(address: SocketAddr) -> Result<(Sender, String)> {
    let stream = tokio::net::TcpStream::connect(address).await.context("connecting")?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // It ends with the benchmark.
        let _ = connection.await;
    });
    Ok((sender, address.to_string()))
}

/// One request; gives where it leads and its text.
async fn call(
    (sender, host): &mut (Sender, String),
    method: &str,
    path: &str,
    (kind, body): (&str, Vec<u8>),
) -> Result<(Option<String>, String)> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host.as_str())
        .header("accept", "text/html")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", kind)
        .body(Full::new(Bytes::from(body)))?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let to = response.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok((to, String::from_utf8_lossy(&bytes).into_owned()))
}

/// The page of the import once it is no longer busy.
async fn settled(client: &mut (Sender, String), path: &str) -> Result<String> {
    loop {
        let (_, page) = call(client, "GET", path, ("text/html", Vec::new())).await?;
        if !page.contains("http-equiv=\"refresh\"") {
            return Ok(page);
        }
        tokio::time::sleep(Duration::from_millis(ASK_MS)).await;
    }
}
