//! Everything a person wants to know before a draft is installed: findings, differences, rows in the way, what it asks of
//! villages, and what routing and clocks would have done with past cases.

use super::draft::Draft;
use super::install::{InstallError, Installing};
use super::obstacle::Obstacle;
use super::replay::{Replayed, replay_days};
use super::start::reference;
use ganglion_kernel::{StoreError, World};
use ganglion_model::{Level, Model, Posts, Text};
use ganglion_pack::{Burden, Difference, Findings, Severity, burden};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Days past cases are replayed over.
pub const REPLAY_DAYS: u32 = 90;

/// What there is to know about a draft.
#[derive(Serialize)]
pub struct Review {
    /// What the compiler says.
    pub findings: Findings,
    /// What would change.
    pub differences: Vec<Difference>,
    /// What is in the way.
    pub obstacles: Vec<Obstacle>,
    /// What it asks of villages.
    pub burden: Vec<Burden>,
    /// Roles of the packs that no post holds today: until one does, nobody can do what they are for.
    pub unheld: Vec<Unheld>,
    /// What it would have done with past cases; none when neither routing nor clocks change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replayed>,
    /// Nothing is in the way, and something changes.
    pub installable: bool,
}

/// A role that no post holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unheld {
    /// Name.
    pub role: String,
    /// Title.
    pub title: Text,
    /// Levels at which posts of it may stand.
    pub levels: Vec<Level>,
}

/// Roles that the packs called `names` declare and no post holds on `day`.
#[must_use]
pub fn unheld(model: &Model, posts: &Posts, (names, day): (&[String], Date)) -> Vec<Unheld> {
    let held: BTreeSet<&str> = posts
        .all()
        .filter(|post| post.valid_on(day) && post.account.is_some())
        .map(|post| post.role.as_str())
        .collect();
    let mut seen = BTreeSet::new();
    let roles = names.iter().filter_map(|name| model.packs.get(name)).flat_map(|pack| &pack.roles);
    roles
        .filter(|role| !held.contains(role.as_str()) && seen.insert(role.as_str()))
        .filter_map(|role| model.roles.get(role))
        .map(|role| Unheld { role: role.name.clone(), title: role.title.clone(), levels: role.levels.clone() })
        .collect()
}

/// Errors, and what is doubtful in the packs that are put; what is doubtful in others was there before.
fn told(draft: &Draft) -> Findings {
    let is_own = |file: &str| draft.put.iter().any(|name| file.starts_with(&format!("{name}/")));
    let all = draft.findings.iter().filter(|one| one.severity == Severity::Error || is_own(&one.file));
    Findings(all.cloned().collect())
}

/// Looks at a draft over the live rows.
///
/// # Errors
/// Of the store.
pub async fn review(parts: &Installing<'_>, draft: &Draft) -> Result<Review, StoreError> {
    let world = parts.world.load_full();
    let today = ganglion_model::clocks::local_date(parts.now);
    let unheld = draft.model.as_ref().map(|model| unheld(model, &world.posts, (draft.put.as_slice(), today)));
    let unheld = unheld.unwrap_or_default();
    let found = |obstacles: Vec<Obstacle>, burden, replay| Review {
        findings: told(draft),
        unheld: unheld.clone(),
        differences: draft.differences.clone(),
        installable: draft.model.is_some() && obstacles.is_empty() && !draft.differences.is_empty(),
        obstacles,
        burden,
        replay,
    };
    let Some(model) = &draft.model else { return Ok(found(Vec::new(), Vec::new(), None)) };
    let obstacles = match parts.look(draft).await {
        Ok(obstacles) => obstacles,
        Err(InstallError::Store(error)) => return Err(error),
        Err(_) => Vec::new(),
    };
    let inside = world.places.tree.inside(world.places.root, today);
    let villages = inside.filter(|place| place.code.level() == Level::Village).count();
    let villages = u32::try_from(villages).unwrap_or(u32::MAX);
    let burden = draft.put.iter().flat_map(|name| burden(model, name, villages)).collect();
    let replay = if Draft::is_replayable(&world.model, model) {
        Some(replayed(parts, &world, model, REPLAY_DAYS).await?)
    } else {
        None
    };
    Ok(found(obstacles, burden, replay))
}

/// Replays the cases of the last `days` days by `model`.
///
/// # Errors
/// Of the store.
pub async fn replayed(parts: &Installing<'_>, world: &World, model: &Model, days: u32) -> Result<Replayed, StoreError> {
    let reference = Arc::new(reference(parts.store, model).await?);
    let draft = World { model: Arc::new(model.clone()), reference, fresh: Arc::default(), ..world.clone() };
    replay_days(parts.store, (world, &draft), days, parts.now, parts.progress).await
}
