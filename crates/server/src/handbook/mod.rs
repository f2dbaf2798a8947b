//! A handbook of one pack for people, as Markdown in one language: what is kept, what is asked, which steps there are, who
//! may take them and until when, and what is counted. Made from the compiled pack, so it says what the program does.

mod words;

use crate::assets::Ui;
use crate::texts::{Texts, TextsError};
use fluent_bundle::FluentValue;
use ganglion_model::pack::{Action, Field, Indicator, Plan, Process, Required, State};
use ganglion_model::{Lang, Model, Text};
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
        book.heading(&mut page, ("handbook-register", &register.title));
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
    book.papers(&mut page, pack);
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

    /// A text with numbers, so that a language can choose its plural.
    fn count(&self, key: &str, args: &[(&str, u32)]) -> String {
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

    /// What something is, and its title.
    fn heading(&self, page: &mut String, (what, title): (&str, &Text)) {
        let _ = writeln!(page, "\n## {}\n", self.line(what, &self.text(title)));
    }

    /// `what: said`, with the colon of the language.
    fn line(&self, what: &str, said: &str) -> String {
        self.say("handbook-line", &[("what", &self.t(what)), ("said", said)])
    }

    fn process(&self, page: &mut String, process: &Process) {
        self.heading(page, ("handbook-process", &process.title));
        let _ = writeln!(page, "{}\n", self.line("handbook-opened-by", &self.who_all(&process.open_by)));
        if !process.purpose.zh.is_empty() {
            let _ = writeln!(page, "{}\n", self.line("handbook-purpose", &self.text(&process.purpose)));
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
            notes.extend(field.computed.is_some().then(|| self.t("handbook-computed")));
            notes.extend(
                field.offered.iter().chain(&field.checks).chain(&field.warns).map(|check| self.text(&check.message)),
            );
            notes.retain(|note| !note.is_empty());
            let kind = self.kind(field);
            let _ = writeln!(page, "| {} | {kind} | {needed} | {} |", self.text(&field.title), notes.join("; "));
        }
    }

    fn in_order<'p>(&self, process: &'p Process) -> impl Iterator<Item = &'p State> {
        process.state_order.iter().filter_map(|name| process.states.get(name))
    }

    fn diagram(&self, page: &mut String, process: &Process) {
        page.push_str("\n```mermaid\nstateDiagram-v2\n");
        // Names of states are the author's; people read titles, so the drawing numbers them.
        let number = |name: &str| process.state_order.iter().position(|one| one == name).unwrap_or_default() + 1;
        for state in self.in_order(process) {
            let title = self.text(&state.title).replace('"', "'");
            let _ = writeln!(page, "  state \"{title}\" as s{}", number(&state.name));
        }
        let _ = writeln!(page, "  [*] --> s{}", number(&process.initial));
        for state in self.in_order(process) {
            let from = number(&state.name);
            for (action, to) in state.actions.iter().filter_map(|action| Some((action, action.to.as_deref()?))) {
                let title = self.text(&action.title).replace(':', " ");
                let _ = writeln!(page, "  s{from} --> s{}: {title}", number(to));
            }
            if state.is_final {
                let _ = writeln!(page, "  s{from} --> [*]");
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
        when.extend(self.not_by(process, action));
        let asks: Vec<String> = action.form.iter().map(|field| self.text(&field.title)).collect();
        let to = action.to.as_ref().and_then(|to| process.states.get(to)).map(|state| self.text(&state.title));
        let _ = writeln!(
            page,
            "| {title} | {} | {} | {} | {} | {} |",
            self.text(&action.title),
            self.who_all(&action.by),
            when.join("; "),
            self.joined(&asks),
            to.unwrap_or_default()
        );
    }

    fn clocks(&self, page: &mut String, process: &Process) {
        page.push('\n');
        let keys = ["handbook-clock", "handbook-length", "handbook-from", "handbook-until", "handbook-late"];
        self.head(page, &keys);
        for clock in process.clocks.values() {
            let (title, length) = (self.text(&clock.title), self.length(process, &clock.length));
            let (from, until) = (self.begins(process, clock), self.ends(process, clock));
            let late = self.late(process, clock);
            let _ = writeln!(page, "| {title} | {length} | {from} | {until} | {late} |");
        }
    }

    fn plan(&self, page: &mut String, plan: &Plan) {
        let title = |name: &str| self.model.registers.get(name).map(|register| self.text(&register.title));
        self.heading(page, ("handbook-plan", &plan.title));
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
            ("handbook-plan-rests-on", self.joined(&rests_on)),
            ("handbook-plan-writes", plan.result.as_ref().and_then(|one| title(&one.register)).unwrap_or_default()),
        ];
        facts.retain(|(_, said)| !said.is_empty());
        for (key, said) in facts {
            let _ = writeln!(page, "- {}", self.line(key, &said));
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
            let _ = writeln!(page, "| {} | {definition} | {} |", self.text(&one.title), self.joined(&levels));
        }
    }

    /// Letters made from cases and rows, and reports whose figures are counted when they are made.
    fn papers(&self, page: &mut String, pack: &str) {
        let letters = self.model.documents.values().filter(|one| one.pack == pack).map(|one| {
            let process = self.model.processes.get(&one.of).map(|process| &process.title);
            let title = process.or_else(|| self.model.registers.get(&one.of).map(|register| &register.title));
            let of = title.map(|title| self.text(title)).unwrap_or_default();
            (self.text(&one.title), of, self.who_all(&one.by))
        });
        let reports = self.model.bulletins.values().filter(|one| one.pack == pack).map(|one| {
            let names = one.figures.iter().filter_map(|name| self.model.indicators.get(name));
            let figures: Vec<String> = names.map(|figure| self.text(&figure.title)).collect();
            (self.text(&one.title), self.joined(&figures), self.who_all(&one.by))
        });
        let all: Vec<(String, String, String)> = letters.chain(reports).collect();
        if all.is_empty() {
            return;
        }
        let _ = writeln!(page, "\n## {}\n", self.t("handbook-papers"));
        self.head(page, &["handbook-paper", "handbook-paper-from", "handbook-paper-by"]);
        for (title, from, by) in all {
            let _ = writeln!(page, "| {title} | {from} | {by} |");
        }
    }
}
