//! A case while it is being changed: ops are applied as they are noted, so later rules see earlier effects.

use crate::apply::apply;
use ganglion_model::change::Op;
use ganglion_model::row::Case;
use jiff::Timestamp;

/// The draft.
pub struct Draft {
    /// The row as changed so far.
    pub case: Case,
    /// What was done, in order.
    pub ops: Vec<Op>,
    at: Timestamp,
}

impl Draft {
    /// Starts from `case`.
    pub fn new(case: Case, at: Timestamp) -> Draft {
        Draft { case, ops: Vec::new(), at }
    }

    /// Does `op` and notes it.
    pub fn op(&mut self, op: Op) {
        apply(&mut self.case, &op, self.at);
        self.ops.push(op);
    }
}
