//! Copies of a log: a folder laid out like the addresses, or the log itself over HTTP; and bringing a folder up to date.

use super::{grown, signed};
use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use ganglion_kernel::tlog::tile::{WIDTH, tiles_of};
use ganglion_kernel::tlog::{Checkpoint, LogError, Note, Source, VerifyKey};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Longest answer that is read, bytes: a bundle of entries of any log is shorter.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long one answer is waited for, seconds.
const ANSWER_SECONDS_MAX: u64 = 30;

/// Opens a copy: a folder, or an address.
///
/// # Errors
/// When it is an address this program does not speak to.
pub fn open(log: &str) -> Result<Box<dyn Source>> {
    if log.starts_with("http://") || log.starts_with("https://") {
        return Ok(Box::new(Remote::new(log)?));
    }
    Ok(Box::new(Folder(PathBuf::from(log))))
}

/// A folder.
struct Folder(PathBuf);

impl Source for Folder {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
        let file = self.0.join(path);
        std::fs::read(&file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => LogError::Missing(file.display().to_string()),
            _ => LogError::Unreadable { path: file.display().to_string(), reason: error.to_string() },
        })
    }
}

/// A log behind an address.
pub struct Remote {
    runtime: tokio::runtime::Runtime,
    authority: String,
    prefix: String,
}

impl Remote {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// When the address is not `http://host…`.
    pub fn new(address: &str) -> Result<Remote> {
        let Some(rest) = address.strip_prefix("http://") else {
            bail!(
                "{address}: only http:// is spoken here. Fetch the checkpoint, then what `ganglion proof paths SIZE` names, with \
                 a program that speaks TLS, and check the folder"
            )
        };
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        ensure!(!authority.is_empty(), "{address} names no server");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let prefix = prefix.trim_end_matches('/').to_owned();
        Ok(Remote { runtime, authority: authority.to_owned(), prefix })
    }

    /// One request, on a connection of its own.
    ///
    /// # Errors
    /// When nobody answers, or not in time.
    pub fn ask(&self, method: Method, path: &str, body: String) -> Result<(StatusCode, Bytes)> {
        let uri = format!("/{}/{path}", self.prefix).replace("//", "/");
        let host = match self.authority.rsplit_once(':') {
            Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => self.authority.clone(),
            _ => format!("{}:80", self.authority),
        };
        let asking = async {
            let stream =
                tokio::net::TcpStream::connect(&host).await.with_context(|| format!("connecting to {host}"))?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(async move {
                // The request below says what went wrong.
                let _ = connection.await;
            });
            let request = Request::builder()
                .method(method)
                .uri(&uri)
                .header("host", &self.authority)
                .header("content-type", "text/plain; charset=utf-8")
                .body(Full::new(Bytes::from(body)))?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let read = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let bytes = read.map_err(|error| anyhow::anyhow!("{uri}: {error}"))?.to_bytes();
            anyhow::Ok((status, bytes))
        };
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        self.runtime.block_on(async { tokio::time::timeout(limit, asking).await })?
    }
}

impl Source for Remote {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
        let unreadable = |reason: String| LogError::Unreadable { path: path.to_owned(), reason };
        match self.ask(Method::GET, path, String::new()) {
            Ok((StatusCode::OK, bytes)) => Ok(bytes.to_vec()),
            Ok((StatusCode::NOT_FOUND, _)) => Err(LogError::Missing(path.to_owned())),
            Ok((status, _)) => Err(unreadable(format!("the server answered {status}"))),
            Err(error) => Err(unreadable(format!("{error:#}"))),
        }
    }
}

/// Takes a copy, or brings one up to date.
///
/// # Errors
/// When something cannot be fetched or written; the copy is then as it was, with some tiles more.
pub fn fetch(address: &str, folder: &Path, key: &VerifyKey) -> Result<ExitCode> {
    let mut remote = Remote::new(address)?;
    let (note, now) = signed(&mut remote, key).with_context(|| format!("{address}/checkpoint"))?;
    let mut fetched = 0_u64;
    for tile in tiles_of(now.size) {
        let file = folder.join(tile.path());
        let is_full = u64::from(tile.width) == WIDTH;
        if is_full && file.is_file() {
            continue;
        }
        let bytes = remote.read(&tile.path())?;
        tile.decode(&bytes)?;
        put(&file, &bytes)?;
        fetched += 1;
    }
    let before = before(folder, key)?;
    if let Some(before) = before.filter(|before| *before != now) {
        let (_, holds) = grown(&mut Folder(folder.to_owned()), &before, &now)?;
        let beside = folder.join(format!("checkpoint.{}", before.size));
        if !holds {
            put(&folder.join("checkpoint.contradicting"), note.to_string().as_bytes())?;
            crate::out(&format!(
                "{}: what the server signs now is not the continuation of what it signed at {} entries: the log was rewritten. \
                 `checkpoint` and `checkpoint.contradicting` in {} are the evidence",
                key.name,
                before.size,
                folder.display()
            ));
            return Ok(ExitCode::FAILURE);
        }
        std::fs::rename(folder.join("checkpoint"), &beside).with_context(|| beside.display().to_string())?;
    }
    put(&folder.join("checkpoint"), note.to_string().as_bytes())?;
    crate::out(&format!("{}: {} entries in {}, {fetched} files fetched", key.name, now.size, folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// What a folder was a copy of before.
fn before(folder: &Path, key: &VerifyKey) -> Result<Option<Checkpoint>> {
    match std::fs::read(folder.join("checkpoint")) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading the checkpoint in {}", folder.display())),
        Ok(bytes) => {
            let opened = Note::parse(&bytes).and_then(|note| Checkpoint::open(&note, key));
            opened.map(Some).with_context(|| format!("the checkpoint in {} is not of this log", folder.display()))
        }
    }
}

/// Writes a file as a whole, with the folders it lies in.
pub fn put(file: &Path, bytes: &[u8]) -> Result<()> {
    let failed = || format!("writing {}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, bytes).with_context(failed)?;
    std::fs::rename(&fresh, file).with_context(failed)
}
