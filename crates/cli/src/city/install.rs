//! Putting a city's places and outlines into an empty store.

use super::{divisions, outlines, people::People};
use anyhow::{Context as _, Result};
use ganglion_kernel::Store;
use ganglion_model::{Place, PlaceCode, PlaceTree};
use jiff::civil::Date;
use serde::Deserialize;
use std::path::Path;

/// A city's description, `data/city.json`.
#[derive(Deserialize)]
pub struct City {
    /// The place the installation serves.
    pub root: PlaceCode,
    /// Name of the edition the outlines belong to.
    pub edition: String,
    /// First day of the grids.
    pub grids_from: Date,
    /// Folder of editions.
    pub divisions: String,
    /// Endings of official names that people leave out ("… Village Committee").
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// Files of outlines.
    pub outlines: Vec<String>,
}

impl City {
    /// Reads the description.
    ///
    /// # Errors
    /// When it is missing or bad.
    pub fn read(home: &Path) -> Result<City> {
        let path = home.join("data/city.json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }
}

/// Reads everything first, then writes: a bad file changes nothing.
///
/// # Errors
/// Names every bad line or feature.
pub async fn install(store: &dyn Store, home: &Path, city: &City, people: &People) -> Result<PlaceTree> {
    let mut places: Vec<Place> = divisions::from_folder(&home.join(&city.divisions))?;
    for place in &mut places {
        let short = city.leave_out.iter().find_map(|ending| place.name.strip_suffix(ending.as_str()));
        if let Some(short) = short.filter(|short| !short.is_empty()).map(str::to_owned) {
            place.official = Some(std::mem::replace(&mut place.name, short));
        }
    }
    let mut geometries = Vec::new();
    let grid_name = |code, village: &str| people.grid_name(code, village);
    for file in &city.outlines {
        let read = outlines::read(&home.join(file))?;
        outlines::apply(&mut places, &read, &grid_name, city.grids_from);
        geometries.extend(read.geometries);
    }
    let (tree, errors) = PlaceTree::build(places.clone());
    anyhow::ensure!(errors.is_empty(), "the places are no tree: {errors:?}");
    store.places_set(&places).await?;
    store.outlines_set(&geometries).await?;
    store.setting_put("root", &city.root.to_string()).await?;
    store.setting_put("edition", &city.edition).await?;
    Ok(tree)
}
