//! Publishing figures: frozen with the journals they rest on, so that anybody can count them again from the same lines and get
//! the same digits.

use super::{Reader, is_judged};
use crate::lookup::FigureAsked;
use crate::merkle::{Hash, leaf_hash};
use crate::port::{Store, StoreError};
use crate::rules::JUDGED;
use crate::world::World;
use ganglion_indicators::{Figure, When};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Formula, Indicator};
use ganglion_model::published::Published;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How often figures are counted again because somebody wrote meanwhile.
const TRIES_MAX: u32 = 5;

/// Lines and Merkle root of journals, by shard.
pub type Journals = BTreeMap<u32, (u64, String)>;

/// A hash in hexadecimal digits.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where every journal stands.
///
/// # Errors
/// Storage.
pub async fn journals(store: &dyn Store) -> Result<Journals, StoreError> {
    let shards = store.shards().await?;
    Ok(shards.into_iter().map(|(shard, head)| (shard.0, (head.seq, hex(&head.frontier.root())))).collect())
}

/// Hash over an indicator and every measure, indicator and rule it is read from: whoever changes one of them changes it.
#[must_use]
pub fn definition(world: &World, indicator: &Indicator) -> String {
    let (mut indicators, mut open) = (BTreeMap::new(), vec![indicator]);
    let (mut measures, mut rules) = (BTreeSet::new(), BTreeMap::new());
    while let Some(one) = open.pop() {
        if indicators.insert(one.name.as_str(), one).is_none() {
            measures.extend(one.formula.measures());
            if let Formula::Broken(name) = &one.formula {
                rules.extend(world.model.rules.get(name).map(|rule| (name, rule)));
            }
            open.extend(one.formula.figures().into_iter().filter_map(|name| world.model.indicators.get(name)));
        }
    }
    let measures: Vec<_> = measures.into_iter().filter_map(|name| world.model.measures.get(name)).collect();
    let text = serde_json::to_string(&(indicators, measures)).unwrap_or_default();
    // Without rules the hash is the one that figures were published with before rules could stand behind them.
    let rules = if rules.is_empty() { String::new() } else { serde_json::to_string(&rules).unwrap_or_default() };
    hex(&leaf_hash((text + &rules).as_bytes()))
}

/// Whether what stands behind an indicator can be worked out again from the journal: the list of a rule that looks at today only
/// once the rules were judged for the day.
///
/// # Errors
/// Storage.
pub async fn is_current(
    store: &dyn Store,
    world: &World,
    indicator: &Indicator,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if !is_judged(&world.model, indicator) {
        return Ok(true);
    }
    Ok(store.setting(JUDGED).await?.is_some_and(|day| day == local_date(at).to_string()))
}

/// A figure with everything that freezes it. `figure` was counted when the journals stood as they say.
#[must_use]
pub fn frozen(
    world: &World,
    (indicator, asked): (&Indicator, &FigureAsked),
    figure: Figure,
    (journals, at): (&Journals, Timestamp),
) -> Published {
    let pack = world.model.packs.get(&indicator.pack);
    Published {
        indicator: asked.indicator.clone(),
        place: asked.place,
        place_name: world.places.name(asked.place, local_date(at)),
        period: asked.period.clone(),
        value: figure.shown,
        exact: figure.exact,
        rows: figure.rows,
        pack: pack.map(|pack| format!("{} {}", pack.name, pack.version)).unwrap_or_default(),
        definition: definition(world, indicator),
        edition: world.places.edition.clone(),
        at,
        journals: journals.clone(),
    }
}

/// Counts what is asked for as of the lines written so far. A figure that cannot be counted (its indicator is gone, or too
/// much stands behind it) is `None`: whoever wanted to publish it is refused, and nobody else.
///
/// # Errors
/// Storage.
pub async fn published(
    store: &dyn Store,
    world: &World,
    asked: &[FigureAsked],
    at: Timestamp,
) -> Result<Vec<(FigureAsked, Option<Published>)>, StoreError> {
    let mut before = journals(store).await?;
    for _ in 0..TRIES_MAX {
        let mut all = Vec::with_capacity(asked.len());
        for one in asked {
            all.push((one.clone(), count(store, world, one, (&before, at)).await));
        }
        let after = journals(store).await?;
        if after == before {
            return Ok(all);
        }
        before = after;
    }
    tracing::warn!(tries = TRIES_MAX, "figures to be published never stood still");
    Ok(asked.iter().map(|one| (one.clone(), None)).collect())
}

async fn count(
    store: &dyn Store,
    world: &World,
    asked: &FigureAsked,
    (journals, at): (&Journals, Timestamp),
) -> Option<Published> {
    let indicator = world.model.indicators.get(&asked.indicator)?;
    let span = When::parse(&asked.period)?.span();
    if !is_current(store, world, indicator, at).await.unwrap_or(false) {
        tracing::warn!(indicator = %asked.indicator, "rules that look at today are not judged for today yet");
        return None;
    }
    let reader = Reader { tally: &store, world, today: local_date(at) };
    match reader.read(indicator, &[asked.place], &[span], false).await {
        Ok(got) => {
            let figure = got.into_iter().flatten().next()?.figure;
            Some(frozen(world, (indicator, asked), figure, (journals, at)))
        }
        Err(error) => {
            tracing::warn!(%error, indicator = %asked.indicator, "a figure to be published could not be counted");
            None
        }
    }
}
