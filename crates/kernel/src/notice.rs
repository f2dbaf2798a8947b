//! Public notices: which stand where. A row of the board follows from the case as it stands; what a notice shows is read
//! from the case when somebody looks, and never after its time.

use ganglion_model::row::Case;
use ganglion_model::{CaseId, PlaceCode, Shard};
use jiff::Timestamp;

/// What the timer of a notice is called.
const TIMER: &str = "notice.";

/// A notice that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Shard.
    pub shard: Shard,
    /// Case.
    pub case: CaseId,
    /// Which notice of it.
    pub name: String,
    /// Where it is put up.
    pub place: PlaceCode,
    /// When it was put up.
    pub from: Timestamp,
    /// The first instant at which it no longer stands.
    pub until: Timestamp,
}

/// The notices of a case that have not been taken down.
#[must_use]
pub fn standing(case: &Case) -> Vec<Standing> {
    let up = case.notices.iter().filter(|(_, notice)| notice.down.is_none());
    up.map(|(name, notice)| Standing {
        shard: case.shard,
        case: case.id,
        name: name.clone(),
        place: case.place,
        from: notice.from,
        until: notice.until,
    })
    .collect()
}

/// The name of the timer that takes a notice down.
#[must_use]
pub fn timer_of(name: &str) -> String {
    format!("{TIMER}{name}")
}

/// The notice a timer takes down, if it is one of a notice.
#[must_use]
pub fn of_timer(timer: &str) -> Option<&str> {
    timer.strip_prefix(TIMER)
}
