//! Changes of register rows that two persons make: one proposes, another approves. Their JSON is the stored shape.

use crate::Fields;
use crate::id::{ProposalId, Shard};
use crate::place::PlaceCode;
use crate::row::Mark;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What somebody wants of a register row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowWish {
    /// Register.
    pub register: String,
    /// Natural key of the row that is there; `None` for a new one, whose key follows from the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The place it belongs to, for registers kept by place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceCode>,
    /// What is to happen.
    pub deed: RowDeed,
    /// First day it holds; today when absent. Ending: the first day it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// First day it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// What was typed. Personal values left empty stay as they are.
    #[serde(default)]
    pub form: Fields,
    /// Fields that are not in the form at all stay as they are: for tables with fewer columns than the register.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The version the actor saw (0: no row); a newer one refuses with "changed meanwhile".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// What is to happen to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowDeed {
    /// A new row, a correction, or the next version of a dated row.
    Put,
    /// The row no longer holds from a day on.
    Retire,
}

/// A change somebody proposed, with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Id.
    pub id: ProposalId,
    /// Shard.
    pub shard: Shard,
    /// The row it is about.
    pub key: String,
    /// What is to happen; the form as read, personal values sealed.
    pub wish: RowWish,
    /// Who proposed it.
    pub by: Mark,
    /// Where it stands.
    pub state: ProposalState,
    /// Who decided, once somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Mark>,
    /// Why it was approved or rejected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// Waits for somebody who may approve.
    Open,
    /// Approved; the row was changed.
    Approved,
    /// Rejected with a reason.
    Rejected,
    /// Taken back by whoever proposed it.
    Withdrawn,
}

impl ProposalState {
    /// Its name, as stored and in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ProposalState::Open => "open",
            ProposalState::Approved => "approved",
            ProposalState::Rejected => "rejected",
            ProposalState::Withdrawn => "withdrawn",
        }
    }
}

/// What is decided about a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The row is changed as proposed.
    Approve,
    /// The row stays as it is.
    Reject,
    /// Whoever proposed it takes it back.
    Withdraw,
}
