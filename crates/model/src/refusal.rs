//! Why a command was not carried out: a refusal, and what is wrong with which field.

use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a command was not carried out. Nothing changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of refusal.
    pub code: RefusalCode,
    /// Words of the pack, when the pack has some for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFinding>,
    /// Values for the words of the screen (state now, who acted, number of the earlier case …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Refusal {
    /// A refusal without further words.
    #[must_use]
    pub fn new(code: RefusalCode) -> Refusal {
        Refusal { code, message: None, fields: Vec::new(), args: BTreeMap::new() }
    }

    /// Adds a value for the words of the screen.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Refusal {
        self.args.insert(name.to_owned(), value.into());
        self
    }
}

/// Kinds of refusal; the screen has words for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// There is no such case, or the actor may not know of it.
    NotFound,
    /// The actor may not do this.
    NotAllowed,
    /// The same person may not take both steps.
    SamePerson,
    /// The action does not exist in the state the case is in now.
    WrongState,
    /// The case changed since the actor looked at it.
    Changed,
    /// A guard of the pack does not hold.
    Guard,
    /// Something in the form is wrong.
    Form,
    /// The point lies in no place this installation serves.
    Outside,
    /// A value that may stand only once stands in another case.
    Duplicate,
    /// The command does not belong to this shard.
    WrongShard,
    /// There is no such process, register or action.
    Unknown,
    /// Another version of the row is in the way.
    Overlap,
    /// Other rows still refer to the row.
    Referenced,
    /// Nothing waits in the queue that the actor may take.
    NothingWaiting,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFinding {
    /// Field.
    pub field: String,
    /// Kind: `required`, `too_long`, `not_a_number`, `out_of_range`, `not_a_date`, `not_a_choice`, `retired`,
    /// `not_found`, `not_a_place`, `outside`, `not_near`, `not_a_point`, `too_many`, `not_a_phone`, `not_an_id`,
    /// `pattern`, `check`, `unknown_field`, `masked`, `in_future`, `not_a_duration`.
    pub problem: String,
    /// Words of the pack, when the pack has some for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
    /// Values for the words of the screen (`max`, `given` …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}
