//! Commands going in, changes coming out, and the journal entry a change becomes. Why a command is refused is in
//! [`crate::refusal`].

use crate::Fields;
use crate::clocks::Clock;
use crate::id::{AccountId, CaseId, CommandId, PostId, ProposalId, Shard};
use crate::issued::Issued;
use crate::place::Level;
use crate::proposal::{Proposal, RowWish, Verdict};
use crate::row::{Case, Link, Mark, Notice, Record, Route};
use crate::text::Text;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub use crate::refusal::{FieldFinding, Refusal, RefusalCode};

/// Who stands behind a command. Built at the edge from a session, never from the request's own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Actor {
    /// Anyone.
    Public,
    /// The reporter of this case, proven by number and phone.
    Reporter {
        /// The case.
        case: CaseId,
    },
    /// A signed-in person acting in a post.
    Post {
        /// The post.
        post: PostId,
        /// The person's account.
        account: AccountId,
    },
    /// Another system.
    Api {
        /// Name of its key.
        key: String,
    },
    /// The system itself (timers, links between shards).
    System,
}

/// The way something came in: a code of the list `channel` that packs may extend.
pub type Channel = String;

/// A wish to change something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Chosen by the caller; a repeat gets the recorded answer.
    pub id: CommandId,
    /// Shard whose rows it touches.
    pub shard: Shard,
    /// Who.
    pub actor: Actor,
    /// What.
    pub body: Body,
}

/// What a command wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Body {
    /// Opens a case. The shard must be the one its place turns out to lie in.
    Open {
        /// Process.
        process: String,
        /// What was typed.
        form: Fields,
        /// Way it came in.
        channel: Channel,
        /// When it was seen, for reports made offline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        observed_at: Option<Timestamp>,
        /// The case it was opened from, with the kind of the link seen from the new case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Link>,
    },
    /// Takes an action on a case.
    Act {
        /// The case.
        case: CaseId,
        /// The action.
        action: String,
        /// What was typed.
        form: Fields,
        /// The version the actor saw; a newer one refuses with "changed meanwhile".
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// Takes the first case that waits in a queue and that the actor may take.
    TakeNext {
        /// Process.
        process: String,
        /// Only these lanes; empty: any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lanes: Vec<String>,
        /// What was typed into the form of the action.
        form: Fields,
    },
    /// A clock fell due.
    Due {
        /// The case.
        case: CaseId,
        /// The clock.
        clock: String,
    },
    /// Issues a document of a case by hand.
    Issue {
        /// The case.
        case: CaseId,
        /// Which document of the packs.
        document: String,
    },
    /// Withdraws a document.
    Withdraw {
        /// The case.
        case: CaseId,
        /// Its code.
        code: String,
        /// Why.
        reason: String,
    },
    /// Issues a document of a register row.
    IssueRow {
        /// Register.
        register: String,
        /// Natural key.
        key: String,
        /// Which document of the packs.
        document: String,
    },
    /// Withdraws a document of a register row.
    WithdrawRow {
        /// Register.
        register: String,
        /// Natural key.
        key: String,
        /// Its code.
        code: String,
        /// Why.
        reason: String,
    },
    /// The calendar changed: deadlines are counted again.
    Recompute {
        /// The case.
        case: CaseId,
        /// Why, in the words of whoever changed it.
        why: String,
    },
    /// Hands open work over: whoever held one post leaves it.
    HandOver {
        /// The case.
        case: CaseId,
        /// The post it is taken from.
        from: PostId,
        /// The post it goes to.
        to: PostId,
    },
    /// Ties a case opened elsewhere back to the case it came from.
    LinkBack {
        /// The case to tie.
        case: CaseId,
        /// The tie.
        link: Link,
    },
    /// Tells a case that one opened out of it has ended, or goes on again.
    Child {
        /// The case to tell.
        case: CaseId,
        /// The other case as it stands.
        link: Link,
    },
    /// Puts a register row.
    Put {
        /// The row; its version is set by `decide`.
        record: Record,
    },
    /// Changes a register row as its register allows, or proposes to, where two persons are needed.
    Row {
        /// What is wanted.
        wish: Box<RowWish>,
    },
    /// Puts a row back to what it was: what an import that was given up leaves behind.
    Restore {
        /// Register.
        register: String,
        /// Natural key.
        key: String,
        /// Every version it had; none: the row was not there.
        versions: Vec<Record>,
    },
    /// Destroys the key of a case or row, and with it every personal value of it.
    Erase {
        /// Which.
        what: Erasable,
        /// Number of the case in which two persons decided it, or [`RETENTION`] when its time was over.
        by: String,
    },
    /// Decides a proposed change.
    Decide {
        /// The proposal.
        proposal: ProposalId,
        /// What is decided.
        verdict: Verdict,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
}

/// What decided an erasure that no case decided: the time for which the values were to be kept is over.
pub const RETENTION: &str = "retention";

/// What holds personal values under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Erasable {
    /// A case, by its public number.
    Case {
        /// The number.
        number: String,
    },
    /// A register row.
    Row {
        /// Register.
        register: String,
        /// Natural key.
        key: String,
    },
}

/// What was decided about one case or record, ready to be applied and journaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// A case was opened.
    Opened {
        /// The whole row.
        case: Box<Case>,
    },
    /// A case changed.
    Case {
        /// The case.
        case: CaseId,
        /// The action, or the clock that fell due, or `link`.
        action: String,
        /// What happened, in order.
        ops: Vec<Op>,
        /// What was typed but is no field of the case (reasons, notes); personal values sealed.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        input: Fields,
    },
    /// A register row was put.
    Record {
        /// The whole new version.
        record: Box<Record>,
    },
    /// A version of a register row was taken back, as if it had never been put.
    RecordGone {
        /// Register.
        register: String,
        /// Natural key.
        key: String,
        /// The first day it held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_from: Option<Date>,
    },
    /// The key of a case or row was destroyed: its personal values stand in rows and journal for ever closed.
    Erased {
        /// The case, or the id a row goes by.
        subject: CaseId,
        /// Which.
        what: Erasable,
        /// Number of the case in which it was decided, or [`RETENTION`].
        by: String,
    },
    /// A change of a register row was proposed, or decided.
    Proposal {
        /// As it stands now.
        proposal: Box<Proposal>,
    },
}

/// One step of a change to a case. Applying ops in order gives the new row, in `decide` as in replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "op")]
pub enum Op {
    /// Enters a state.
    State {
        /// From.
        from: String,
        /// To.
        to: String,
        /// Whether nothing is left to settle in the new state.
        last: bool,
    },
    /// A field has a new value.
    Set {
        /// Field.
        field: String,
        /// Value; null clears.
        value: Value,
    },
    /// Given to a post or to nobody.
    Assign {
        /// Post.
        post: Option<PostId>,
    },
    /// Assisting posts.
    Assist {
        /// Posts.
        posts: Vec<PostId>,
    },
    /// A counter rose by one.
    Count {
        /// Counter.
        name: String,
    },
    /// A mark was left.
    Mark {
        /// Name.
        name: String,
        /// Who and when.
        mark: Mark,
    },
    /// Handled at another level.
    Level {
        /// Level.
        level: Level,
    },
    /// Moved to another place.
    Place {
        /// The new routing, history included.
        route: Route,
    },
    /// A number was given.
    Number {
        /// Which.
        name: String,
        /// Number.
        number: String,
    },
    /// A clock has a new value.
    Clock {
        /// Which.
        name: String,
        /// Value.
        clock: Clock,
    },
    /// A clock is no deadline but a window: nothing happens when it falls due.
    Window {
        /// Which.
        clock: String,
    },
    /// A clock's falling due was acted on.
    Fired {
        /// Which.
        clock: String,
    },
    /// A clock was suspended by an action (`on`), or may run on.
    Hold {
        /// Which.
        clock: String,
        /// Suspended.
        on: bool,
    },
    /// When the last stretch of a clock begins.
    Soon {
        /// Which.
        clock: String,
        /// When; none while it cannot be told.
        at: Option<Timestamp>,
    },
    /// A deadline moved because the calendar changed.
    Moved {
        /// The clock.
        clock: String,
        /// The first late instant before.
        from: Timestamp,
        /// Now.
        to: Option<Timestamp>,
    },
    /// A public notice was put up or taken down.
    Notice {
        /// Which.
        name: String,
        /// How it stands.
        notice: Notice,
    },
    /// Tied to another case.
    Link {
        /// Tie.
        link: Link,
    },
    /// A document was issued; one of the same kind that stood is superseded.
    Issue {
        /// The document.
        issued: Box<Issued>,
    },
    /// A document was withdrawn.
    Withdraw {
        /// Its code.
        code: String,
        /// Why; empty when an action of the pack did it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Asks for a case to be opened; a job does it and ties both. Kept in the journal so that it happens once.
    Spawn {
        /// The command to send.
        command: Box<Command>,
        /// Kind of the link seen from this case.
        link: String,
    },
    /// Asks for a command that follows from this change; a job sends it. What is refused then is left.
    Send {
        /// The command.
        command: Box<Command>,
    },
    /// Somebody is to be told.
    Notify {
        /// Whom: `reporter`, `assignee` or `role@level`.
        whom: String,
        /// The posts this came to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        posts: Vec<PostId>,
        /// Words of the pack; those of the step when empty.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        text: Text,
    },
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Shard.
    pub shard: Shard,
    /// Place in the shard's order, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The command that caused it.
    pub command: CommandId,
    /// What changed.
    pub change: Change,
}

/// The recorded answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Shard.
    pub shard: Shard,
    /// The last journal line it caused.
    pub seq: u64,
    /// The case, if one was touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Its public number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Its state now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Its version now.
    #[serde(default)]
    pub version: u32,
}
