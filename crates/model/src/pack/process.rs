//! Processes: states, actions, who may take them, what they do, and the clocks that run meanwhile.

use super::clock::{ClockDef, LengthFrom};
use super::field::Field;
use super::intake::Intake;
use super::notice::NoticeDef;
use super::open311::Open311;
use super::queue::QueueDef;
use super::routing::{RouteDef, Workload};
use super::schedule::ScheduleDef;
use crate::clocks::Length;
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
    /// Judging the opening form looks at rows it does not name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looks: bool,
    /// How a case finds its place.
    pub route: RouteDef,
    /// Taken in at any office: the case keeps the place where it was taken in beside the one it belongs to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_office: bool,
    /// The queue cases wait in until somebody takes the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueDef>,
    /// Name of the state a case starts in.
    pub initial: String,
    /// States by name, in the author's order in `state_order`.
    pub states: BTreeMap<String, State>,
    /// Order in which states are shown.
    pub state_order: Vec<String>,
    /// Clocks by name.
    pub clocks: BTreeMap<String, ClockDef>,
    /// What the system does here when cases opened out of this one end, by their process.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub children: BTreeMap<String, Children>,
    /// Public notices by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<String, NoticeDef>,
    /// Cases that come by themselves, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schedule: BTreeMap<String, ScheduleDef>,
    /// Roles that may read every case of their subtree, besides those who may act in it.
    pub read: Vec<Who>,
    /// The field shown as the heading of a case.
    pub heading: String,
    /// The field that sorts cases into kinds (shown as category).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_field: Option<String>,
    /// The list of ways in which cases come in; the shared list `channel` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<String>,
    /// Days a case is kept after it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Why personal fields are held.
    #[serde(default)]
    pub purpose: Text,
    /// The law or consent on which they are held.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub basis: Text,
    /// How it is offered over Open311, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open311: Option<Open311>,
    /// Outside systems whose orders become cases, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub intake: BTreeMap<String, Intake>,
}

/// What the system does on a case when cases opened out of it end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Children {
    /// The action it takes whenever one ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The action it takes when the last open one ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<String>,
}

/// Another case that an effect opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The process.
    pub process: String,
    /// Its place: a form field; the case's own place when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Form values.
    pub set: BTreeMap<String, Expr>,
    /// Kind of the link, e.g. `converted_to`.
    pub link: String,
    /// One case for each row of this table of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
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
    /// Parts the sequence begins again with, besides those that are written: a short number called out in one hall on one
    /// day names neither.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<NumberPart>,
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
    /// The code of the case's place at a level, its last digits only: `{township:3}`.
    PlaceEnd(Level, u8),
    /// The civil year.
    Year,
    /// Year and month, `202206`.
    Month,
    /// Year, month and day, `20220627`.
    Day,
    /// The kind of the case: the code or key in the field that sorts cases.
    Kind,
    /// The gap-free sequence within the other parts, padded to this many digits.
    Sequence(u8),
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

/// The action by which somebody looks at a case they may not read, because a life is in danger. It lets nobody read in general.
pub const BREAK_GLASS: &str = "break_glass";

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
    /// A post with this role at the very place where the case was taken in.
    RoleTaken {
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
    /// Anyone who holds a post, whatever and wherever: for opening only.
    Staff,
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
    /// The post of a role in reach with the fewest open cases.
    Workload(Workload),
    /// The post or posts an expression over the case gives: who opened it, who is named in one of its fields.
    Of(Expr),
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
    /// Adds a row to a table of the case.
    Add {
        /// The table.
        field: String,
        /// Values by column.
        set: BTreeMap<String, Expr>,
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
        /// At most this much at a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Length>,
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
    Open(Opening),
    /// Turns this case into one of another process: opened in the same decision where it belongs to the same county, so that a
    /// refusal of the new case refuses the step as well.
    Convert(Opening),
    /// Creates or changes a register row.
    Record {
        /// The register.
        register: String,
        /// Key of the row.
        key: Expr,
        /// Values.
        set: BTreeMap<String, Expr>,
    },
    /// Ends a register row, whoever refers to it.
    End {
        /// The register.
        register: String,
        /// Key of the row.
        key: Expr,
        /// First day it no longer holds; today without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Expr>,
    },
    /// Tells somebody.
    Notify {
        /// Whom: the reporter, the assignee, or posts of a role in reach of the case.
        to: Vec<Who>,
        /// With these words; those of the action when empty.
        text: Text,
    },
    /// Issues a document.
    Document(String),
    /// Withdraws every standing document of this kind.
    Withdraw(String),
    /// Destroys the key of a case, with every personal value of it: the case whose public number this is.
    EraseCase(Expr),
    /// The same for a register row.
    EraseRow {
        /// Register.
        register: String,
        /// Natural key.
        key: Expr,
    },
    /// Puts up a public notice; one that stands already begins anew.
    Publish(String),
    /// Takes a public notice down before its time.
    Unpublish(String),
    /// Starts a clock that does not run.
    Start(String),
    /// Stops a clock.
    Stop(String),
    /// Suspends a clock until it is resumed, whatever states the case enters meanwhile.
    Pause(String),
    /// Lets a suspended clock run on.
    Resume(String),
    /// Done only where a condition holds on the case with what was typed, as it stands before the first effect.
    When {
        /// The condition.
        holds: Expr,
        /// What is done then.
        then: Box<Effect>,
    },
}

impl Effect {
    /// What is done, on a condition or not.
    #[must_use]
    pub fn done(&self) -> &Effect {
        match self {
            Effect::When { then, .. } => then.done(),
            plain => plain,
        }
    }
}
