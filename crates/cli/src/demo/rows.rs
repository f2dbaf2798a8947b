//! Rows that registers of the demonstration hold beside those that come with packs: one for each place of a level. A file says
//! which; nothing here knows a register.

use crate::city::people::People;
use anyhow::{Context as _, Result, ensure};
use arc_swap::ArcSwap;
use ganglion_kernel::commit::{Committer, CommitterSettings, WallClock, Works};
use ganglion_kernel::seal::Key;
use ganglion_kernel::{Store, World};
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::pack::Scope;
use ganglion_model::{CommandId, Fields, Level, PlaceCode, PlaceTree, Record, Shard};
use jiff::Timestamp;
use jiff::civil::Date;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// One row for each place of a level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    register: String,
    each: Level,
    /// Not inside these: they have theirs.
    #[serde(default)]
    outside: Vec<PlaceCode>,
    key: String,
    #[serde(default)]
    valid_from: Option<Date>,
    fields: Fields,
}

/// Reads the file.
///
/// # Errors
/// When it is missing or bad.
pub fn read(path: &Path) -> Result<Vec<Rows>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

fn filled(value: &Value, fill: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(items) => items.iter().map(|item| filled(item, fill)).collect(),
        other => other.clone(),
    }
}

/// The rows for the places of `tree` on `day`, drawn with `seed`.
///
/// # Errors
/// Names a register that is not there.
pub fn records(all: &[Rows], world: &World, people: &People, (day, seed): (Date, u64)) -> Result<Vec<Record>> {
    let tree: &PlaceTree = &world.places.tree;
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut records = Vec::new();
    for rows in all {
        let register = world.model.registers.get(&rows.register);
        let register = register.with_context(|| format!("there is no register {}", rows.register))?;
        let places = tree.all(day).filter(|place| place.code.level() == rows.each);
        for place in places.filter(|place| !rows.outside.iter().any(|outside| outside.holds(place.code))) {
            let code = place.code.to_string();
            let (person, phone) = (people.name(&mut rng), format!("139{:08}", rng.random_range(0..100_000_000_u32)));
            let parts = [("{code}", &code), ("{name}", &place.name), ("{person}", &person), ("{phone}", &phone)];
            let fill = |text: &str| parts.iter().fold(text.to_owned(), |text, (part, value)| text.replace(part, value));
            let by_place = register.scope != Scope::Deployment;
            records.push(Record {
                register: rows.register.clone(),
                shard: if by_place { place.code.shard() } else { Shard::DEPLOYMENT },
                key: fill(&rows.key),
                version: 1,
                place: by_place.then_some(place.code),
                valid_from: rows.valid_from.filter(|_| register.dated),
                valid_to: None,
                updated_at: Timestamp::UNIX_EPOCH,
                fields: rows.fields.iter().map(|(name, value)| (name.clone(), filled(value, &fill))).collect(),
                authority: None,
                documents: Vec::new(),
            });
        }
    }
    Ok(records)
}

/// Puts the rows as the system does, through the committing loop like everything else.
///
/// # Errors
/// When one is refused, or the store fails.
pub async fn put(
    store: Arc<dyn Store>,
    world: World,
    (clock, master): (Arc<dyn WallClock>, Key),
    records: Vec<Record>,
) -> Result<usize> {
    let world = Arc::new(ArcSwap::from_pointee(world));
    let works =
        Works { store, world, clock: clock.clone(), ring: master.into(), settings: CommitterSettings::default() };
    let (committer, thread) = Committer::start(works)?;
    let count = records.len();
    let mut waiting = tokio::task::JoinSet::new();
    for record in records {
        let (committer, id, shard) = (committer.clone(), CommandId(clock.id()), record.shard);
        let body = Body::Put { record };
        waiting.spawn(async move { committer.send(Command { id, shard, actor: Actor::System, body }).await });
        // A few hundred at once share a write; the queue of the loop is bounded.
        if waiting.len() >= 256 {
            done(&mut waiting).await?;
        }
    }
    done(&mut waiting).await?;
    drop(committer);
    ensure!(thread.join().is_ok(), "the committing loop stopped");
    Ok(count)
}

async fn done(
    waiting: &mut tokio::task::JoinSet<Result<ganglion_model::change::Outcome, ganglion_kernel::CommitError>>,
) -> Result<()> {
    while let Some(sent) = waiting.join_next().await {
        sent.context("a row of the demonstration")?.context("a row of the demonstration")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_ships_can_be_read_and_says_that_it_is_invented() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo/rows.yaml");
        let rows = read(&path).unwrap();
        assert!(rows.len() >= 3);
        assert!(std::fs::read_to_string(path).unwrap().contains("合成"));
    }

    #[test]
    fn parts_are_filled_in_wherever_they_stand() {
        let fill = |text: &str| text.replace("{name}", "东镇");
        let value = serde_json::json!(["{name}会", 7, true]);
        assert_eq!(filled(&value, &fill), serde_json::json!(["东镇会", 7, true]));
    }
}
