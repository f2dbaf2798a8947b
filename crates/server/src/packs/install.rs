//! Installing a draft on a store that serves people: looked at again while no command runs, written as one transaction,
//! and taken into the world in one step.

use super::draft::Draft;
use super::obstacle::Obstacle;
use super::scan::{Scan, Scanned};
use super::sources::sealed;
use super::start::{installed_set, reference};
use arc_swap::ArcSwap;
use ganglion_kernel::packs::{Install, InstalledPack, PackSet};
use ganglion_kernel::{Committer, Store, StoreError, World};
use ganglion_model::{Actor, CommandId, Model, Shard};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often an installation begins again because something else was written meanwhile.
const TRIES_MAX: u32 = 20;

/// Why a draft was not installed. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The compiler found errors.
    #[error("the pack has errors")]
    Findings,
    /// Rows are in the way.
    #[error("rows are in the way")]
    Obstacles(Vec<Obstacle>),
    /// Somebody else installed meanwhile: check again.
    #[error("other packs were installed meanwhile: check again")]
    Outdated,
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where and by whom.
pub struct Installing<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// The world of this server.
    pub world: &'a ArcSwap<World>,
    /// The committing loop of this server, held back meanwhile; without one, another server may write beside.
    pub committer: Option<&'a Committer>,
    /// Who.
    pub actor: Actor,
    /// Their account.
    pub by: Option<String>,
    /// Id for the journal line.
    pub command: CommandId,
    /// Now.
    pub now: Timestamp,
    /// Told on the way: rows done, rows in all.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Installing<'_> {
    /// The world as it would be with `model`, and the line of the deployment's journal its reference rows were read at.
    async fn world_with(&self, model: Model) -> Result<(World, u64), StoreError> {
        let heads = self.store.positions().await?;
        let seq = heads.iter().find(|(shard, _)| *shard == Shard::DEPLOYMENT).map_or(0, |(_, seq)| *seq);
        let reference = Arc::new(reference(self.store, &model).await?);
        let fresh = Arc::default();
        Ok((World { model: Arc::new(model), reference, fresh, ..World::clone(&self.world.load()) }, seq))
    }

    /// What is in the way of `draft` now.
    ///
    /// # Errors
    /// [`InstallError::Findings`] for a draft without a model; the store's.
    pub async fn look(&self, draft: &Draft) -> Result<Vec<Obstacle>, InstallError> {
        let model = draft.model.clone().ok_or(InstallError::Findings)?;
        let (world, _) = self.world_with(model).await?;
        Ok(self.scan(&world).await?.obstacles)
    }

    async fn scan(&self, world: &World) -> Result<Scanned, StoreError> {
        let old = self.world.load().model.clone();
        Scan { store: self.store, old: &old, world, now: self.now, progress: self.progress }.run().await
    }
}

/// Installs `draft`; gives the new set.
///
/// # Errors
/// See [`InstallError`].
pub async fn install(parts: &Installing<'_>, draft: &Draft) -> Result<PackSet, InstallError> {
    let model = draft.model.clone().ok_or(InstallError::Findings)?;
    let _turn = match parts.committer {
        Some(committer) => Some(committer.pause().await),
        None => None,
    };
    let mut tries = 0;
    loop {
        match attempt(parts, draft, &model).await {
            Err(InstallError::Store(StoreError::Moved(_))) if tries < TRIES_MAX => tries += 1,
            Err(InstallError::Store(StoreError::PacksChanged)) => return Err(InstallError::Outdated),
            other => return other,
        }
    }
}

async fn attempt(parts: &Installing<'_>, draft: &Draft, model: &Model) -> Result<PackSet, InstallError> {
    let current = installed_set(parts.store).await?;
    let base = current.as_ref().map_or(0, |set| set.number);
    let old = parts.world.load().model.clone();
    if old.number != base {
        return Err(InstallError::Outdated);
    }
    let number = base + 1;
    let (world, expected_seq) = parts.world_with(Model { number, ..model.clone() }).await?;
    let Scanned { obstacles, unique } = parts.scan(&world).await?;
    if !obstacles.is_empty() {
        return Err(InstallError::Obstacles(obstacles));
    }
    let (packs, sources) = kept(draft, model, current.as_ref());
    let set = PackSet { number, at: parts.now, by: parts.by.clone(), packs };
    // The first set names what has been running: nothing it counts changes.
    let first = base == 0 && draft.shipped;
    let install = Install {
        set: set.clone(),
        expected_seq,
        sources,
        actor: parts.actor.clone(),
        command: parts.command,
        world: &world,
        measures: if first { Vec::new() } else { Draft::measures(&old, model) },
        clocks: Draft::clocks_gone(&old, model),
        unique,
        progress: parts.progress,
    };
    parts.store.packs_install(&install).await?;
    // What follows from the model beside figures; a start does it again if this is cut off here.
    ganglion_store::rebuild::installed(parts.store, &world).await?;
    ganglion_store::rebuild::counted(parts.store, &world).await?;
    let (model, reference) = (world.model.clone(), world.reference.clone());
    parts.world.rcu(|world| {
        let (model, reference, fresh) = (model.clone(), reference.clone(), Arc::default());
        Arc::new(World { model, reference, fresh, ..World::clone(world) })
    });
    Ok(set)
}

/// The packs of the set with their digests, and the sources to keep.
fn kept(
    draft: &Draft,
    model: &Model,
    current: Option<&PackSet>,
) -> (BTreeMap<String, InstalledPack>, Vec<(String, String)>) {
    let (mut packs, mut sources) = (BTreeMap::new(), Vec::new());
    for (name, files) in &draft.sources.0 {
        let (digest, body) = sealed(files);
        let before = current.and_then(|set| set.packs.get(name)).is_some_and(|pack| pack.shipped);
        let shipped = if draft.put.contains(name) { draft.shipped } else { before };
        let version = model.packs.get(name).map(|pack| pack.version.clone()).unwrap_or_default();
        packs.insert(name.clone(), InstalledPack { version, digest: digest.clone(), shipped });
        sources.push((digest, body));
    }
    (packs, sources)
}
