//! Which cases storage is asked for, in which order, and from where on.

use ganglion_model::row::Case;
use ganglion_model::{CaseId, Level, PlaceCode, PostId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Order of a list of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// Earliest deadline first; cases without one, and cases that are over, last. Cheap for open cases only: ask for
    /// `open: Some(true)`.
    #[default]
    Due,
    /// Newest first.
    Opened,
}

/// Which cases a list shows. Every condition narrows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseFilter {
    /// Inside this place; `None`: everywhere.
    pub place: Option<PlaceCode>,
    /// Of these processes; empty: any.
    pub processes: Vec<String>,
    /// In these states; empty: any.
    pub states: Vec<String>,
    /// Not in a final state (`Some(true)`), or in one (`Some(false)`).
    pub open: Option<bool>,
    /// Assigned to one of these posts, or assisted by one; empty: any.
    pub assignees: Vec<PostId>,
    /// With no assignee.
    pub unassigned: bool,
    /// Opened by this post.
    pub opened_by: Option<PostId>,
    /// Of this kind (value of the process's kind field).
    pub kind: Option<String>,
    /// Due before this instant.
    pub due_before: Option<Timestamp>,
    /// Opened in `[from, to)`.
    pub opened: Option<(Timestamp, Timestamp)>,
    /// Handled at this level now.
    pub level: Option<Level>,
    /// Within these bounds: west, south, east, north.
    pub bounds: Option<[f64; 4]>,
    /// Holding these words, see [`crate::words::terms`]; words nothing can be looked for by are held by no case.
    pub words: Option<String>,
}

/// Where the next page begins: the sort value and id of the last row shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct After {
    /// Sort value in microseconds.
    pub at: i64,
    /// Case.
    pub case: CaseId,
}

impl After {
    /// The place of `case` in a list: what the page after it begins with. A case without a deadline, and one that is
    /// over, stands behind all others when sorted by deadline.
    #[must_use]
    pub fn of(case: &Case, order: CaseOrder) -> After {
        let at = match order {
            CaseOrder::Opened => case.opened_at.as_microsecond(),
            CaseOrder::Due => {
                case.due_at().filter(|_| case.closed_at.is_none()).map_or(i64::MAX, Timestamp::as_microsecond)
            }
        };
        After { at, case: case.id }
    }
}
