//! Processes: states, actions, who may take them, what they do, and the clocks that run meanwhile.

use super::field::Field;
use crate::clocks::{Length, Rule};
use crate::expr::Expr;
use crate::place::Level;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A declared process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// Title.
    pub title: Text,
    /// Who may open a case.
    pub open_by: Vec<Who>,
    /// Also asked when a case is opened: guard over `form.*` and `actor.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_when: Option<Guard>,
    /// The opening form.
    pub form: Vec<Field>,
    /// Fields actions fill later.
    pub fields: Vec<Field>,
    /// Counters actions raise.
    pub counts: Vec<String>,
    /// Numbers cases carry, by name; the one called `report` is the public number.
    pub numbers: BTreeMap<String, NumberDef>,
    /// How a case finds its place.
    pub route: RouteDef,
    /// Name of the state a case starts in.
    pub initial: String,
    /// States by name, in the author's order in `state_order`.
    pub states: BTreeMap<String, State>,
    /// Order in which states are shown.
    pub state_order: Vec<String>,
    /// Clocks by name.
    pub clocks: BTreeMap<String, ClockDef>,
    /// Roles that may read every case of their subtree, besides those who may act in it.
    pub read: Vec<Who>,
    /// The field shown as the heading of a case.
    pub heading: String,
    /// The field that sorts cases into kinds (shown as category).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_field: Option<String>,
    /// Days a case is kept after it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Why personal fields are held, and on what basis.
    #[serde(default)]
    pub purpose: Text,
}

/// A guard with the words for when it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// Must hold.
    pub holds: Expr,
    /// Said when it does not.
    pub message: Text,
}

impl Process {
    /// A field of the case, whether from the opening form or filled later.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.form.iter().chain(&self.fields).find(|field| field.name == name)
    }

    /// The action `name` offered in `state`.
    #[must_use]
    pub fn action(&self, state: &str, name: &str) -> Option<&Action> {
        self.states.get(state)?.actions.iter().find(|action| action.name == name)
    }
}

/// How a number is made: parts in order, e.g. `SB-{township}-{yyyy}-{seq:6}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberDef {
    /// When it is given: `None` at opening, otherwise on entering this state for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_state: Option<String>,
    /// Parts in order.
    pub parts: Vec<NumberPart>,
}

/// A part of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberPart {
    /// Fixed characters.
    Literal(String),
    /// The code of the case's place at a level.
    Place(Level),
    /// The name of the case's place at a level: in documents, which people read aloud.
    Name(Level),
    /// The civil year.
    Year,
    /// The gap-free sequence within the other parts, padded to this many digits.
    Sequence(u8),
}

/// How a case finds its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteDef {
    /// The point field, if the case is routed by point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The place field, used when there is no point (or alone), and for the reporter's choice near a border.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Level at which a case is handled first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled_at: Option<Level>,
}

/// Tone of a state on screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Waiting for somebody.
    #[default]
    Waiting,
    /// Being worked on.
    Working,
    /// In dispute or stopped.
    Paused,
    /// Finished well.
    Done,
    /// Ended without being done.
    Ended,
}

/// A state of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Text,
    /// What the public is told while a case is in it.
    #[serde(default)]
    pub public: Text,
    /// Tone on screens.
    #[serde(default)]
    pub tone: Tone,
    /// No case leaves it on its own and no clock runs in it. It may still offer actions (reopen, rate).
    pub is_final: bool,
    /// What may be done in it, in order of likelihood.
    pub actions: Vec<Action>,
}

impl State {
    /// Nothing is left to settle: a final state, or one that only waits for a rating, a reply or the archive.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_final || matches!(self.tone, Tone::Done | Tone::Ended)
    }
}

/// What somebody may do in a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Name, unique in its state.
    pub name: String,
    /// The button.
    pub title: Text,
    /// What the form explains.
    #[serde(default)]
    pub help: Text,
    /// Who may take it.
    pub by: Vec<Who>,
    /// Marks whose holder may not take it ("someone other than the one who handled it").
    pub not: Vec<String>,
    /// Guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Guard>,
    /// What is asked. Fields that the case declares under the same name are stored there; the others stay with the
    /// journal entry.
    pub form: Vec<Field>,
    /// Next state; `None`: stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What else it does, in order.
    pub effects: Vec<Effect>,
    /// May be taken on many cases at once.
    #[serde(default)]
    pub bulk: bool,
    /// The rule it rests on, shown in the timeline.
    #[serde(default)]
    pub basis: Text,
    /// Marked in red and asked twice.
    #[serde(default)]
    pub grave: bool,
}

/// Who may open or act.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A post with this role at this level whose place holds the case's place.
    Role {
        /// The role.
        role: String,
        /// The level the post stands at.
        level: Level,
    },
    /// A post with this role at the level the case is handled at now.
    RoleHandling {
        /// The role.
        role: String,
    },
    /// The post the case is assigned to.
    Assignee,
    /// The assigned post or one that assists.
    Assisting,
    /// Whoever opened the case (a reporter proves it with number and phone).
    Reporter,
    /// Anyone, signed in or not.
    Public,
    /// Another system with a key.
    Api,
    /// The system itself, when a clock falls due.
    System,
}

/// A value for an assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assign {
    /// The post in this form field.
    Form(String),
    /// The posts in this form field.
    FormMany(String),
    /// The actor's own post.
    Actor,
    /// Nobody.
    Nobody,
}

/// What an action does besides moving to its next state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Gives the case to a post.
    Assign(Assign),
    /// Names posts that assist.
    Assist(Assign),
    /// Sets a field of the case.
    Set {
        /// The field.
        field: String,
        /// Its value.
        value: Expr,
    },
    /// Raises a counter.
    Count(String),
    /// Remembers who did this and when.
    Mark(String),
    /// Handles the case one level up (`true`) or down.
    Level {
        /// Up or down.
        up: bool,
    },
    /// Moves the case to the place in this form field, keeping the history.
    Move {
        /// The form field with the new place.
        place: String,
    },
    /// Lengthens a running clock.
    Extend {
        /// The clock.
        clock: String,
        /// By how much.
        by: LengthFrom,
    },
    /// Replaces the remaining length of a clock (supervision sets a new limit), starting now.
    Restart {
        /// The clock.
        clock: String,
        /// The new length.
        length: LengthFrom,
    },
    /// Links this case under another: the number stands in this form field.
    Merge {
        /// The form field.
        into: String,
    },
    /// Opens a case of another process (or of this one elsewhere) and links both.
    Open {
        /// The process.
        process: String,
        /// Its place: a form field; the case's own place when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// Form values.
        set: BTreeMap<String, Expr>,
        /// Kind of the link, e.g. `converted_to`.
        link: String,
    },
    /// Creates or changes a register row.
    Record {
        /// The register.
        register: String,
        /// Key of the row.
        key: Expr,
        /// Values.
        set: BTreeMap<String, Expr>,
    },
    /// Tells somebody (reporter or assignee).
    Notify(Vec<Who>),
    /// Issues a document.
    Document(String),
    /// Withdraws every standing document of this kind.
    Withdraw(String),
}

/// Where a length comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthFrom {
    /// Written in the pack.
    Fixed(Length),
    /// An expression that gives a text such as `4 wh`.
    Expr(Expr),
    /// A share of another clock's original length, in percent (rounded up to a whole unit step).
    Share {
        /// The other clock.
        clock: String,
        /// Percent.
        percent: u32,
    },
}

/// A clock of a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockDef {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Text,
    /// States whose entry starts it when it does not run.
    pub from: Vec<String>,
    /// States whose entry stops it.
    pub until: Vec<String>,
    /// States in which it stands still.
    pub suspend_in: Vec<String>,
    /// How long.
    pub length: LengthFrom,
    /// Counting rules; the length inside is a placeholder when `length` is data.
    pub rule: Rule,
    /// What happens when it falls due.
    pub on_overdue: OnOverdue,
    /// Whether the reporter is told this limit.
    #[serde(default)]
    pub promise: bool,
    /// The law, standard or local rule it rests on.
    #[serde(default)]
    pub basis: Text,
}

/// What happens when a clock falls due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverdue {
    /// It is marked overdue, once, in the journal.
    #[default]
    Mark,
    /// Nothing: the clock only bounds what may still be done (a window for returning an order).
    Nothing,
    /// It is marked and the counter is raised.
    Count(String),
    /// The system takes this action (a deemed outcome); the action must allow `system`.
    Act(String),
}
