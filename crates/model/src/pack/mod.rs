//! The compiled pack: what the compiler makes of a folder of YAML, and what `decide`, figures and screens read.
//!
//! Everything is resolved (references exist, expressions are typed and lowered); nothing here can fail at run time for
//! a reason the checker could have known. The spelling authors use is documented in `docs/packs/language.md`.

mod bulletin;
mod clock;
mod document;
mod field;
mod indicator;
mod intake;
mod looks;
mod notice;
mod open311;
mod plan;
mod policy;
mod process;
mod queue;
mod readings;
mod register;
mod routing;
mod rule;
mod schedule;
mod shown;
mod table;
mod target;

pub use bulletin::Bulletin;
pub use clock::{ClockDef, LengthFrom, OnOverdue, Soon, SoonAt, declared_of, promised_of};
pub use document::{Document, Papers, Seal};
pub use field::{Check, Field, FieldKind, Required, SAME_WORDS, Within};
pub use indicator::{Against, Compared, Dim, Formula, Indicator, Measure, Moment, Rounding, Source};
pub use intake::{Intake, IntakeField, IntakeSource, IntakeThrough};
pub use notice::{NoticeDef, NoticeField};
pub use open311::{Open311, OpenMedia};
pub use plan::{
    AllocationDef, Amount, AssignmentDef, CoverageDef, FigurePeriod, Plan, PlanFigure, PlanKind, PlanPoints,
    PlanResult, PlanRows,
};
pub use policy::{OF_ROWS, OPEN, PolicyEffect, PolicyRule, READ};
pub use process::{
    Action, Assign, BREAK_GLASS, Children, Effect, Guard, NumberDef, NumberPart, Opening, Process, State, Tone, Who,
};
pub use queue::{CallsDef, CounterDef, HallDef, QueueDef};
pub use readings::{ReadingFlag, Readings};
pub use register::{Register, Scope};
pub use routing::{Give, Match, RouteDef, RuleRoute, Workload};
pub use rule::{RULE_FIGURE, Rule, RuleOpen};
pub use schedule::{Each, Every, OnDay, ScheduleDef};
pub use shown::ShownFigure;
pub use table::{Table, TableRows};
pub use target::{Slack, Target, TargetRows};

use crate::text::Text;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All installed packs together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Packs by name.
    pub packs: BTreeMap<String, PackInfo>,
    /// Roles by name; a role may be declared by several packs with the same title.
    pub roles: BTreeMap<String, Role>,
    /// Code lists by name.
    pub lists: BTreeMap<String, CodeList>,
    /// Registers by name.
    pub registers: BTreeMap<String, Register>,
    /// Processes by name.
    pub processes: BTreeMap<String, Process>,
    /// Measures by name.
    pub measures: BTreeMap<String, Measure>,
    /// Indicators by name.
    pub indicators: BTreeMap<String, Indicator>,
    /// Standing checks by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, Rule>,
    /// Rules of the deployment, permits first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<PolicyRule>,
    /// Plans by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plans: BTreeMap<String, Plan>,
    /// Documents by name.
    #[serde(default)]
    pub documents: BTreeMap<String, Document>,
    /// Bulletins by name.
    #[serde(default)]
    pub bulletins: BTreeMap<String, Bulletin>,
    /// Tables by name.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
    /// What templates may read, by pack.
    #[serde(default)]
    pub papers: BTreeMap<String, Papers>,
    /// Targets by name.
    #[serde(default)]
    pub targets: BTreeMap<String, Target>,
    /// Rows registers start with, by register name.
    pub seeds: BTreeMap<String, Vec<Seed>>,
    /// Where each fact is asked or kept, by the name the fields give it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Vec<FactPlace>>,
    /// Which installed set of packs this is; 0 when it was compiled from a folder.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub number: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Model {
    /// Indicators as they are offered: those of the packs that build on most others first, then in the author's order.
    #[must_use]
    pub fn indicators_in_order(&self) -> Vec<&Indicator> {
        let built_on = |pack: &str| self.packs.get(pack).map_or(0, |pack| pack.requires.len());
        let mut all: Vec<&Indicator> = self.indicators.values().collect();
        all.sort_by_key(|one| (std::cmp::Reverse(built_on(&one.pack)), one.pack.clone(), one.order));
        all
    }

    /// The rule whose violations an indicator counts, if it is one the compiler added for a rule.
    #[must_use]
    pub fn rule_counted_by(&self, indicator: &str) -> Option<&Rule> {
        self.rules.get(indicator.strip_prefix(RULE_FIGURE)?)
    }
}

/// Where a fact is asked or kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactPlace {
    /// Process or register.
    pub of: String,
    /// A register keeps it.
    pub is_register: bool,
    /// Field.
    pub field: String,
}

/// Header of one pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackInfo {
    /// Folder name.
    pub name: String,
    /// Version the author gave.
    pub version: String,
    /// Title.
    pub title: Text,
    /// One paragraph of what it is for.
    #[serde(default)]
    pub about: Text,
    /// Packs it builds on.
    #[serde(default)]
    pub requires: Vec<String>,
    /// How often a place is expected to open a case of a process in a year.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub yearly: BTreeMap<String, u32>,
    /// Roles it declares, in its order; others may declare them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// A role: what a post is for. Permissions hang on roles at levels, never on people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Name.
    pub name: String,
    /// Title of a post with this role.
    pub title: Text,
    /// Levels at which posts of this role exist.
    pub levels: Vec<crate::place::Level>,
}

/// A list of codes that a field may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeList {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Text,
    /// Codes in the author's order.
    pub codes: Vec<Code>,
}

impl CodeList {
    /// The entry of `code`.
    #[must_use]
    pub fn code(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|one| one.code == code)
    }
}

/// One code. Codes are retired by date, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// What it is called.
    pub title: Text,
    /// First day of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// First day on which it may no longer be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Code {
    /// Whether it may be chosen on `day`.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }
}

/// A row a register starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seed {
    /// Natural key.
    pub key: String,
    /// First day it holds, for dated registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// First day it no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Values.
    pub fields: crate::Fields,
}

impl Seed {
    /// The row of `register` it stands for; only registers of the deployment start with rows.
    #[must_use]
    pub fn record(&self, register: &Register) -> crate::row::Record {
        crate::row::Record {
            register: register.name.clone(),
            shard: crate::id::Shard::DEPLOYMENT,
            key: self.key.clone(),
            version: 0,
            place: None,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            fields: self.fields.clone(),
            authority: None,
            documents: Vec::new(),
        }
    }
}
