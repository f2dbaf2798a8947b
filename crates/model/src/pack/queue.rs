//! Queues: cases that wait to be taken one after the other.

use super::process::Who;
use crate::expr::Expr;
use crate::place::Level;
use serde::{Deserialize, Serialize};

/// The queue of a process. Cases wait by place and lane: larger `order` first, then who came first, then by number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueDef {
    /// Who may take the next.
    pub by: Vec<Who>,
    /// Every place of this level has a queue of its own.
    pub level: Level,
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
}
