//! The world from the store: packs compiled, places and outlines indexed, registers and posts loaded.

use anyhow::{Context as _, Result, bail};
use arc_swap::ArcSwap;
use ganglion_geo::PlaceIndex;
use ganglion_geo::geojson::{self, ReadOptions};
use ganglion_kernel::Store;
use ganglion_kernel::clocks::{Calendar, Office};
use ganglion_kernel::commit::WallClock;
use ganglion_kernel::world::{Places, World};
use ganglion_model::{Actor, CommandId, Model, PlaceCode, PlaceTree};
use ganglion_server::packs::{Installing, adopt_shipped, installed};
use ganglion_store::rebuild;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folders of packs in `dir`, in order.
///
/// # Errors
/// When it cannot be read.
pub fn pack_folders(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(dir)
        .with_context(|| format!("reading {}", dir.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("pack.yaml").is_file())
        .collect();
    folders.sort();
    Ok(folders)
}

/// Compiles every pack in `dir`.
///
/// # Errors
/// All findings, when one of them is an error.
pub fn packs(dir: &Path) -> Result<Model> {
    let (model, findings) = ganglion_pack::compile_folders(&pack_folders(dir)?)?;
    match model {
        Some(model) => Ok(model),
        None => bail!("the packs in {} have errors:\n{findings}", dir.display()),
    }
}

/// Office hours and calendar of an installation, from its data folder.
///
/// # Errors
/// When the calendar has bad lines.
pub fn office(home: &Path) -> Result<Office> {
    let path = home.join("data/calendar/cn-workdays.csv");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let calendar = Calendar::parse(&text).context("the calendar")?;
    Ok(Office { calendar: Arc::new(calendar), hours: "08:00-12:00,14:00-18:00".parse().context("office hours")? })
}

/// Builds the place index from stored outlines.
///
/// # Errors
/// When a stored outline cannot be read.
pub fn index(outlines: &[(PlaceCode, String)]) -> Result<PlaceIndex> {
    let mut shapes = Vec::with_capacity(outlines.len());
    for (code, geometry) in outlines {
        let feature = format!(
            "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\"}},\"geometry\":{geometry}}}]}}"
        );
        let reading = geojson::read(feature.as_bytes(), &ReadOptions::default());
        let outline = reading.outlines.into_iter().next().with_context(|| format!("outline of {code}"))?;
        shapes.push((code.padded(), Places::layer(code.level()), outline.geometry));
    }
    Ok(PlaceIndex::build(shapes)?)
}

/// Loads the world of an installation, with the packs that are installed, or those that ship where none were ever installed.
///
/// # Errors
/// As [`load`].
pub async fn of(store: &dyn Store, home: &Path) -> Result<World> {
    let model = match installed(store).await? {
        Some(found) => found.model()?,
        None => packs(&home.join("packs"))?,
    };
    load(store, model, office(home)?).await
}

/// Loads the world.
///
/// # Errors
/// When the store has no places yet, or something in it or in the packs cannot be read.
pub async fn load(store: &dyn Store, model: Model, office: Office) -> Result<World> {
    let (tree, errors) = PlaceTree::build(store.places().await?);
    if tree.is_empty() {
        bail!("this installation has no places yet: import some with `ganglion import places`");
    }
    for error in errors {
        tracing::warn!(%error, "the place tree has a fault");
    }
    let root = store.setting("root").await?.context("setting `root` is missing: import places again")?;
    let edition = store.setting("edition").await?.unwrap_or_default();
    let outlines = store.outlines().await?;
    let places = Places {
        tree: Arc::new(tree),
        index: Arc::new(index(&outlines)?),
        edition,
        root: root.parse().context("setting `root`")?,
    };
    let reference = ganglion_server::packs::reference(store, &model).await?;
    let posts = ganglion_server::identity::deputies::posts(store).await?;
    Ok(World {
        model: Arc::new(model),
        places,
        office,
        reference: Arc::new(reference),
        fresh: Arc::default(),
        areas: ganglion_kernel::areas::Areas::default(),
        posts: Arc::new(posts),
    })
}

/// The world an installation runs: by the packs that are installed in its store, after what ships in `home` was taken over.
///
/// # Errors
/// As [`load`]; or when the installed packs cannot be read.
pub async fn running(store: Arc<dyn Store>, home: &Path, clock: &dyn WallClock) -> Result<Arc<ArcSwap<World>>> {
    let (world, _) = as_it_is(&store, home).await?;
    adopt(store.as_ref(), &world, (home, clock)).await?;
    Ok(world)
}

/// As [`running`], but packs that are installed are left as they are: what a newer program ships may be more than older servers, which run
/// beside it during an upgrade, can read.
///
/// # Errors
/// As [`running`].
pub async fn running_beside_older(
    store: Arc<dyn Store>,
    home: &Path,
    clock: &dyn WallClock,
) -> Result<Arc<ArcSwap<World>>> {
    let (world, are_installed) = as_it_is(&store, home).await?;
    if !are_installed {
        adopt(store.as_ref(), &world, (home, clock)).await?;
    }
    Ok(world)
}

/// The world by the packs that are installed, or by those that ship when none are; says which.
async fn as_it_is(store: &Arc<dyn Store>, home: &Path) -> Result<(Arc<ArcSwap<World>>, bool)> {
    let found = installed(store.as_ref()).await?;
    let are_installed = found.is_some();
    let model = match found {
        Some(found) => found.model()?,
        None => packs(&home.join("packs"))?,
    };
    let loaded = load(store.as_ref(), model, office(home)?).await?;
    let rules = rebuild::installed(store.as_ref(), &loaded).await?;
    if !rules.is_empty() {
        tracing::info!(?rules, "rows that break these rules were found again");
    }
    // Packs that measure otherwise than those before are counted before anybody reads or writes.
    let recounted = rebuild::recount_if_changed(store, &loaded).await.context("counting the figures anew")?;
    if let Some(facts) = recounted {
        tracing::info!(facts, "figures were counted anew, since what is measured has changed");
    }
    Ok((Arc::new(ArcSwap::from_pointee(loaded)), are_installed))
}

/// Takes over what ships.
async fn adopt(store: &dyn Store, world: &ArcSwap<World>, (home, clock): (&Path, &dyn WallClock)) -> Result<()> {
    let silent = |_: u64, _: u64| {};
    let parts = Installing {
        store,
        world,
        committer: None,
        actor: Actor::System,
        by: None,
        command: CommandId(clock.id()),
        now: clock.now(),
        progress: &silent,
    };
    if let Some(reason) = adopt_shipped(&parts, &home.join("packs")).await? {
        tracing::warn!(%reason, "the packs that ship were not taken over; the installed ones serve");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::install::{City, install};
    use crate::city::people::People;
    use crate::system::Machine;
    use ganglion_store::SqliteStore;

    #[test]
    fn packs_that_ship_are_left_alone_beside_older_servers_and_taken_over_afterwards() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let newer = tempfile::tempdir().unwrap();
        let copy = std::process::Command::new("cp").arg("-r").arg(shipped.join("packs")).arg(newer.path()).status();
        assert!(copy.unwrap().success());
        std::os::unix::fs::symlink(shipped.join("data"), newer.path().join("data")).unwrap();
        let pack = newer.path().join("packs/grid/pack.yaml");
        let text = std::fs::read_to_string(&pack).unwrap();
        std::fs::write(&pack, format!("{text}\n# a later version\n")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::memory().unwrap();
            let (city, people) = (City::read(&shipped).unwrap(), People::read(&shipped).unwrap());
            install(store.as_ref(), &shipped, &city, &people).await.unwrap();
            let machine = Machine::new();
            let before = running(store.clone(), &shipped, &machine).await.unwrap().load().model.number;
            let beside = running_beside_older(store.clone(), newer.path(), &machine).await.unwrap();
            assert_eq!(beside.load().model.number, before);
            let afterwards = running(store, newer.path(), &machine).await.unwrap();
            assert_eq!(afterwards.load().model.number, before + 1);
        });
    }
}
