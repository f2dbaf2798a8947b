//! The transparency log of every journal, for anybody: signed checkpoints, tiles and entry bundles in the C2SP formats, and what
//! witnesses signed. Nothing here asks who is calling: the log holds hashes only (docs/decisions/0030).
//!
//! Before a checkpoint is signed the tree is worked out from the journal as stored and held against the head and against the
//! last checkpoint that was signed, which is kept in a file beside the database: a journal that was changed, or a backup that was
//! put back, is not signed over.

mod page;
mod shard;

pub use page::show;

use crate::app::{App, AppState};
use crate::error::Error;
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ganglion_kernel::tlog::{Checkpoint, KeyKind, Note, Signature, SigningKey, Tile, VerifyKey};
use ganglion_model::Shard;
use parking_lot::Mutex;
use shard::ShardLog;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Media type of checkpoints and keys.
const TEXT: &str = "text/plain; charset=utf-8";
/// What never changes may be kept for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// What changes with every step.
const A_MOMENT: &str = "public, max-age=1";

/// What a deployment sets for its logs.
#[derive(Debug)]
pub struct LogSettings {
    /// Signs the checkpoints. Its name with `/` and the shard is the origin of a log.
    pub key: SigningKey,
    /// Witnesses whose cosignatures are taken.
    pub witnesses: Vec<VerifyKey>,
}

impl LogSettings {
    /// The key of one shard's log.
    pub(crate) fn key_of(&self, shard: Shard) -> Option<SigningKey> {
        self.key.named(&format!("{}/{shard}", self.key.name())).ok()
    }
}

/// The logs of the running server.
pub(crate) struct Logs {
    settings: Option<Arc<LogSettings>>,
    folder: PathBuf,
    shards: Mutex<BTreeMap<Shard, Arc<tokio::sync::Mutex<ShardLog>>>>,
}

impl Logs {
    /// Logs whose last checkpoints are kept in `folder`; without settings there are none.
    pub fn new(settings: Option<Arc<LogSettings>>, folder: PathBuf) -> Logs {
        Logs { settings, folder, shards: Mutex::default() }
    }

    /// The log of a shard. Its journal may still be empty.
    fn of(&self, shard: Shard) -> Result<Arc<tokio::sync::Mutex<ShardLog>>, Error> {
        let settings = self.settings.as_ref().ok_or(Error::NotFound)?;
        let mut shards = self.shards.lock();
        if let Some(log) = shards.get(&shard) {
            return Ok(log.clone());
        }
        let key = settings.key_of(shard).ok_or_else(|| Error::Internal("the log's key has no name".to_owned()))?;
        let log = ShardLog::new(shard, key, self.folder.join(format!("{shard}.checkpoint")));
        let log = Arc::new(tokio::sync::Mutex::new(log));
        shards.insert(shard, log.clone());
        Ok(log)
    }
}

/// The setting that holds the newest checkpoint a witness signed.
fn cosigned_name(shard: Shard) -> String {
    format!("log_cosigned.{shard}")
}

/// Lines of a shard's journal: only what has any has a log.
async fn size_of(app: &App, shard: Shard) -> Result<u64, Error> {
    let position = app.store.positions().await?.into_iter().find(|(one, _)| *one == shard);
    position.map(|(_, seq)| seq).filter(|seq| *seq > 0).ok_or(Error::NotFound)
}

/// The shard an address names, written as it is written everywhere else.
fn shard_of(text: &str) -> Result<Shard, Error> {
    let shard = text.parse().ok().map(Shard).filter(|shard| shard.to_string() == text);
    shard.ok_or(Error::NotFound)
}

/// `GET /log/{shard}/checkpoint`.
pub async fn checkpoint(State(app): State<AppState>, Path(shard): Path<String>) -> Result<Response, Error> {
    let shard = shard_of(&shard)?;
    size_of(&app, shard).await?;
    let log = app.logs.of(shard)?;
    let mut note = log.lock().await.checkpoint(app.store.as_ref()).await?;
    // Witnesses sign in their own time: what they signed is added while it is still the newest.
    if let Some(seen) = cosigned_note(&app, shard).await?.filter(|seen| seen.text == note.text) {
        note = seen;
    }
    Ok(([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, A_MOMENT)], note.to_string()).into_response())
}

/// `GET /log/{shard}/key`: the public key that checks the checkpoints of this log.
pub async fn key(State(app): State<AppState>, Path(shard): Path<String>) -> Result<Response, Error> {
    let shard = shard_of(&shard)?;
    let settings = app.logs.settings.as_ref().ok_or(Error::NotFound)?;
    size_of(&app, shard).await?;
    let key = settings.key_of(shard).ok_or(Error::NotFound)?.public(KeyKind::Log);
    Ok(([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, A_MOMENT)], format!("{key}\n")).into_response())
}

/// `GET /log/{shard}/tile/{*path}`: a tile of hashes or a bundle of entries.
pub async fn tile(State(app): State<AppState>, Path((shard, path)): Path<(String, String)>) -> Result<Response, Error> {
    let shard = shard_of(&shard)?;
    let tile = Tile::parse(&format!("tile/{path}")).ok_or(Error::NotFound)?;
    let size = size_of(&app, shard).await?;
    let log = app.logs.of(shard)?;
    let bytes = log.lock().await.tree.tile(app.store.as_ref(), tile, size).await?.ok_or(Error::NotFound)?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((headers, bytes).into_response())
}

async fn cosigned_note(app: &App, shard: Shard) -> Result<Option<Note>, Error> {
    let kept = app.store.setting(&cosigned_name(shard)).await?;
    Ok(kept.and_then(|kept| Note::parse(kept.as_bytes()).ok()))
}

/// `GET /log/{shard}/cosigned`: the newest checkpoint that a witness signed, with all signatures.
pub async fn cosigned(State(app): State<AppState>, Path(shard): Path<String>) -> Result<Response, Error> {
    let shard = shard_of(&shard)?;
    app.logs.settings.as_ref().ok_or(Error::NotFound)?;
    let note = cosigned_note(&app, shard).await?.ok_or(Error::NotFound)?;
    Ok(([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, A_MOMENT)], note.to_string()).into_response())
}

/// `POST /log/{shard}/cosigned`: a checkpoint of ours with the cosignature of a witness this deployment knows. Needs no account:
/// the signatures say who sends it. Answers with the checkpoint as it is kept now.
pub async fn cosign(
    State(app): State<AppState>,
    web: Web,
    Path(shard): Path<String>,
    bytes: Bytes,
) -> Result<Response, Error> {
    let shard = shard_of(&shard)?;
    let settings = app.logs.settings.as_ref().ok_or(Error::NotFound)?.clone();
    size_of(&app, shard).await?;
    let log = app.logs.of(shard)?;
    let (address, rate) = (web.network(), &app.rates.verify);
    if let Some(seconds) = rate.wait(&address, web.now) {
        return Err(Error::TooMany { seconds });
    }
    let Some((given, size)) = taken(&settings, shard, &bytes) else {
        rate.count(&address, web.now);
        return Err(Error::Unreadable("checkpoint"));
    };
    // One at a time, so that of two witnesses neither overwrites the other.
    let _turn = log.lock().await;
    let before = cosigned_note(&app, shard).await?;
    let note = merged(before, given, size);
    app.store.setting_put(&cosigned_name(shard), &note.to_string()).await?;
    Ok(([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-store")], note.to_string()).into_response())
}

/// What was sent, if we signed it and a known witness did: only these signatures are kept.
fn taken(settings: &LogSettings, shard: Shard, bytes: &[u8]) -> Option<(Note, u64)> {
    let note = Note::parse(bytes).ok()?;
    let ours = settings.key_of(shard)?.public(KeyKind::Log);
    let checkpoint = Checkpoint::open(&note, &ours).ok()?;
    let witnesses: Vec<&VerifyKey> = settings.witnesses.iter().filter(|key| note.signed_by(key).is_ok()).collect();
    if witnesses.is_empty() {
        return None;
    }
    let known = |key: &VerifyKey, name: &str, bytes: &[u8]| key.name == name && bytes.starts_with(&key.id());
    let signatures = note.signatures.into_iter().filter(|one| {
        known(&ours, &one.name, &one.bytes) || witnesses.iter().any(|key| known(key, &one.name, &one.bytes))
    });
    Some((Note { text: note.text, signatures: signatures.collect() }, checkpoint.size))
}

/// The newer of two checkpoints; the signatures of both when they are the same, a witness's newest last word only.
fn merged(before: Option<Note>, given: Note, size: u64) -> Note {
    let Some(before) = before else { return given };
    if before.text == given.text {
        let mut note = given;
        for one in before.signatures {
            let id = one.bytes.get(..4).map(<[u8]>::to_vec);
            let is_there = |other: &Signature| other.name == one.name && other.bytes.get(..4).map(<[u8]>::to_vec) == id;
            if !note.signatures.iter().any(is_there) {
                note.signatures.push(one);
            }
        }
        return note;
    }
    let is_newer = Checkpoint::parse(&before.text).is_ok_and(|before| before.size > size);
    if is_newer { before } else { given }
}
