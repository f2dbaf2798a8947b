//! A year of cases loaded once, for the measurements that need one: pages and replay.

use super::{instant, starting};
use crate::database::DatabaseArgs;
use crate::load::harness::Ground;
use anyhow::Result;
use ganglion_kernel::port::CaseFilter;
use std::path::Path;
use tempfile::TempDir;

/// An installation with cases, gone with the handle.
pub struct Filled {
    /// Its world, places and sessions.
    pub ground: Ground,
    /// How many cases were asked for.
    pub cases: usize,
    _folder: Option<TempDir>,
}

/// Takes the installation at `loaded`, or loads `cases` into a fresh one.
///
/// # Errors
/// When the data is bad or the folder cannot be written.
pub fn filled(home: &Path, cases: usize, loaded: Option<&Path>) -> Result<Filled> {
    if let Some(data) = loaded {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ground = runtime.block_on(Ground::prepare(home, data, &DatabaseArgs::of(None)))?;
        let cases = runtime.block_on(async {
            ground.open().await?.case_count(&CaseFilter::default()).await.map_err(anyhow::Error::from)
        })?;
        return Ok(Filled { ground, cases: usize::try_from(cases)?, _folder: None });
    }
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ground = runtime.block_on(Ground::prepare(home, folder.path(), &DatabaseArgs::of(None)))?;
    let start = instant();
    starting::fill(home, folder.path(), cases, &runtime)?;
    crate::err(&format!("{cases} cases were loaded in {:.0} s", start.elapsed().as_secs_f64()));
    Ok(Filled { ground, cases, _folder: Some(folder) })
}
