//! Queues: cases that wait to be taken one after the other, and what a hall shows and says of them.

use super::process::Who;
use crate::expr::Expr;
use crate::place::{Level, PlaceCode};
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// The queue of a process. Cases wait by place and lane: larger `order` first, then who came first, then by number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueDef {
    /// Who may take the next.
    pub by: Vec<Who>,
    /// Every place of one of these levels has a queue of its own.
    pub levels: Vec<Level>,
    /// The state cases wait in.
    pub state: String,
    /// The action that takes a case out of the queue.
    pub take: String,
    /// Splits the queue of a place: the value by which a counter asks for its own cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Expr>,
    /// Whole number; the larger goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Expr>,
    /// Name of the number that is called out; the public one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Where people wait: which places have a hall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hall: Option<HallDef>,
    /// Where somebody who is called goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<CounterDef>,
    /// What is shown and said when somebody is called.
    #[serde(default)]
    pub calls: CallsDef,
    /// There are pages for those who wait: hall, kiosk, display, ticket.
    #[serde(default)]
    pub screens: bool,
    /// A ticket may also be taken from afar.
    #[serde(default)]
    pub remote: bool,
}

/// The halls of a queue: rows of a register of the deployment, each belonging to the place whose queue it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HallDef {
    /// Field of the opening form that names the row.
    pub field: String,
    /// The register.
    pub register: String,
    /// Which rows are in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Expr>,
    /// Fields of the row shown to everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<String>,
    /// Fields of the row that say from when until when its counters serve, on working days. Tickets may be given at other hours too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<(String, String)>,
}

/// The counters of a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CounterDef {
    /// What the taking action asks: a text, or a row of a register.
    pub field: String,
    /// The register, when it is a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// Field of that register: the lanes a counter serves; all when it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes: Option<String>,
    /// Which rows are in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Expr>,
}

/// What a hall shows and says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallsDef {
    /// States in which a case is shown as called or being served.
    pub states: Vec<String>,
    /// Actions that call once more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
    /// What is said, with `{number}`, `{counter}` and `{lane}`; the words of the server when empty.
    #[serde(default)]
    pub voice: Text,
    /// How often it is said; 0: as often as is usual.
    #[serde(default)]
    pub times: u8,
}

impl QueueDef {
    /// Whose queue a case at `place` waits in: the place itself, or the nearest above it that has one.
    #[must_use]
    pub fn place_of(&self, place: PlaceCode) -> PlaceCode {
        let level = self.levels.iter().filter(|level| **level <= place.level()).max();
        level.and_then(|level| place.at(*level)).unwrap_or(place)
    }

    /// The field of the case that is the lane, when the lane is no more than that.
    #[must_use]
    pub fn lane_field(&self) -> Option<&str> {
        match self.lane.as_ref()? {
            Expr::Path(path) => match path.as_slice() {
                [root, field] if root == "case" => Some(field),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an action calls somebody out.
    #[must_use]
    pub fn is_call(&self, action: &str) -> bool {
        action == self.take || self.calls.again.iter().any(|again| again == action)
    }
}
