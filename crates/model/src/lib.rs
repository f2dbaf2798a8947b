//! Plain data every room of the house shares: ids, places, values, expressions, compiled packs, rows, changes.
//!
//! Deliberately absent: async, I/O, YAML, SQL, clocks that read the time, randomness. Whatever is here can be
//! serialised, compared and handed to a pure function.

pub mod change;
pub mod checks;
pub mod clocks;
pub mod exact;
pub mod expr;
pub mod id;
pub mod issued;
pub mod needed;
pub mod pack;
pub mod place;
pub mod place_tree;
pub mod post;
pub mod proposal;
pub mod published;
pub mod reads;
pub mod refusal;
pub mod row;
pub mod scope;
pub mod text;
pub mod units;

pub use change::{
    Actor, Body, Change, Channel, Command, Entry, Erasable, FieldFinding, Op, Outcome, Refusal, RefusalCode,
};
pub use exact::Frac;
pub use id::{AccountId, CaseId, CommandId, PostId, ProposalId, Shard};
pub use issued::{Issued, Standing};
pub use pack::Model;
pub use place::{Level, Place, PlaceCode, PlaceKind};
pub use place_tree::PlaceTree;
pub use post::{ADMIN_ROLE, AUDIT_ROLE, Deputy, Post, Posts, SECURITY_ROLE, SERVICE_ROLE, service_account};
pub use proposal::{Proposal, ProposalState, RowDeed, RowWish, Verdict};
pub use row::{Authority, Case, Link, Mark, Record, Route, RowKey, row_id};
pub use rust_decimal::Decimal;
pub use text::{Lang, Text};

/// How amounts are rounded: half away from zero.
pub const HALF_UP: rust_decimal::RoundingStrategy = rust_decimal::RoundingStrategy::MidpointAwayFromZero;

/// A map of named field values, in a stable order so that its JSON is canonical.
pub type Fields = std::collections::BTreeMap<String, serde_json::Value>;
