//! The yearly bundle of open data: public figures, public registers and settled public cases as CSV, with a catalogue (DCAT 3) and
//! a page to read first. What is in it is what anyone may see on the pages: few rows behind a figure are not told, registers about
//! persons are left out whole. Leaves out where it is put and who is told of it.

mod cases;
mod catalogue;
mod figures;
mod rows;
mod table;

use crate::assets::Ui;
use crate::error::Error;
use crate::templates::Templates;
use crate::texts::TextsError;
use crate::view::Look;
use crate::web::Words;
use ganglion_kernel::seal::Key;
use ganglion_kernel::{Store, StoreError, World};
use ganglion_model::Lang;
use ganglion_model::clocks::local_date;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use table::Dataset;

/// Years a bundle may be of.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;

/// What a bundle is made from.
pub struct OpenData<'a> {
    /// Storage.
    pub store: &'a dyn Store,
    /// The world.
    pub world: &'a World,
    /// Master key: the public ids of cases follow from it.
    pub master: &'a Key,
    /// Now.
    pub now: Timestamp,
    /// Address under which the installation is reached; empty: file names stand alone.
    pub public_url: &'a str,
    /// Address of the licence; none: the catalogue names none.
    pub licence: Option<&'a str>,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum OpenDataError {
    /// A year that has not begun, or none.
    #[error("{0} is no year there can be data of")]
    Year(i16),
    /// A file of texts cannot be read.
    #[error(transparent)]
    Texts(#[from] TextsError),
    /// Storage failed.
    #[error("reading what is published: {0}")]
    Store(String),
    /// A file cannot be written; what was written before it stays.
    #[error("writing {path}: {reason}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl From<StoreError> for OpenDataError {
    fn from(error: StoreError) -> OpenDataError {
        OpenDataError::Store(error.to_string())
    }
}

impl From<Error> for OpenDataError {
    fn from(error: Error) -> OpenDataError {
        OpenDataError::Store(error.to_string())
    }
}

/// What every part of the bundle needs.
struct Making<'a> {
    data: &'a OpenData<'a>,
    zh: Look<'a>,
    en: Look<'a>,
    year: i16,
    out: &'a Path,
}

impl Making<'_> {
    /// First day of the year, and first day after it.
    fn span(&self) -> (Date, Date) {
        (date(self.year, 1, 1), date(self.year + 1, 1, 1))
    }

    /// The last day that is told of: the year's, or today in a year that is not over.
    fn last_day(&self) -> Date {
        date(self.year, 12, 31).min(local_date(self.data.now))
    }
}

/// Writes the bundle of a year into a folder; what it holds, file by file. `said` hears which file is written.
///
/// # Errors
/// See [`OpenDataError`].
pub async fn write(
    data: &OpenData<'_>,
    (year, out): (i16, &Path),
    said: &dyn Fn(&str),
) -> Result<Vec<Dataset>, OpenDataError> {
    if !YEARS.contains(&year) || date(year, 1, 1) > local_date(data.now) {
        return Err(OpenDataError::Year(year));
    }
    std::fs::create_dir_all(out)
        .map_err(|error| OpenDataError::File { path: out.to_owned(), reason: error.to_string() })?;
    let templates = Arc::new(Templates::load(&Ui::default())?);
    let (zh, en) = (Words::plain(templates.clone(), Lang::Zh), Words::plain(templates, Lang::En));
    let making = Making {
        data,
        zh: Look { world: data.world, say: &zh, now: data.now },
        en: Look { world: data.world, say: &en, now: data.now },
        year,
        out,
    };
    let mut sets = vec![figures::write(&making, said).await?];
    for process in data.world.model.processes.values().filter(|process| process.open311.is_some()) {
        sets.push(cases::write(&making, process, said).await?);
    }
    for register in data.world.model.registers.values().filter(|register| rows::is_open(register)) {
        sets.push(rows::write(&making, register, said).await?);
    }
    catalogue::write(&making, &sets, said)?;
    Ok(sets)
}
