//! Setting up an installation: places and outlines from files into the store, and the world from the store.
//!
//! Nothing here knows a particular city: which files make one is said by its folder (`data/` for the demonstration).

pub mod divisions;
pub mod install;
pub mod outlines;
pub mod people;
pub mod world;

use std::path::{Path, PathBuf};

/// The folder with `data/` and `packs/`: named on the command line or in the environment, beside the working directory, or
/// the checkout this binary was built from.
#[must_use]
pub fn home(named: Option<&Path>) -> PathBuf {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let candidates = [named.map(Path::to_owned), Some(PathBuf::from(".")), Some(built_in)];
    candidates
        .into_iter()
        .flatten()
        .find(|dir| dir.join("packs").is_dir() && dir.join("data").is_dir())
        .unwrap_or_else(|| PathBuf::from("."))
}
