//! Outlines of places as they are kept, read once for each edition: for features and tiles, which need them whole.

use crate::app::App;
use crate::error::Error;
use ganglion_geo::Geometry;
use ganglion_geo::geojson::outline_of;
use ganglion_geo::geometry::Bounds;
use ganglion_geo::measure::label_point;
use ganglion_model::PlaceCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The outline of a place.
#[derive(Debug)]
pub struct Outline {
    /// The smallest box around it.
    pub bounds: Bounds,
    /// It.
    pub shape: Geometry,
    /// A point inside it, where its name is written.
    pub label: Option<[f64; 2]>,
}

/// Outlines by code.
pub type ByCode = Arc<BTreeMap<PlaceCode, Outline>>;

/// Outlines of the edition in force, read at the first request.
#[derive(Default)]
pub struct Shapes {
    read: Mutex<Option<(String, ByCode)>>,
}

impl Shapes {
    /// The outlines of the edition in force.
    ///
    /// # Errors
    /// Storage.
    pub async fn of(&self, app: &App) -> Result<ByCode, Error> {
        let edition = app.world.load().places.edition.clone();
        let mut read = self.read.lock().await;
        if let Some((_, outlines)) = read.as_ref().filter(|(known, _)| *known == edition) {
            return Ok(outlines.clone());
        }
        let stored = app.store.outlines().await?;
        let outlines = tokio::task::spawn_blocking(move || {
            let outline = |(code, geometry): (PlaceCode, String)| {
                let area = outline_of(&geometry)?;
                let label = label_point(&area).map(|point| [point.x(), point.y()]);
                let shape = Geometry::Area(area);
                Some((code, Outline { bounds: shape.bounds()?, shape, label }))
            };
            Arc::new(stored.into_iter().filter_map(outline).collect::<BTreeMap<PlaceCode, Outline>>())
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
        *read = Some((edition, outlines.clone()));
        Ok(outlines)
    }
}
