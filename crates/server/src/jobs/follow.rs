//! What administrators change on one server and every server holds in memory: accounts and posts, places, outlines, the calendar.
//! A change leaves a stamp, and each server looks for new stamps. Rows are followed through the journal instead.

use crate::app::App;
use crate::error::Error;
use crate::identity::deputies;
use ganglion_geo::PlaceIndex;
use ganglion_geo::geojson::{self, ReadOptions};
use ganglion_kernel::World;
use ganglion_kernel::world::Places;
use ganglion_model::{PlaceCode, PlaceTree};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Accounts and posts.
    People,
    /// Places.
    Places,
    /// Outlines of places.
    Outlines,
}

impl Part {
    const ALL: [Part; 3] = [Part::People, Part::Places, Part::Outlines];

    fn stamp(self) -> &'static str {
        match self {
            Part::People => "changed.people",
            Part::Places => "changed.places",
            Part::Outlines => "changed.outlines",
        }
    }
}

/// Stamps this server has taken in.
#[derive(Default)]
pub struct Seen(Mutex<BTreeMap<Part, String>>);

/// Takes a change made here into the world, and leaves a stamp for the other servers.
///
/// # Errors
/// Of the store, or when places are no tree.
pub async fn changed(app: &App, part: Part) -> Result<(), Error> {
    take(app, part).await?;
    let stamp = app.clock.id().to_string();
    app.store.setting_put(part.stamp(), &stamp).await?;
    app.seen.0.lock().insert(part, stamp);
    Ok(())
}

/// Takes in what other servers changed.
///
/// # Errors
/// As [`changed`]; what was not taken in is tried again.
pub async fn run(app: &App) -> Result<(), Error> {
    super::recompute::follow_overlay(app).await?;
    for part in Part::ALL {
        let Some(stamp) = app.store.setting(part.stamp()).await? else { continue };
        if app.seen.0.lock().get(&part) != Some(&stamp) {
            take(app, part).await?;
            app.seen.0.lock().insert(part, stamp);
        }
    }
    Ok(())
}

async fn take(app: &App, part: Part) -> Result<(), Error> {
    match part {
        Part::People => {
            let posts = Arc::new(deputies::posts(app.store.as_ref()).await?);
            app.world.rcu(|world| Arc::new(World { posts: posts.clone(), ..World::clone(world) }));
            app.accounts_changed();
            Ok(())
        }
        Part::Places => take_places(app, false).await,
        Part::Outlines => take_places(app, true).await,
    }
}

/// Takes the places as they are stored into the world the server works with.
async fn take_places(app: &App, with_outlines: bool) -> Result<(), Error> {
    let places = app.store.places().await?;
    let outlines = if with_outlines { app.store.outlines().await? } else { Vec::new() };
    let built = tokio::task::spawn_blocking(move || {
        let (tree, errors) = PlaceTree::build(places);
        let index = if with_outlines { Some(index(&outlines)?) } else { None };
        if errors.is_empty() { Ok((tree, index)) } else { Err(format!("the places are no tree: {errors:?}")) }
    });
    let (tree, index) = built.await.map_err(|error| Error::Internal(error.to_string()))?.map_err(Error::Internal)?;
    let (tree, index) = (Arc::new(tree), index.map(Arc::new));
    app.world.rcu(|world| {
        let index = index.clone().unwrap_or_else(|| world.places.index.clone());
        let places = Places { tree: tree.clone(), index, ..world.places.clone() };
        Arc::new(World { places, ..World::clone(world) })
    });
    Ok(())
}

fn index(outlines: &[(PlaceCode, String)]) -> Result<PlaceIndex, String> {
    let mut shapes = Vec::with_capacity(outlines.len());
    for (code, geometry) in outlines {
        let feature = format!(
            "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\"}},\"geometry\":{geometry}}}]}}"
        );
        let reading = geojson::read(feature.as_bytes(), &ReadOptions::default());
        let outline = reading.outlines.into_iter().next().ok_or_else(|| format!("the outline of {code}"))?;
        shapes.push((code.padded(), Places::layer(code.level()), outline.geometry));
    }
    PlaceIndex::build(shapes).map_err(|error| error.to_string())
}
