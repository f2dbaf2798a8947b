//! Counting the figures of a shard from its rows, piece by piece. Cases are read here and counted by a few hands on threads of their
//! own, while what is kept is read through here; nobody holds more than a few pages of rows.

use crate::aside::aside;
use futures_util::future::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use ganglion_indicators::{Cells, Digest, Digests, Fact, FactParts, MeasureDay, Measured, Tallied};
use ganglion_kernel::figures::rows::facts_of_shard;
use ganglion_kernel::port::{FactKey, Store};
use ganglion_kernel::{StoreError, World};
use ganglion_model::{CaseId, Shard};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Cases a hand takes at a time; few where the laws are tried, whose counties are small.
const CASES: u32 = if cfg!(debug_assertions) { 5 } else { 1_000 };
/// Facts that are kept read at a time: about as much work as a page of cases.
const FACTS: u32 = if cfg!(debug_assertions) { 20 } else { 20_000 };
/// Most hands.
const HANDS_MAX: usize = 4;

/// Which facts are written while they are counted.
#[derive(Clone)]
pub(crate) enum Keep {
    /// None.
    Nothing,
    /// All.
    All,
    /// Those of some measures and days.
    Of(Arc<BTreeSet<MeasureDay>>),
}

impl Keep {
    fn has(&self, fact: &Fact) -> bool {
        match self {
            Keep::Nothing => false,
            Keep::All => true,
            // A few hundred at most, and only while figures are mended.
            Keep::Of(some) => some.contains(&(fact.measure.clone(), fact.day)),
        }
    }
}

/// Reading through the facts that are kept.
#[derive(Default)]
pub(crate) struct Scan {
    /// What was found so far.
    pub found: Digests,
    after: Option<FactKey>,
    is_done: bool,
}

impl Scan {
    /// A scan that reads nothing.
    pub fn none() -> Scan {
        Scan { is_done: true, ..Scan::default() }
    }

    /// Reads on.
    pub async fn go_on(&mut self, store: &dyn Store, shard: Shard) -> Result<(), StoreError> {
        let (found, last) = store.facts_digest(shard, self.after.as_ref(), FACTS).await?;
        self.is_done = last.is_none();
        self.after = last;
        for (key, digest) in found {
            self.found.entry(key).or_default().add_all(digest);
        }
        Ok(())
    }
}

/// What the rows of a shard come to.
pub(crate) struct Counted {
    /// Facts.
    pub facts: u64,
    /// What they come to by measure and day.
    pub digests: Digests,
    /// Counters.
    pub cells: Cells,
}

/// One who counts.
struct Hand {
    world: Arc<World>,
    keep: Keep,
    facts: u64,
    tallied: Tallied,
    digests: HashMap<(usize, i32), Digest>,
    /// Facts to be written.
    kept: Vec<(CaseId, Fact)>,
}

impl Hand {
    fn new(world: &Arc<World>, keep: &Keep) -> Hand {
        Hand {
            world: world.clone(),
            keep: keep.clone(),
            facts: 0,
            tallied: Tallied::default(),
            digests: HashMap::new(),
            kept: Vec::new(),
        }
    }

    fn add(&mut self, measured: &Measured<'_>, (number, case): (usize, CaseId), fact: Fact) {
        let Some(measure) = measured.measure(number) else { return };
        self.facts += 1;
        self.tallied.add(number, measure, &fact);
        self.digests.entry((number, fact.day)).or_default().add(&FactParts::of(case, &fact));
        if self.keep.has(&fact) {
            self.kept.push((case, fact));
        }
    }

    /// Counts rows of registers.
    fn take_rows(&mut self, facts: Vec<(CaseId, Fact)>) {
        let world = self.world.clone();
        let measured = Measured::of(&world.model);
        for (row, fact) in facts {
            if let Some(number) = measured.number(&fact.measure) {
                self.add(&measured, (number, row), fact);
            }
        }
    }

    /// Counts a page of cases.
    fn take(mut self, page: &[(CaseId, String)]) -> Result<Hand, StoreError> {
        let world = self.world.clone();
        let measured = Measured::of(&world.model);
        for (id, text) in page {
            let case = measured.needed().read(text).map_err(|error| StoreError::Corrupt {
                table: "case_row",
                column: "body",
                key: id.to_string(),
                reason: error.to_string(),
            })?;
            measured.facts_of_case(&*world, &case, |number, fact| self.add(&measured, (number, *id), fact));
        }
        Ok(self)
    }
}

/// As many as there are processors; one of them also reads, which leaves time for it. So many shards are counted at a time, too.
pub(crate) fn hands() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(HANDS_MAX)
}

/// Counts the rows of a shard, writes the facts `keep` says, and reads on meanwhile in what is kept.
pub(crate) async fn count(
    store: &dyn Store,
    world: &Arc<World>,
    shard: Shard,
    keep: &Keep,
    scan: &mut Scan,
) -> Result<Counted, StoreError> {
    let mut hands: Vec<Hand> = (0..hands()).map(|_| Hand::new(world, keep)).collect();
    let mut busy = FuturesUnordered::new();
    if let Some(hand) = hands.first_mut() {
        hand.take_rows(facts_of_shard(world, shard, store.record_versions(shard).await?));
        written(store, shard, hand).await?;
    }
    let (mut after, mut is_read) = (None, false);
    loop {
        while let Some(Some(done)) = busy.next().now_or_never() {
            hands.push(back(store, shard, done).await?);
        }
        if let Some(hand) = (!is_read).then(|| hands.pop()).flatten() {
            let page = store.case_texts(shard, after, CASES).await?;
            if let Some((last, _)) = page.last() {
                after = Some(*last);
                busy.push(aside(move || hand.take(&page)));
            } else {
                is_read = true;
                hands.push(hand);
            }
        } else if !scan.is_done {
            scan.go_on(store, shard).await?;
        } else if let Some(done) = busy.next().await {
            hands.push(back(store, shard, done).await?);
        } else {
            return Ok(together(world, shard, &hands));
        }
    }
}

/// A hand that has done its page, with nothing left to write.
async fn back(
    store: &dyn Store,
    shard: Shard,
    done: Result<Result<Hand, StoreError>, StoreError>,
) -> Result<Hand, StoreError> {
    let mut hand = done??;
    written(store, shard, &mut hand).await?;
    Ok(hand)
}

async fn written(store: &dyn Store, shard: Shard, hand: &mut Hand) -> Result<(), StoreError> {
    if hand.kept.is_empty() {
        return Ok(());
    }
    store.figures_add(shard, &hand.kept, &Cells::new()).await?;
    hand.kept.clear();
    Ok(())
}

fn together(world: &World, shard: Shard, hands: &[Hand]) -> Counted {
    let measured = Measured::of(&world.model);
    let mut all = Counted { facts: 0, digests: Digests::new(), cells: Cells::new() };
    for hand in hands {
        all.facts += hand.facts;
        hand.tallied.add_to(&mut all.cells, shard, &measured);
        for ((number, day), digest) in &hand.digests {
            let Some(measure) = measured.measure(*number) else { continue };
            all.digests.entry((measure.name.clone(), *day)).or_default().add_all(*digest);
        }
    }
    all.cells.retain(|_, cell| *cell != (0, 0));
    all
}
