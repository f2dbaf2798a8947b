//! The public log as outsiders see it: read and proven by a program that is not ours, cosigned by witnesses, and holding nothing
//! that was typed.

use crate::forms::reported;
use crate::support::{Browser, City, Part};
use base64::Engine as _;
use ganglion_kernel::journal;
use ganglion_kernel::port::{Line, ShardWrite};
use ganglion_kernel::tlog::audit::audit;
use ganglion_kernel::tlog::tile::tiles_of;
use ganglion_kernel::tlog::{Checkpoint, KeyKind, LogError, Note, SigningKey, Source, VerifyKey};
use ganglion_model::change::{Actor, Change};
use ganglion_model::{CommandId, Entry, Shard};
use ganglion_server::{LogSettings, Settings};
use jiff::Timestamp;
use signed_note::{StandardVerifier, VerifierList};
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog_tiles::{TileHashReader, TileReader};
use uuid::Uuid;

const SHARD: Shard = Shard(130_903);
const LOG: &str = "/log/130903";

fn log_key() -> SigningKey {
    SigningKey::from_seed("city.example/log", [4; 32]).unwrap()
}

fn witness() -> SigningKey {
    SigningKey::from_seed("witness.example/w1", [7; 32]).unwrap()
}

/// A city that signs logs and knows one witness.
async fn city() -> City {
    let settings = LogSettings { key: log_key(), witnesses: vec![witness().public(KeyKind::Witness)] };
    City::with(Settings { log: Some(Arc::new(settings)), ..Settings::default() }).await
}

/// Adds lines to the journal of the county.
async fn grow(city: &City, count: u64) {
    let heads = city.store.shards().await.unwrap();
    let mut head = heads.into_iter().find(|(shard, _)| *shard == SHARD).map(|(_, head)| head).unwrap_or_default();
    let expected_seq = head.seq;
    let mut lines = Vec::new();
    for _ in 0..count {
        head.seq += 1;
        let change =
            Change::RecordGone { register: "wells".to_owned(), key: format!("W-{}", head.seq), valid_from: None };
        let command = CommandId(Uuid::from_u128(u128::from(head.seq)));
        let (at, actor) = (Timestamp::UNIX_EPOCH, Actor::System);
        let entry = Entry { shard: SHARD, seq: head.seq, at, actor, command, change };
        let canonical = journal::canonical(&entry).unwrap();
        let hash = journal::hash(&canonical);
        head.frontier.push(hash);
        lines.push(Line { entry, canonical, hash, case: None });
    }
    let write = ShardWrite { shard: SHARD, expected_seq, head, lines, ..ShardWrite::default() };
    city.store.write(&[write]).await.unwrap();
}

async fn checkpoint(browser: &mut Browser) -> Vec<u8> {
    let answer = browser.get(&format!("{LOG}/checkpoint")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    answer.bytes.to_vec()
}

/// Everything a log of this size is made of, fetched.
async fn fetched(browser: &mut Browser, size: u64) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for tile in tiles_of(size) {
        let answer = browser.get(&format!("{LOG}/{}", tile.path())).await;
        assert_eq!(answer.status, 200, "{}", tile.path());
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(answer.header("cache-control").contains("immutable") && answer.header("set-cookie").is_empty());
        files.insert(tile.path(), answer.bytes.to_vec());
    }
    files
}

/// The copy as the other program reads it: it names tiles with their height, which the format leaves out.
struct Theirs(BTreeMap<String, Vec<u8>>);

impl TileReader for Theirs {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| self.0[&tile.path().replacen("tile/8/", "tile/", 1)].clone()).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// The checkpoint as the other program reads it, its signature checked.
fn read_by_theirs(bytes: &[u8], key: &str) -> tlog_tiles::Checkpoint {
    let note = signed_note::Note::from_bytes(bytes).unwrap();
    let verifier = StandardVerifier::new(key.trim()).unwrap();
    let (signed, _) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(signed[0].name(), "city.example/log/130903");
    tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap()
}

#[tokio::test]
async fn a_program_of_other_people_reads_and_proves_the_log() {
    let city = city().await;
    let mut browser = city.visitor();
    grow(&city, 300).await;
    let key = browser.get(&format!("{LOG}/key")).await.text;
    let old = read_by_theirs(&checkpoint(&mut browser).await, &key);
    grow(&city, 400).await;
    let now = read_by_theirs(&checkpoint(&mut browser).await, &key);
    assert_eq!((old.size(), now.size(), now.origin()), (300, 700, "city.example/log/130903"));

    let files = fetched(&mut browser, now.size()).await;
    let copy = Theirs(files.clone());
    let reader = TileHashReader::new(now.size(), *now.hash(), &copy);
    for index in [0, 255, 256, 511, 512, 699] {
        let bundle = &files[&format!("tile/entries/{:03}{}", index / 256, if index < 512 { "" } else { ".p/188" })];
        let at = usize::try_from(index % 256).unwrap() * 34;
        assert_eq!(bundle[at..at + 2], [0, 32]);
        let leaf = tlog_tiles::record_hash(&bundle[at + 2..at + 34]);
        let proof = tlog_tiles::prove_record(now.size(), index, &reader).unwrap();
        tlog_tiles::check_record(&proof, now.size(), *now.hash(), index, leaf).unwrap();
        let wrong = tlog_tiles::record_hash(b"another entry");
        assert!(tlog_tiles::check_record(&proof, now.size(), *now.hash(), index, wrong).is_err());
    }
    let proof = tlog_tiles::prove_tree(now.size(), old.size(), &reader).unwrap();
    tlog_tiles::check_tree(&proof, now.size(), *now.hash(), old.size(), *old.hash()).unwrap();
    let ours: Vec<_> = proof.iter().map(|hash| hash.0).collect();
    let (then, root) = ((old.size(), &old.hash().0), (now.size(), &now.hash().0));
    assert!(ganglion_kernel::tlog::proof::is_consistent(then, root, &ours), "their proof, checked by ours");
}

struct Ours(BTreeMap<String, Vec<u8>>);

impl Source for Ours {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
        self.0.get(path).cloned().ok_or_else(|| LogError::Missing(path.to_owned()))
    }
}

#[tokio::test]
async fn the_log_holds_every_line_and_nothing_that_was_typed() {
    let city = city().await;
    let mut browser = city.visitor();
    let phone = "13912340016";
    let number = reported(&mut browser, vec![Part::Text("reporter_phone", phone)]).await;
    let note = Note::parse(&checkpoint(&mut browser).await).unwrap();
    let key = VerifyKey::parse(&browser.get(&format!("{LOG}/key")).await.text).unwrap();
    let signed = Checkpoint::open(&note, &key).unwrap();
    let files = fetched(&mut browser, signed.size).await;
    let lines = city.store.lines_after(SHARD, 0, 100).await.unwrap();
    assert_eq!(signed.size, lines.len() as u64);
    let mut entries = Vec::new();
    assert_eq!(audit(&mut Ours(files.clone()), &signed, &mut |_, entry| entries.push(entry.to_vec())), []);
    assert_eq!(entries, lines.iter().map(|line| journal::committed(&line.canonical).to_vec()).collect::<Vec<_>>());

    let everything = files.into_values().flatten().chain(note.to_string().into_bytes()).collect::<Vec<u8>>();
    let held = String::from_utf8_lossy(&everything).into_owned();
    for word in [phone, number.as_str(), "rubbish", "130903001"] {
        assert!(!held.contains(word), "{word} stands in the log");
    }

    let page = browser.get("/log").await;
    assert!(page.text.contains("city.example/log/130903+") && !page.text.contains(&number), "{}", page.text);
}

#[tokio::test]
async fn what_the_log_does_not_have_is_not_found() {
    let city = city().await;
    let mut browser = city.visitor();
    assert_eq!(browser.get(&format!("{LOG}/checkpoint")).await.status, 404, "nothing was written yet");
    grow(&city, 10).await;
    for path in [
        "tile/0/000",
        "tile/0/000.p/11",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/entries/000.p/11",
        "tile/0/0",
        "tile/9/000",
        "tile/../../key",
        "cosigned",
    ] {
        assert_eq!(browser.get(&format!("{LOG}/{path}")).await.status, 404, "{path}");
    }
    for shard in ["0130903", "130904", "x", "99999999999"] {
        assert_eq!(browser.get(&format!("/log/{shard}/checkpoint")).await.status, 404, "{shard}");
    }
    assert_eq!(browser.get(&format!("{LOG}/tile/0/000.p/10")).await.bytes.len(), 320);
}

#[tokio::test]
async fn a_known_witness_cosigns_and_nobody_else() {
    let city = city().await;
    let mut browser = city.visitor();
    grow(&city, 10).await;
    let note = Note::parse(&checkpoint(&mut browser).await).unwrap();
    let cosigned = |key: &SigningKey, note: &Note| {
        let mut note = note.clone();
        note.signatures.push(key.cosign(&note.text, 1_700_000_000));
        note.to_string()
    };
    let post = async |browser: &mut Browser, body: String| {
        let request = axum::http::Request::post(format!("{LOG}/cosigned")).body(axum::body::Body::from(body));
        browser.send(request.unwrap()).await
    };
    let stranger = SigningKey::from_seed("witness.example/w1", [8; 32]).unwrap();
    let other_log = SigningKey::from_seed("city.example/log/130903", [9; 32]).unwrap();
    let text = Checkpoint { origin: "city.example/log/130903".to_owned(), size: 10, root: [1; 32] }.text();
    let forged = Note { signatures: vec![other_log.sign(&text)], text };
    for body in [note.to_string(), cosigned(&stranger, &note), cosigned(&witness(), &forged), "no note".to_owned()] {
        assert_eq!(post(&mut browser, body).await.status, 422);
    }
    assert_eq!(browser.get(&format!("{LOG}/cosigned")).await.status, 404);

    let answer = post(&mut browser, cosigned(&witness(), &note)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let now = Note::parse(&checkpoint(&mut browser).await).unwrap();
    let key = witness().public(KeyKind::Witness);
    assert_eq!(now.signed_by(&key), Ok(1_700_000_000), "the checkpoint carries it while it is the newest");
    // The format of a cosignature: name, then key id, time and signature.
    let line = now.to_string().lines().last().unwrap().to_owned();
    let encoded = line.strip_prefix("— witness.example/w1 ").unwrap();
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap().len(), 4 + 8 + 64);

    grow(&city, 1).await;
    assert!(Note::parse(&checkpoint(&mut browser).await).unwrap().signed_by(&key).is_err());
    let kept = Note::parse(&browser.get(&format!("{LOG}/cosigned")).await.bytes).unwrap();
    assert_eq!(kept.signed_by(&key), Ok(1_700_000_000), "what was cosigned stays to be had");
}
