//! What a draft would have done with cases that are here already: where each would have gone, and when each would have
//! fallen due. Pure: two worlds and a stored case in, the differences out.
//!
//! A case is routed twice from its stored opening, on the day it was opened: by the rules in force and by the draft. So a
//! case that was moved by hand later is no difference. Left out: which actions people would have taken.

use crate::decide::clock;
use crate::route::find;
use crate::world::World;
use ganglion_model::clocks::{Clock, Rule, local_date};
use ganglion_model::pack::{Process, declared_of};
use ganglion_model::row::Case;
use ganglion_model::scope::Names;
use ganglion_model::{Level, PlaceCode};
use jiff::Timestamp;

/// Where a case would go instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// By the rules in force.
    pub from: PlaceCode,
    /// By the draft; `None`: it would find no place.
    pub to: Option<PlaceCode>,
    /// Another township has it then.
    pub across: bool,
}

/// When a clock of a case would fall due instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shifted {
    /// The clock.
    pub clock: String,
    /// By the rules in force.
    pub from: Timestamp,
    /// By the draft.
    pub to: Timestamp,
    /// Running, in time by the rules in force, and overdue by the draft.
    pub now_overdue: bool,
}

/// The differences for one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Another place.
    pub moved: Option<Moved>,
    /// Other deadlines.
    pub shifted: Vec<Shifted>,
}

impl Difference {
    /// Whether there is any.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Difference::default()
    }
}

/// What `draft` would have done with `case` that `world` did not.
#[must_use]
pub fn replay(world: &World, draft: &World, case: &Case, now: Timestamp) -> Difference {
    let (Some(old), Some(new)) = (world.model.processes.get(&case.process), draft.model.processes.get(&case.process))
    else {
        return Difference::default();
    };
    let shifted = case
        .clocks
        .iter()
        .filter_map(|(name, kept)| shift((world, old), (draft, new), (case, name, kept), now))
        .collect();
    Difference { moved: moved((world, old), (draft, new), case), shifted }
}

type Side<'a> = (&'a World, &'a Process);

fn moved((world, old): Side<'_>, (draft, new): Side<'_>, case: &Case) -> Option<Moved> {
    let day = local_date(case.opened_at);
    let from = find(world, old, &case.fields, day).ok()?.route.place;
    let to = find(draft, new, &case.fields, day).ok().map(|found| found.route.place);
    let township = |place: PlaceCode| place.at(Level::Township);
    (to != Some(from)).then(|| Moved { from, to, across: to.is_none_or(|to| township(to) != township(from)) })
}

fn shift(
    (world, old): Side<'_>,
    (draft, new): Side<'_>,
    (case, name, kept): (&Case, &str, &Clock),
    now: Timestamp,
) -> Option<Shifted> {
    let rule = |world: &World, process: &Process| {
        let def = process.clocks.get(declared_of(name))?;
        // The promised limit runs beside its clock under a name of its own.
        let length = if name == def.name { &def.length } else { def.promised.as_ref()? };
        let names = Names { rows: world, process, case: Some(case), form: None, actor: None, now: kept.started_at() };
        Some(Rule { length: clock::length(length, &names, case)?, ..def.rule })
    };
    // A length that somebody set by hand is not the pack's to change.
    if rule(world, old)? != kept.rule() {
        return None;
    }
    let by_draft = kept.under(rule(draft, new)?, &draft.office);
    let (from, to) = (kept.due_at()?, by_draft.due_at()?);
    let running = kept.stopped_at().is_none() && !kept.is_paused();
    let now_overdue = running && from > now && to <= now;
    (from != to).then(|| Shifted { clock: name.to_owned(), from, to, now_overdue })
}
