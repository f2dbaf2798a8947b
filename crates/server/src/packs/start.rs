//! Packs when a server starts, and when another server on the same store installs some.
//!
//! The installed versions run. Packs nobody has put there by hand follow the folder of packs that ship: what is new or
//! different there becomes the next set, if no row is in the way.

use super::draft::Draft;
use super::install::{InstallError, Installing, install};
use super::sources::{PackFiles, Sources, SourcesError, from_folder};
use crate::app::App;
use crate::error::Error;
use ganglion_kernel::packs::{PackSet, REGISTER};
use ganglion_kernel::world::{ReferenceRows, put_version, seeded};
use ganglion_kernel::{Store, StoreError, World};
use ganglion_model::{Model, Shard};
use ganglion_pack::compile;
use std::path::Path;
use std::sync::Arc;

/// Why packs could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum StartPacksError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A folder.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// The sources in the store cannot be used by this program.
    #[error("the installed packs cannot be read by this program:\n{0}")]
    Findings(String),
    /// A source is not in the store.
    #[error("the sources of the pack `{0}` are missing from the store")]
    Missing(String),
}

/// What is installed.
#[derive(Clone)]
pub struct Installed {
    /// The newest set.
    pub set: PackSet,
    /// Its sources.
    pub sources: Sources,
}

impl Installed {
    /// The model of the set.
    ///
    /// # Errors
    /// Findings, when this program reads packs differently from the one that installed them.
    pub fn model(&self) -> Result<Model, StartPacksError> {
        let (model, findings) = compile(&self.sources.packs());
        let model = model.ok_or_else(|| StartPacksError::Findings(findings.to_string()))?;
        Ok(Model { number: self.set.number, ..model })
    }
}

/// The newest set, if any.
///
/// # Errors
/// Of the store.
pub async fn installed_set(store: &dyn Store) -> Result<Option<PackSet>, StoreError> {
    let records = store.records(Shard::DEPLOYMENT, REGISTER).await?;
    Ok(records.iter().filter_map(PackSet::of).max_by_key(|set| set.number))
}

/// What is installed, with its sources.
///
/// # Errors
/// Of the store, or when sources are missing.
pub async fn installed(store: &dyn Store) -> Result<Option<Installed>, StartPacksError> {
    let Some(set) = installed_set(store).await? else { return Ok(None) };
    let mut sources = Sources::default();
    for (name, pack) in &set.packs {
        let body = store.pack_source(&pack.digest).await?;
        let files: Option<PackFiles> = body.and_then(|body| serde_json::from_str(&body).ok());
        sources.0.insert(name.clone(), files.ok_or_else(|| StartPacksError::Missing(name.clone()))?);
    }
    Ok(Some(Installed { set, sources }))
}

/// Packs that ship and are not what is installed of them.
fn differing(folder: &Path, current: Option<&Installed>) -> Result<Vec<(String, PackFiles)>, SourcesError> {
    let failed = |error: std::io::Error| SourcesError::Folder(format!("{}: {error}", folder.display()));
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !path.join("pack.yaml").is_file() {
            continue;
        }
        let (name, files) = from_folder(&path)?;
        let by_hand = current.and_then(|one| one.set.packs.get(&name)).is_some_and(|pack| !pack.shipped);
        let same = current.and_then(|one| one.sources.0.get(&name)).is_some_and(|kept| *kept == files);
        if !by_hand && !same {
            all.push((name, files));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

/// Takes over what ships and is new or different; gives what kept it from being taken, in words. `parts.world` has the
/// model of what is installed, or, before the first set, the one compiled from `folder`.
///
/// # Errors
/// Of the store or the folder; rows in the way are no error, the installed versions then stay.
pub async fn adopt_shipped(parts: &Installing<'_>, folder: &Path) -> Result<Option<String>, StartPacksError> {
    let current = installed(parts.store).await?;
    let put = differing(folder, current.as_ref())?;
    if put.is_empty() {
        return Ok(None);
    }
    let sources = current.map(|one| one.sources).unwrap_or_default();
    let old = parts.world.load().model.clone();
    let draft = Draft { shipped: true, ..Draft::new(&sources, &old, put, &[]) };
    match install(parts, &draft).await {
        Ok(_) | Err(InstallError::Outdated) => Ok(None),
        Err(InstallError::Findings) => Ok(Some(draft.findings.to_string())),
        Err(InstallError::Obstacles(all)) => {
            Ok(Some(all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
        }
        Err(InstallError::Store(error)) => Err(error.into()),
    }
}

/// Takes the packs another server installed into this server's world.
///
/// # Errors
/// Of the store; the world then stays as it is, and batches decided by it are refused by the store.
pub async fn follow(app: &App) -> Result<(), Error> {
    let known = app.world.load().model.number;
    let newest = installed_set(app.store.as_ref()).await?.map_or(0, |set| set.number);
    if known == 0 || newest <= known {
        return Ok(());
    }
    let failed = |error: StartPacksError| Error::Internal(error.to_string());
    let Some(found) = installed(app.store.as_ref()).await.map_err(failed)? else { return Ok(()) };
    let model = Arc::new(found.model().map_err(failed)?);
    let reference = Arc::new(reference(app.store.as_ref(), &model).await?);
    app.world.rcu(|world| {
        // Installed here meanwhile: that world is newer.
        if world.model.number >= model.number {
            return world.clone();
        }
        let fresh = Arc::default();
        Arc::new(World { model: model.clone(), reference: reference.clone(), fresh, ..World::clone(world) })
    });
    tracing::info!(number = found.set.number, "took over packs installed by another server");
    Ok(())
}

/// Seed rows of deployment registers, with what was changed since laid over them.
///
/// # Errors
/// Of the store.
pub async fn reference(store: &dyn Store, model: &Model) -> Result<ReferenceRows, StoreError> {
    let mut rows = seeded(model);
    for record in store.record_versions(Shard::DEPLOYMENT).await? {
        if let Some(by_key) = rows.get_mut(&record.register) {
            put_version(Arc::make_mut(by_key.entry(record.key.clone()).or_default()), record);
        }
    }
    Ok(rows)
}
