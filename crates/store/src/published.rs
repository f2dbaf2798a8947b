//! Published values: a figure frozen with everything that is needed to work it out again, to the digit, later. The journal up
//! to the lines named is the proof: played again it must give the roots named and, counted by the same definition, the value.
//! Left out: where the file is kept and who was told; that is the publisher's business.

use crate::SqliteStore;
use crate::rebuild::recount;
use crate::replay::{ReplayError, replay_to};
use ganglion_indicators::When;
use ganglion_kernel::figures::Reader;
use ganglion_kernel::merkle::{Hash, leaf_hash};
use ganglion_kernel::{Store, StoreError, World};
use ganglion_model::clocks::local_date;
use ganglion_model::exact::Frac;
use ganglion_model::pack::Indicator;
use ganglion_model::{PlaceCode, Shard};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A published value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Indicator.
    pub indicator: String,
    /// Place.
    pub place: PlaceCode,
    /// Its name then.
    pub place_name: String,
    /// Period, as in an address.
    pub period: String,
    /// As it was shown, without unit; `None` is n/a.
    pub value: Option<String>,
    /// Before rounding.
    pub exact: Option<Frac>,
    /// Rows it was counted from.
    pub rows: i64,
    /// Pack and version that defined it.
    pub pack: String,
    /// Hash over the definition of the indicator and of everything it is read from.
    pub definition: String,
    /// Edition of the places.
    pub edition: String,
    /// When.
    pub at: Timestamp,
    /// Journals it rests on: lines and Merkle root over them, by shard.
    pub journals: BTreeMap<u32, (u64, String)>,
}

/// What became of a published value when it was worked out again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same digits.
    Same,
    /// The definition is no longer the one it was counted by.
    DefinitionChanged,
    /// The journal of a shard does not give the root that was named.
    JournalChanged(Shard),
    /// Another value comes out.
    Differs(Option<String>),
}

/// Why a value could not be published or worked out again.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no such indicator.
    #[error("there is no indicator {0}")]
    Unknown(String),
    /// Not a period.
    #[error("{0} is no day, month, quarter, year or span of days")]
    Period(String),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal does not replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// No room to replay in.
    #[error("a place to replay in: {0}")]
    Memory(String),
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Freezes a figure as it stands.
///
/// # Errors
/// See [`PublishError`].
pub async fn publish(
    store: &dyn Store,
    world: &World,
    (indicator, place, period): (&str, PlaceCode, &str),
    at: Timestamp,
) -> Result<Published, PublishError> {
    let found = found(world, indicator)?;
    let journals =
        store.shards().await?.into_iter().map(|(shard, head)| (shard.0, (head.seq, hex(&head.frontier.root()))));
    let mut published = Published {
        indicator: indicator.to_owned(),
        place,
        place_name: world.places.name(place, local_date(at)),
        period: period.to_owned(),
        value: None,
        exact: None,
        rows: 0,
        pack: world
            .model
            .packs
            .get(&found.pack)
            .map(|pack| format!("{} {}", pack.name, pack.version))
            .unwrap_or_default(),
        definition: definition(world, found),
        edition: world.places.edition.clone(),
        at,
        journals: journals.collect(),
    };
    let figure = read(store, world, &published).await?;
    (published.value, published.exact, published.rows) = (figure.shown, figure.exact, figure.rows);
    Ok(published)
}

fn found<'w>(world: &'w World, indicator: &str) -> Result<&'w Indicator, PublishError> {
    world.model.indicators.get(indicator).ok_or_else(|| PublishError::Unknown(indicator.to_owned()))
}

async fn read(
    store: &dyn Store,
    world: &World,
    published: &Published,
) -> Result<ganglion_indicators::Figure, PublishError> {
    let indicator = found(world, &published.indicator)?;
    let when = When::parse(&published.period).ok_or_else(|| PublishError::Period(published.period.clone()))?;
    let reader = Reader { tally: &store, world, today: local_date(published.at) };
    let got = reader.read(indicator, &[published.place], &[when.span()], false).await?;
    Ok(got.into_iter().flatten().next().unwrap_or_default().figure)
}

/// Works a published value out again from the journal as it was then, in memory, and compares it to the digit.
///
/// # Errors
/// See [`PublishError`].
pub async fn verify(store: &dyn Store, world: &World, published: &Published) -> Result<Verdict, PublishError> {
    if definition(world, found(world, &published.indicator)?) != published.definition {
        return Ok(Verdict::DefinitionChanged);
    }
    let again = SqliteStore::memory().map_err(|error| PublishError::Memory(error.to_string()))?;
    let upto = published.journals.iter().map(|(shard, (lines, _))| (Shard(*shard), *lines)).collect();
    for one in replay_to(store, again.as_ref(), world, Some(&upto)).await? {
        let named = published.journals.get(&one.shard.0).map(|(lines, root)| (*lines, root.as_str()));
        if named.is_some_and(|named| named != (one.lines, hex(&one.root).as_str())) {
            return Ok(Verdict::JournalChanged(one.shard));
        }
    }
    // Rows that came with packs stand in no journal.
    recount(again.as_ref(), world, Shard::DEPLOYMENT).await?;
    let figure = read(again.as_ref(), world, published).await?;
    let same = figure.shown == published.value && figure.exact == published.exact;
    Ok(if same { Verdict::Same } else { Verdict::Differs(figure.shown) })
}

/// Hash over an indicator and every measure and indicator it is read from: whoever changes one of them changes it.
fn definition(world: &World, indicator: &Indicator) -> String {
    let (mut indicators, mut open) = (BTreeMap::new(), vec![indicator]);
    let mut measures = BTreeSet::new();
    while let Some(one) = open.pop() {
        if indicators.insert(one.name.as_str(), one).is_none() {
            measures.extend(one.formula.measures());
            open.extend(one.formula.figures().into_iter().filter_map(|name| world.model.indicators.get(name)));
        }
    }
    let measures: Vec<_> = measures.into_iter().filter_map(|name| world.model.measures.get(name)).collect();
    hex(&leaf_hash(serde_json::to_string(&(indicators, measures)).unwrap_or_default().as_bytes()))
}
