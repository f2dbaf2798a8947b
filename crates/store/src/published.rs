//! Published values: a figure frozen with everything that is needed to work it out again, to the digit, later. The journal up
//! to the lines named is the proof: played again it must give the roots named and, counted by the same definition, the value.
//! Left out: where the file is kept and who was told; that is the publisher's business.

use crate::SqliteStore;
use crate::judged::judge;
use crate::rebuild::recount;
use crate::replay::{ReplayError, replay_to};
use ganglion_indicators::{Figure, When};
use ganglion_kernel::figures::publish::{definition, frozen, hex, is_current, journals};
use ganglion_kernel::figures::{Reader, is_judged};
use ganglion_kernel::lookup::FigureAsked;
use ganglion_kernel::{Store, StoreError, World};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::Indicator;
use ganglion_model::{PlaceCode, Shard};
use jiff::Timestamp;
use jiff::civil::Date;

pub use ganglion_model::published::Published;

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
    /// A rule that looks at today stands behind it, and was not judged for this day yet.
    #[error("the rules that look at today were not judged for {0} yet; a running server does so within a minute")]
    NotJudged(Date),
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
    if !is_current(store, world, found, at).await? {
        return Err(PublishError::NotJudged(local_date(at)));
    }
    let asked = FigureAsked { indicator: indicator.to_owned(), place, period: period.to_owned() };
    let journals = journals(store).await?;
    let figure = read(store, world, (found, &asked), at).await?;
    Ok(frozen(world, (found, &asked), figure, (&journals, at)))
}

fn found<'w>(world: &'w World, indicator: &str) -> Result<&'w Indicator, PublishError> {
    world.model.indicators.get(indicator).ok_or_else(|| PublishError::Unknown(indicator.to_owned()))
}

async fn read(
    store: &dyn Store,
    world: &World,
    (indicator, asked): (&Indicator, &FigureAsked),
    at: Timestamp,
) -> Result<Figure, PublishError> {
    let when = When::parse(&asked.period).ok_or_else(|| PublishError::Period(asked.period.clone()))?;
    let reader = Reader { tally: &store, world, today: local_date(at) };
    let got = reader.read(indicator, &[asked.place], &[when.span()], false).await?;
    Ok(got.into_iter().flatten().next().unwrap_or_default().figure)
}

/// Works a published value out again from the journal as it was then, in memory, and compares it to the digit.
///
/// # Errors
/// See [`PublishError`].
pub async fn verify(store: &dyn Store, world: &World, published: &Published) -> Result<Verdict, PublishError> {
    let indicator = found(world, &published.indicator)?;
    if definition(world, indicator) != published.definition {
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
    if is_judged(&world.model, indicator) {
        judge(again.as_ref(), world, local_date(published.at)).await?;
    }
    let asked = FigureAsked {
        indicator: published.indicator.clone(),
        place: published.place,
        period: published.period.clone(),
    };
    let figure = read(again.as_ref(), world, (indicator, &asked), published.at).await?;
    let same = figure.shown == published.value && figure.exact == published.exact;
    Ok(if same { Verdict::Same } else { Verdict::Differs(figure.shown) })
}
