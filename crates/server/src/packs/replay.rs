//! Replaying a draft over the last days of a live store: how many cases would go elsewhere, and how many deadlines would
//! be others. Bounded in cases and in what is listed.

use ganglion_kernel::port::{After, CaseFilter, CaseOrder};
use ganglion_kernel::replay::replay;
use ganglion_kernel::{Store, StoreError, World};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Most cases looked at; a city's three months are fewer.
const CASES_MAX: u64 = 500_000;
/// Most cases listed of each kind.
const LISTED_MAX: usize = 100;
/// Cases read at a time.
const PAGE: u32 = 500;

/// A case that would go elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MovedCase {
    /// Its number.
    pub number: String,
    /// Code of its place by the rules in force.
    pub from: String,
    /// Code of its place by the draft; `None`: it would find no place.
    pub to: Option<String>,
}

/// A deadline that would be another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShiftedClock {
    /// Number of the case.
    pub number: String,
    /// Clock.
    pub clock: String,
    /// By the rules in force.
    pub from: Timestamp,
    /// By the draft.
    pub to: Timestamp,
}

/// What a replay comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Days looked back.
    pub days: u32,
    /// Cases looked at.
    pub cases: u64,
    /// There were more.
    pub cut: bool,
    /// Cases that would go elsewhere.
    pub moved: u64,
    /// Those that would go to another township.
    pub across_townships: u64,
    /// Deadlines that would be earlier.
    pub earlier: u64,
    /// Deadlines that would be later.
    pub later: u64,
    /// Clocks that run in time and would be overdue now.
    pub now_overdue: u64,
    /// The first that would go elsewhere.
    pub moved_first: Vec<MovedCase>,
    /// The first whose deadlines would be others; those overdue before all.
    pub shifted_first: Vec<ShiftedClock>,
}

/// Replays the cases of the last `days` days.
///
/// # Errors
/// Of the store.
pub async fn replay_days(
    store: &dyn Store,
    (world, draft): (&World, &World),
    days: u32,
    now: Timestamp,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Replayed, StoreError> {
    let since = now - SignedDuration::from_hours(24 * i64::from(days));
    let processes = draft.model.processes.keys().filter(|name| world.model.processes.contains_key(*name));
    // Up to and with this very moment.
    let opened = Some((since, now + SignedDuration::from_secs(1)));
    let filter = CaseFilter { processes: processes.cloned().collect(), opened, ..CaseFilter::default() };
    let mut found = Replayed { days, ..Replayed::default() };
    if filter.processes.is_empty() {
        return Ok(found);
    }
    let total = store.case_count(&filter).await?;
    let mut after: Option<After> = None;
    let mut overdue = Vec::new();
    loop {
        let page = store.cases(&filter, CaseOrder::Opened, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(After::of(last, CaseOrder::Opened));
        for case in &page {
            found.take(&case.number, replay(world, draft, case, now), &mut overdue);
        }
        progress(found.cases, total);
        if found.cases >= CASES_MAX {
            found.cut = found.cases < total;
            break;
        }
    }
    overdue.append(&mut found.shifted_first);
    overdue.truncate(LISTED_MAX);
    found.shifted_first = overdue;
    Ok(found)
}

impl Replayed {
    fn take(&mut self, number: &str, difference: ganglion_kernel::replay::Difference, overdue: &mut Vec<ShiftedClock>) {
        self.cases += 1;
        if let Some(moved) = difference.moved {
            self.moved += 1;
            self.across_townships += u64::from(moved.across);
            if self.moved_first.len() < LISTED_MAX {
                let to = moved.to.map(|to| to.to_string());
                self.moved_first.push(MovedCase { number: number.to_owned(), from: moved.from.to_string(), to });
            }
        }
        for one in difference.shifted {
            self.earlier += u64::from(one.to < one.from);
            self.later += u64::from(one.to > one.from);
            self.now_overdue += u64::from(one.now_overdue);
            let list = if one.now_overdue { &mut *overdue } else { &mut self.shifted_first };
            if list.len() < LISTED_MAX {
                list.push(ShiftedClock { number: number.to_owned(), clock: one.clock, from: one.from, to: one.to });
            }
        }
    }
}

impl std::fmt::Display for Replayed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            out,
            "{} cases of the last {} days{}",
            self.cases,
            self.days,
            if self.cut { ", and more" } else { "" }
        )?;
        writeln!(out, "{} would go elsewhere, {} of them to another township", self.moved, self.across_townships)?;
        writeln!(
            out,
            "{} deadlines earlier, {} later, {} would be overdue now",
            self.earlier, self.later, self.now_overdue
        )?;
        for one in &self.moved_first {
            writeln!(out, "  {}  {} → {}", one.number, one.from, one.to.as_deref().unwrap_or("no place"))?;
        }
        for one in &self.shifted_first {
            writeln!(out, "  {}  {}  {} → {}", one.number, one.clock, one.from, one.to)?;
        }
        Ok(())
    }
}
