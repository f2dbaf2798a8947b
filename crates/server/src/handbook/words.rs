//! What the handbook says in words: types with what they choose from, who may do something, lengths and ends of clocks, what
//! happens when one is late. Only titles of packs and texts of the screens, never a name of the language.

use super::Book;
use crate::view::clock::amount_in;
use ganglion_model::clocks::Ends;
use ganglion_model::pack::{Action, ClockDef, Effect, Field, FieldKind, LengthFrom, OnOverdue, Process, Who};
use ganglion_model::{Level, units};
use std::collections::BTreeSet;

impl Book<'_> {
    /// One after the other, as the language lists things.
    pub(super) fn joined(&self, parts: &[String]) -> String {
        parts.join(&self.t("list-comma"))
    }

    /// The type in words, and what its values are chosen from.
    pub(super) fn kind(&self, field: &Field) -> String {
        let word = self.type_word(&field.kind);
        match self.chosen_from(&field.kind).filter(|of| !of.is_empty()) {
            Some(of) => self.say("handbook-type-of", &[("type", &word), ("of", &of)]),
            None => word,
        }
    }

    fn type_word(&self, kind: &FieldKind) -> String {
        match kind {
            FieldKind::Text { .. } => self.t("handbook-type-text"),
            FieldKind::LongText { .. } => self.t("handbook-type-long-text"),
            FieldKind::Integer { .. } => self.t("handbook-type-integer"),
            FieldKind::Decimal { .. } => self.t("handbook-type-decimal"),
            FieldKind::Money => self.t("handbook-type-money"),
            FieldKind::Quantity { .. } => self.t("handbook-type-quantity"),
            FieldKind::Date => self.t("handbook-type-date"),
            FieldKind::Time => self.t("handbook-type-time"),
            FieldKind::Datetime => self.t("handbook-type-datetime"),
            FieldKind::Duration => self.t("handbook-type-duration"),
            FieldKind::Boolean => self.t("handbook-type-boolean"),
            FieldKind::Choice { .. } => self.t("handbook-type-choice"),
            FieldKind::Choices { .. } => self.t("handbook-type-choices"),
            FieldKind::Ref { .. } => self.t("handbook-type-ref"),
            FieldKind::Refs { .. } => self.t("handbook-type-refs"),
            FieldKind::CaseRef { .. } => self.t("handbook-type-case-ref"),
            FieldKind::Place { .. } => self.t("handbook-type-place"),
            FieldKind::Post { .. } => self.t("handbook-type-post"),
            FieldKind::Posts { .. } => self.t("handbook-type-posts"),
            FieldKind::Account { .. } => self.t("handbook-type-account"),
            FieldKind::Point => self.t("handbook-type-point"),
            FieldKind::Line => self.t("handbook-type-line"),
            FieldKind::Polygon => self.t("handbook-type-polygon"),
            FieldKind::Files { images: true, .. } => self.t("handbook-type-images"),
            FieldKind::Files { .. } => self.t("handbook-type-files"),
            FieldKind::Phone => self.t("handbook-type-phone"),
            FieldKind::CitizenId => self.t("handbook-type-citizen-id"),
            FieldKind::CreditCode => self.t("handbook-type-credit-code"),
            FieldKind::Serial { .. } => self.t("handbook-type-serial"),
            FieldKind::Table { .. } => self.t("handbook-type-table"),
        }
    }

    fn chosen_from(&self, kind: &FieldKind) -> Option<String> {
        let model = self.model;
        match kind {
            FieldKind::Choice { list } | FieldKind::Choices { list } => {
                model.lists.get(list).map(|list| self.text(&list.title))
            }
            FieldKind::Ref { register } | FieldKind::Refs { register, .. } => {
                model.registers.get(register).map(|register| self.text(&register.title))
            }
            FieldKind::CaseRef { process } => model.processes.get(process).map(|process| self.text(&process.title)),
            FieldKind::Place { levels } => {
                Some(self.joined(&levels.iter().map(|level| self.level(*level)).collect::<Vec<_>>()))
            }
            FieldKind::Post { roles, .. } | FieldKind::Posts { roles, .. } | FieldKind::Account { roles, .. } => {
                Some(self.joined(&roles.iter().map(|role| self.role(role)).collect::<Vec<_>>()))
            }
            FieldKind::Quantity { unit, .. } => units::unit(unit).map(|unit| self.text(&unit.title)),
            FieldKind::Table { fields, .. } => {
                Some(self.joined(&fields.iter().map(|column| self.text(&column.title)).collect::<Vec<_>>()))
            }
            _ => None,
        }
    }

    pub(super) fn level(&self, level: Level) -> String {
        self.t(&format!("level-{}", level.as_str()))
    }

    fn role(&self, name: &str) -> String {
        self.model.roles.get(name).map_or_else(|| name.to_owned(), |role| self.text(&role.title))
    }

    fn post(&self, role: &str, at: &str) -> String {
        self.say("handbook-post", &[("role", &self.role(role)), ("at", at)])
    }

    fn who(&self, who: &Who) -> String {
        match who {
            Who::Role { role, level } => self.post(role, &self.level(*level)),
            Who::RoleHandling { role } => self.post(role, &self.t("handbook-handling")),
            Who::RoleTaken { role } => self.post(role, &self.t("handbook-taken")),
            Who::Assignee => self.t("handbook-who-assignee"),
            Who::Assisting => self.t("handbook-who-assisting"),
            Who::Reporter => self.t("handbook-who-reporter"),
            Who::Public => self.t("handbook-who-public"),
            Who::Staff => self.t("handbook-who-staff"),
            Who::Api => self.t("handbook-who-api"),
            Who::System => self.t("handbook-who-system"),
        }
    }

    pub(super) fn who_all(&self, all: &[Who]) -> String {
        self.joined(&all.iter().map(|who| self.who(who)).collect::<Vec<_>>())
    }

    /// Titles of the actions with an effect, each once.
    fn steps_with<'p>(
        &self,
        processes: impl Iterator<Item = &'p Process>,
        wanted: impl Fn(&Effect) -> bool,
    ) -> Vec<String> {
        let actions = processes.flat_map(|process| process.states.values()).flat_map(|state| &state.actions);
        let leaving = actions.filter(|action| action.effects.iter().map(Effect::done).any(&wanted));
        let titles: BTreeSet<String> = leaving.map(|action| self.text(&action.title)).collect();
        titles.into_iter().collect()
    }

    /// Who may not take a step though the rest fits: who took other steps, here or in the case this one came from, and whom a
    /// field names.
    pub(super) fn not_by(&self, process: &Process, action: &Action) -> Vec<String> {
        let quoted = |titles: Vec<String>| {
            let titles: Vec<String> =
                titles.iter().map(|title| self.say("handbook-quoted", &[("title", title)])).collect();
            self.joined(&titles)
        };
        let one = |mark: &String| {
            if let Some(name) = mark.strip_prefix("case.") {
                let field = process.form.iter().chain(&process.fields).find(|field| field.name == name);
                let title = field.map_or_else(String::new, |field| self.text(&field.title));
                return self.say("handbook-not-named", &[("field", &title)]);
            }
            if let Some(name) = mark.strip_prefix("parent.") {
                let steps = self.steps_with(
                    self.model.processes.values(),
                    |effect| matches!(effect, Effect::Mark(left) if left == name),
                );
                return self.say("handbook-not-parent", &[("steps", &quoted(steps))]);
            }
            let steps = self
                .steps_with(std::iter::once(process), |effect| matches!(effect, Effect::Mark(left) if left == mark));
            self.say("handbook-not", &[("steps", &quoted(steps))])
        };
        action.not.iter().map(one).collect()
    }

    fn states(&self, process: &Process, names: &[String]) -> Vec<String> {
        names.iter().filter_map(|name| process.states.get(name)).map(|state| self.text(&state.title)).collect()
    }

    /// What starts a clock: states, steps, a day.
    pub(super) fn begins(&self, process: &Process, clock: &ClockDef) -> String {
        let mut all = self.states(process, &clock.from);
        all.extend(self.steps_with(
            std::iter::once(process),
            |effect| matches!(effect, Effect::Start(name) if *name == clock.name),
        ));
        all.extend(clock.from_date.is_some().then(|| self.t("handbook-day-named")));
        self.joined(&all)
    }

    /// What stops it.
    pub(super) fn ends(&self, process: &Process, clock: &ClockDef) -> String {
        let mut all = self.states(process, &clock.until);
        all.extend(self.steps_with(
            std::iter::once(process),
            |effect| matches!(effect, Effect::Stop(name) if *name == clock.name),
        ));
        self.joined(&all)
    }

    pub(super) fn length(&self, process: &Process, length: &LengthFrom) -> String {
        let amount = |length| amount_in(length, |key, args| self.count(key, args));
        match length {
            LengthFrom::Fixed(length) => amount(*length),
            LengthFrom::Before { length, .. } => self.say("handbook-before", &[("length", &amount(*length))]),
            LengthFrom::Share { clock, percent } => {
                let title = process.clocks.get(clock).map_or_else(String::new, |clock| self.text(&clock.title));
                self.say("handbook-share", &[("percent", &percent.to_string()), ("clock", &title)])
            }
            LengthFrom::Ends(ends) => self.calendar_end(*ends),
            LengthFrom::Expr(_) => self.t("handbook-from-data"),
        }
    }

    fn calendar_end(&self, ends: Ends) -> String {
        match ends {
            Ends::SameDay => self.t("handbook-ends-same-day"),
            Ends::Time(hour, minute) => self.say("handbook-ends-time", &[("time", &format!("{hour:02}:{minute:02}"))]),
            Ends::Yearly(month, day) => {
                self.say("handbook-ends-yearly", &[("month", &month.to_string()), ("day", &day.to_string())])
            }
            Ends::Next(0) => self.t("handbook-ends-next-month"),
            Ends::Next(day) => self.say("handbook-ends-next-month-day", &[("day", &day.to_string())]),
            Ends::NextWorking(day) => self.say("handbook-ends-next-month-working-day", &[("day", &day.to_string())]),
            Ends::MonthEnd => self.t("handbook-ends-month"),
            Ends::QuarterEnd => self.t("handbook-ends-quarter"),
        }
    }

    /// What happens when a clock falls due.
    pub(super) fn late(&self, process: &Process, clock: &ClockDef) -> String {
        match &clock.on_overdue {
            OnOverdue::Mark => self.t("handbook-marked"),
            OnOverdue::Nothing => self.t("handbook-lapses"),
            OnOverdue::Count(_) => self.t("handbook-counted"),
            OnOverdue::Notify(who) => self.say("handbook-tells", &[("who", &self.who_all(who))]),
            OnOverdue::Escalate(level) => self.say("handbook-escalates", &[("level", &self.level(*level))]),
            OnOverdue::Act(name) => {
                let mut all = process.states.values().flat_map(|state| &state.actions);
                let title = all.rfind(|one| one.name == *name).map_or_else(String::new, |one| self.text(&one.title));
                self.say("handbook-system-takes", &[("step", &title)])
            }
        }
    }
}
