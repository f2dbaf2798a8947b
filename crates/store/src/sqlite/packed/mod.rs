//! Journal lines and bodies of cases packed at the edge of the database: what a row says in columns of its own is taken out (`short`), the
//! rest is compressed with a dictionary made from earlier rows (`training`, and `aside` for the thread that does it). Hashes, proofs and everything else outside of this file see
//! the whole text: statements ask for it with the functions `line_text` and `case_text`. See docs/decisions/0059.
//!
//! Packed bytes: the number of the dictionary (seven bits a byte, the last without its highest bit), then a frame of zstd without the four
//! bytes every frame begins with.

mod aside;
mod functions;
mod rewrite;
mod short;
mod training;

pub use functions::read_with;
pub(super) use functions::{CASE_TEXT, LINE_TEXT, case_text_of, functions};
pub use rewrite::{Form, rewrite};

use super::row::failed;
use aside::Making;
use ganglion_kernel::StoreError;
use ganglion_kernel::port::Line;
use ganglion_model::Shard;
use ganglion_model::row::Case;
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use short::Parts;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use zstd::bulk::Compressor;
use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::{CParameter, DCtx, compress_bound, get_error_name, get_frame_content_size};

/// How hard is tried: more gains a tenth of the size and costs five times the work.
const LEVEL: i32 = 3;
/// What every frame begins with; it is not kept.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Most bytes a text may have: a damaged length must not ask for all of the memory.
const TEXT_MAX: u64 = 256 << 20;
/// How long another program that holds the file is waited for.
const BUSY: Duration = Duration::from_secs(10);

thread_local! {
    static UNPACKING: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

/// What is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Journal lines.
    Line,
    /// Bodies of cases.
    Case,
}

impl Kind {
    /// Its name in the table of dictionaries.
    fn name(self) -> &'static str {
        match self {
            Kind::Line => "line",
            Kind::Case => "case",
        }
    }

    /// The table it stands in.
    fn table(self) -> &'static str {
        match self {
            Kind::Line => "journal",
            Kind::Case => "case_row",
        }
    }
}

/// Why a row cannot be unpacked.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(
        "it is packed with dictionary {0}, which is not in table `dictionary` of this database: the table was damaged or left out of a \
         copy; nothing is lost as long as a backup or another copy has it"
    )]
    Missing(u64),
    #[error("it cannot be unpacked with dictionary {0}: {1}")]
    Broken(u64, String),
    #[error("its packed bytes do not begin with the number of a dictionary")]
    Nameless,
    #[error("dictionary {0} cannot be read: {1}")]
    Database(u64, rusqlite::Error),
}

/// Packs with the newest dictionary of its kind.
struct Packer {
    dictionary: u64,
    compressor: Compressor<'static>,
    frame: Vec<u8>,
}

/// The dictionaries of a database.
pub(super) struct Packing {
    /// Where those are looked for that somebody else made later; none for a database in memory.
    path: Option<PathBuf>,
    known: RwLock<BTreeMap<u64, Arc<DecoderDictionary<'static>>>>,
    lines: Mutex<Option<Packer>>,
    cases: Mutex<Option<Packer>>,
    /// Journal lines there are.
    written: AtomicU64,
    /// Journal lines at which new dictionaries are made.
    due: AtomicU64,
    /// Journal lines from which on a thread makes them.
    aside_lines: u64,
    /// Whether a thread may be used.
    is_aside: AtomicBool,
    making: Mutex<Option<Making>>,
}

impl std::fmt::Debug for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packing").field("known", &self.known.read().len()).finish_non_exhaustive()
    }
}

/// A text as it is stored: itself, or empty beside its packed form.
pub(super) struct AsStored<'a> {
    /// The text, or nothing.
    pub text: &'a str,
    /// Its packed form.
    pub packed: Option<Vec<u8>>,
}

impl Packing {
    /// For reading; dictionaries are fetched when a row names them.
    pub(super) fn reading(path: Option<&Path>) -> Arc<Packing> {
        Packing::with_aside(path, u64::MAX)
    }

    /// For writing too: from `aside_lines` journal lines on a thread makes dictionaries, once it is said that it may (`aside`).
    pub(super) fn with_aside(path: Option<&Path>, aside_lines: u64) -> Arc<Packing> {
        Arc::new(Packing {
            path: path.map(Path::to_owned),
            known: RwLock::default(),
            lines: Mutex::default(),
            cases: Mutex::default(),
            written: AtomicU64::new(0),
            due: AtomicU64::new(u64::MAX),
            aside_lines,
            is_aside: AtomicBool::new(false),
            making: Mutex::default(),
        })
    }

    /// Makes ready for writing: the newest dictionary of each kind, and when the next ones are due. `first` is the number of lines at which
    /// the first ones are made.
    ///
    /// # Errors
    /// When the database refuses or a dictionary is damaged.
    pub(super) fn prepare(&self, writer: &Connection, first: u64) -> Result<(), StoreError> {
        let attempted = "reading the dictionaries";
        let lines = "SELECT coalesce(sum(seq), 0) FROM shard_head";
        let lines: u64 = writer.query_row(lines, [], |row| row.get(0)).map_err(failed(attempted))?;
        let made = "SELECT max(lines) FROM dictionary";
        let made: Option<u64> = writer.query_row(made, [], |row| row.get(0)).map_err(failed(attempted))?;
        self.written.store(lines, Ordering::Relaxed);
        self.due.store(made.map_or(first, training::next_after), Ordering::Relaxed);
        for kind in [Kind::Line, Kind::Case] {
            let newest = "SELECT id, body FROM dictionary WHERE kind = ? ORDER BY id DESC LIMIT 1";
            let found: Option<(u64, Vec<u8>)> = writer
                .query_row(newest, [kind.name()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
                .map_err(failed(attempted))?;
            if let Some((id, body)) = found {
                self.use_from_now_on(kind, id, &body).map_err(|error| {
                    let reason = error.to_string();
                    StoreError::Corrupt { table: "dictionary", column: "body", key: id.to_string(), reason }
                })?;
            }
        }
        Ok(())
    }

    /// Fetches every dictionary now: for a connection that keeps others from reading while it works.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) fn fetch_all(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT id, body FROM dictionary")?;
        let all = statement.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        for one in all {
            let (id, body) = one?;
            self.known.write().insert(id, Arc::new(DecoderDictionary::copy(&body)));
        }
        Ok(())
    }

    fn packer(&self, kind: Kind) -> &Mutex<Option<Packer>> {
        match kind {
            Kind::Line => &self.lines,
            Kind::Case => &self.cases,
        }
    }

    fn use_from_now_on(&self, kind: Kind, id: u64, body: &[u8]) -> std::io::Result<()> {
        let mut compressor = Compressor::with_dictionary(LEVEL, body)?;
        // The row says which dictionary it is.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        self.known.write().insert(id, Arc::new(DecoderDictionary::copy(body)));
        *self.packer(kind).lock() = Some(Packer { dictionary: id, compressor, frame: Vec::new() });
        Ok(())
    }

    /// A journal line as it is stored.
    pub(super) fn line<'a>(&self, shard: Shard, line: &'a Line) -> AsStored<'a> {
        self.kept(Kind::Line, &line.canonical, &line_parts(shard, line))
    }

    /// The body of a case as it is stored.
    pub(super) fn case<'a>(&self, case: &Case, text: &'a str) -> AsStored<'a> {
        self.kept(Kind::Case, text, &case_parts(case))
    }

    /// A journal line cannot be made again from anything else, so it is unpacked once to see that it comes back.
    fn kept<'a>(&self, kind: Kind, text: &'a str, parts: &Parts) -> AsStored<'a> {
        let packed = self.pack(kind, text, parts).filter(|packed| {
            kind == Kind::Case || self.unpack(packed, parts).is_ok_and(|back| back == text.as_bytes())
        });
        kept(text, packed)
    }

    /// The packed form of a text; `None` when there is no dictionary yet or nothing is gained.
    fn pack(&self, kind: Kind, text: &str, parts: &Parts) -> Option<Vec<u8>> {
        let mut packer = self.packer(kind).lock();
        let Packer { dictionary, compressor, frame } = packer.as_mut()?;
        let short = parts.shorten(text)?;
        frame.clear();
        frame.reserve(compress_bound(short.len()));
        if let Err(error) = compressor.compress_to_buffer(&short, frame) {
            tracing::warn!(%error, "a row was not packed and is kept as it is");
            return None;
        }
        let rest = frame.strip_prefix(&MAGIC)?;
        let mut packed = Vec::with_capacity(rest.len() + 2);
        put_number(&mut packed, *dictionary);
        packed.extend_from_slice(rest);
        (packed.len() < text.len()).then_some(packed)
    }

    fn unpack(&self, packed: &[u8], parts: &Parts) -> Result<Vec<u8>, Unreadable> {
        let (id, rest) = take_number(packed).ok_or(Unreadable::Nameless)?;
        let broken = |reason: &str| Unreadable::Broken(id, reason.to_owned());
        let dictionary = self.dictionary(id)?;
        let mut frame = Vec::with_capacity(MAGIC.len() + rest.len());
        frame.extend_from_slice(&MAGIC);
        frame.extend_from_slice(rest);
        let size = get_frame_content_size(&frame).ok().flatten().filter(|size| *size <= TEXT_MAX);
        let size = size.and_then(|size| usize::try_from(size).ok()).ok_or_else(|| broken("it says no length"))?;
        let mut short = Vec::with_capacity(size);
        UNPACKING
            .with_borrow_mut(|context| context.decompress_using_ddict(&mut short, &frame, dictionary.as_ddict()))
            .map_err(|code| broken(get_error_name(code)))?;
        parts.lengthen(&short).ok_or_else(|| broken("it holds a mark that stands for nothing"))
    }

    fn dictionary(&self, id: u64) -> Result<Arc<DecoderDictionary<'static>>, Unreadable> {
        if let Some(known) = self.known.read().get(&id) {
            return Ok(known.clone());
        }
        let path = self.path.as_ref().ok_or(Unreadable::Missing(id))?;
        let body = fetch(path, id).map_err(|error| Unreadable::Database(id, error))?;
        let dictionary = Arc::new(DecoderDictionary::copy(&body.ok_or(Unreadable::Missing(id))?));
        self.known.write().insert(id, dictionary.clone());
        Ok(dictionary)
    }
}

fn line_parts(shard: Shard, line: &Line) -> Parts {
    let entry = &line.entry;
    let case = line.case.map(|case| *case.0.as_bytes());
    Parts::of_line(case, *entry.command.0.as_bytes(), entry.at.as_microsecond(), (entry.seq, shard.0))
}

fn case_parts(case: &Case) -> Parts {
    Parts::of_case(*case.id.0.as_bytes(), &case.number)
}

fn kept(text: &str, packed: Option<Vec<u8>>) -> AsStored<'_> {
    AsStored { text: if packed.is_some() { "" } else { text }, packed }
}

fn fetch(path: &Path, id: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.query_row("SELECT body FROM dictionary WHERE id = ?", [id], |row| row.get(0)).optional()
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    let seven = |number: u64| u8::try_from(number & 0x7f).unwrap_or(0);
    while number >= 0x80 {
        out.push(seven(number) | 0x80);
        number >>= 7;
    }
    out.push(seven(number));
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests;
