//! A handbook of one pack for people, as Markdown in one language: what is kept, what is asked, which steps there are, who
//! may take them and until when, and what is counted. Made from the compiled pack, so it says what the program does.

use crate::assets::Ui;
use crate::texts::{Texts, TextsError};
use fluent_bundle::FluentValue;
use ganglion_model::pack::{
    Action, ClockDef, Field, Indicator, LengthFrom, OnOverdue, Plan, Process, Required, State, Who,
};
use ganglion_model::{Lang, Level, Model, Text};
use std::fmt::Write as _;

/// The handbook of `pack` in `lang`; nothing when there is no such pack.
///
/// # Errors
/// When the texts of the screens cannot be read.
pub fn handbook(model: &Model, pack: &str, lang: Lang) -> Result<Option<String>, TextsError> {
    let texts = Texts::load(&Ui::default())?;
    let Some(info) = model.packs.get(pack) else { return Ok(None) };
    let book = Book { model, texts: &texts, lang };
    let mut page = format!("# {}\n", book.text(&info.title));
    let about = book.text(&info.about);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(page, "\n{} · {}", book.say("packs-version", &[("version", &info.version)]), about);
    for process in model.processes.values().filter(|process| process.pack == pack) {
        book.process(&mut page, process);
    }
    for register in model.registers.values().filter(|register| register.pack == pack) {
        let _ = writeln!(page, "\n## {}: {}\n", book.t("handbook-register"), book.text(&register.title));
        book.fields(&mut page, &register.fields);
    }
    let mut indicators: Vec<&Indicator> = model.indicators.values().filter(|one| one.pack == pack).collect();
    indicators.sort_by_key(|one| one.order);
    if !indicators.is_empty() {
        book.indicators(&mut page, &indicators);
    }
    let mut plans: Vec<&Plan> = model.plans.values().filter(|plan| plan.pack == pack).collect();
    plans.sort_by_key(|plan| plan.order);
    plans.into_iter().for_each(|plan| book.plan(&mut page, plan));
    Ok(Some(page))
}

struct Book<'a> {
    model: &'a Model,
    texts: &'a Texts,
    lang: Lang,
}

/// A table cell: no line breaks, no bars.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").trim().to_owned()
}

impl Book<'_> {
    fn t(&self, key: &str) -> String {
        self.texts.get(self.lang, key, &[])
    }

    fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<(&str, FluentValue<'_>)> =
            args.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect();
        self.texts.get(self.lang, key, &args)
    }

    fn text(&self, text: &Text) -> String {
        let (first, other) = if self.lang == Lang::Zh { (&text.zh, &text.en) } else { (&text.en, &text.zh) };
        cell(if first.is_empty() { other } else { first })
    }

    fn head(&self, page: &mut String, keys: &[&str]) {
        let names: Vec<String> = keys.iter().map(|key| self.t(key)).collect();
        let _ = writeln!(page, "| {} |\n|{}", names.join(" | "), "---|".repeat(keys.len()));
    }

    fn process(&self, page: &mut String, process: &Process) {
        let _ = writeln!(page, "\n## {}: {}\n", self.t("handbook-process"), self.text(&process.title));
        let _ = writeln!(page, "{}: {}\n", self.t("handbook-opened-by"), self.who_all(&process.open_by));
        if !process.purpose.zh.is_empty() {
            let _ = writeln!(page, "{}: {}\n", self.t("handbook-purpose"), self.text(&process.purpose));
        }
        self.fields(page, &process.form);
        self.diagram(page, process);
        self.steps(page, process);
        if !process.clocks.is_empty() {
            self.clocks(page, process);
        }
    }

    fn fields(&self, page: &mut String, fields: &[Field]) {
        self.head(page, &["handbook-field", "handbook-type", "handbook-needed", "handbook-note"]);
        for field in fields {
            let needed = match field.required {
                Required::Yes if field.when.is_none() => self.t("handbook-yes"),
                Required::No => String::new(),
                _ => self.t("handbook-sometimes"),
            };
            let mut notes = vec![self.text(&field.help)];
            notes.extend(field.personal.then(|| self.t("handbook-personal")));
            notes.extend(field.checks.iter().map(|check| self.text(&check.message)));
            notes.retain(|note| !note.is_empty());
            let kind = self.kind(field);
            let _ = writeln!(page, "| {} | {kind} | {needed} | {} |", self.text(&field.title), notes.join("; "));
        }
    }

    /// The type as the language calls it, in words where the texts have some.
    fn kind(&self, field: &Field) -> String {
        let name = match serde_json::to_value(&field.kind) {
            Ok(serde_json::Value::String(name)) => name,
            Ok(serde_json::Value::Object(parts)) => parts.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        };
        let key = format!("handbook-type-{}", name.replace('_', "-"));
        if self.texts.has(self.lang, &key) { self.t(&key) } else { name }
    }

    fn level(&self, level: Level) -> String {
        self.t(&format!("level-{}", level.as_str()))
    }

    fn role(&self, name: &str) -> String {
        self.model.roles.get(name).map_or_else(|| name.to_owned(), |role| self.text(&role.title))
    }

    fn who(&self, who: &Who) -> String {
        match who {
            Who::Role { role, level } => format!("{} ({})", self.role(role), self.level(*level)),
            Who::RoleHandling { role } => format!("{} ({})", self.role(role), self.t("handbook-handling")),
            other => {
                let name = serde_json::to_value(other).unwrap_or_default();
                let key = format!("handbook-who-{}", name.as_str().unwrap_or_default());
                if self.texts.has(self.lang, &key) {
                    self.t(&key)
                } else {
                    name.as_str().unwrap_or_default().to_owned()
                }
            }
        }
    }

    fn who_all(&self, all: &[Who]) -> String {
        all.iter().map(|who| self.who(who)).collect::<Vec<_>>().join(", ")
    }

    fn in_order<'p>(&self, process: &'p Process) -> impl Iterator<Item = &'p State> {
        process.state_order.iter().filter_map(|name| process.states.get(name))
    }

    fn diagram(&self, page: &mut String, process: &Process) {
        page.push_str("\n```mermaid\nstateDiagram-v2\n");
        for state in self.in_order(process) {
            let _ = writeln!(page, "  state \"{}\" as {}", self.text(&state.title).replace('"', "'"), state.name);
        }
        let _ = writeln!(page, "  [*] --> {}", process.initial);
        for state in self.in_order(process) {
            for action in state.actions.iter().filter(|action| action.to.is_some()) {
                let to = action.to.as_deref().unwrap_or_default();
                let _ = writeln!(page, "  {} --> {to}: {}", state.name, self.text(&action.title).replace(':', " "));
            }
            if state.is_final {
                let _ = writeln!(page, "  {} --> [*]", state.name);
            }
        }
        page.push_str("```\n\n");
    }

    fn steps(&self, page: &mut String, process: &Process) {
        let keys = ["handbook-state", "handbook-step", "handbook-who", "handbook-when", "handbook-asks", "handbook-to"];
        self.head(page, &keys);
        for state in self.in_order(process) {
            let title = self.text(&state.title);
            if state.actions.is_empty() {
                let _ = writeln!(page, "| {title} | | | | | |");
            }
            for action in &state.actions {
                self.step(page, process, (&title, action));
            }
        }
    }

    fn step(&self, page: &mut String, process: &Process, (title, action): (&str, &Action)) {
        let mut when: Vec<String> = action.when.iter().map(|guard| self.text(&guard.message)).collect();
        when.extend((!action.not.is_empty()).then(|| self.say("handbook-not", &[("marks", &action.not.join(", "))])));
        let asks: Vec<String> = action.form.iter().map(|field| self.text(&field.title)).collect();
        let to = action.to.as_ref().and_then(|to| process.states.get(to)).map(|state| self.text(&state.title));
        let _ = writeln!(
            page,
            "| {title} | {} | {} | {} | {} | {} |",
            self.text(&action.title),
            self.who_all(&action.by),
            when.join("; "),
            asks.join(", "),
            to.unwrap_or_default()
        );
    }

    fn clocks(&self, page: &mut String, process: &Process) {
        page.push('\n');
        let keys = ["handbook-clock", "handbook-length", "handbook-from", "handbook-until", "handbook-late"];
        self.head(page, &keys);
        let states = |names: &[String]| {
            let titles = names.iter().filter_map(|name| process.states.get(name)).map(|state| self.text(&state.title));
            titles.collect::<Vec<_>>().join(", ")
        };
        for clock in process.clocks.values() {
            let (title, length) = (self.text(&clock.title), self.length(&clock.length));
            let (from, until, late) = (states(&clock.from), states(&clock.until), self.late(process, clock));
            let _ = writeln!(page, "| {title} | {length} | {from} | {until} | {late} |");
        }
    }

    fn length(&self, length: &LengthFrom) -> String {
        match length {
            LengthFrom::Fixed(length) => length.to_string().to_lowercase(),
            LengthFrom::Share { clock, percent } => format!("{percent} % · {clock}"),
            _ => self.t("handbook-from-data"),
        }
    }

    fn late(&self, process: &Process, clock: &ClockDef) -> String {
        match &clock.on_overdue {
            OnOverdue::Act(action) => {
                let mut all = process.states.values().flat_map(|state| &state.actions);
                let found = all.rfind(|one| one.name == *action);
                found.map_or_else(|| action.clone(), |action| self.text(&action.title))
            }
            OnOverdue::Nothing => String::new(),
            _ => self.t("handbook-marked"),
        }
    }

    fn plan(&self, page: &mut String, plan: &Plan) {
        let title = |name: &str| self.model.registers.get(name).map(|register| self.text(&register.title));
        let _ = writeln!(page, "\n## {}: {}\n", self.t("handbook-plan"), self.text(&plan.title));
        let about = self.text(&plan.about);
        if !about.is_empty() {
            let _ = writeln!(page, "{about}\n");
        }
        let mut levels = plan.levels().into_iter().map(|level| self.level(level)).collect::<Vec<_>>();
        let mut rests_on: Vec<String> = plan.looks_at().into_iter().filter_map(title).collect();
        rests_on.append(&mut levels);
        let mut facts = vec![
            ("handbook-plan-by", self.who_all(&plan.by)),
            ("handbook-plan-read", self.who_all(&plan.read)),
            ("handbook-plan-rests-on", rests_on.join(", ")),
            ("handbook-plan-writes", plan.result.as_ref().and_then(|one| title(&one.register)).unwrap_or_default()),
        ];
        facts.retain(|(_, said)| !said.is_empty());
        for (key, said) in facts {
            let _ = writeln!(page, "- {}: {said}", self.t(key));
        }
        if !plan.form.is_empty() {
            page.push('\n');
            self.fields(page, &plan.form);
        }
    }

    fn indicators(&self, page: &mut String, all: &[&Indicator]) {
        let _ = writeln!(page, "\n## {}\n", self.t("handbook-indicators"));
        self.head(page, &["handbook-indicator", "handbook-definition", "handbook-levels"]);
        for one in all {
            let levels: Vec<String> = one.levels.iter().map(|level| self.level(*level)).collect();
            let definition = self.text(&one.definition);
            let _ = writeln!(page, "| {} | {definition} | {} |", self.text(&one.title), levels.join(", "));
        }
    }
}
