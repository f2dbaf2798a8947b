//! The journal of a case as people read it: who did what, in which post, on whose authority, when, and why.

use super::case::tone;
use super::words::iso;
use super::{Look, People, Photo, mask, value};
use ganglion_kernel::seal::is_sealed;
use ganglion_model::change::{Actor, Change, Entry, Op, RETENTION};
use ganglion_model::clocks::local_date;
use ganglion_model::pack::{Action, Effect, Field, FieldKind, Process, declared_of};
use ganglion_model::row::Case;
use ganglion_model::{Fields, PostId};
use serde::Serialize;

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    /// When, in words.
    pub at: String,
    /// When, for machines.
    pub at_iso: String,
    /// The person, masked.
    pub who: String,
    /// In which post, or as what.
    pub post: String,
    /// The rule it rests on.
    pub authority: String,
    /// What was done.
    pub verb: String,
    /// State before, when it changed.
    pub from_state: String,
    /// State after, when it changed.
    pub to_state: String,
    /// Tone of the state after.
    pub tone: &'static str,
    /// The reason given.
    pub reason: String,
    /// What else was said or changed.
    pub details: Vec<Detail>,
    /// Pictures.
    pub photos: Vec<Photo>,
}

/// A label with what stands for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// Label.
    pub label: String,
    /// Words.
    pub text: String,
}

/// Journal of one case with what is needed to tell it.
pub struct Story<'a> {
    /// The process.
    pub process: &'a Process,
    /// Names of the people in it.
    pub people: &'a People,
    /// Role of whoever reads, for confidential fields.
    pub role: &'a str,
}

/// The action an entry carried out: the one of its state before, when that is known.
fn action_of<'a>(process: &'a Process, name: &str, ops: &[Op]) -> Option<&'a Action> {
    let from = ops.iter().find_map(|op| match op {
        Op::State { from, .. } => Some(from.as_str()),
        _ => None,
    });
    from.and_then(|state| process.action(state, name))
        .or_else(|| process.states.values().flat_map(|state| &state.actions).find(|action| action.name == name))
}

impl Look<'_> {
    /// The entries of a case, newest first, as the store gives them.
    #[must_use]
    pub fn timeline(&self, story: &Story<'_>, entries: &[Entry]) -> Vec<TimelineEntry> {
        entries.iter().filter_map(|entry| self.entry(story, entry)).collect()
    }

    fn entry(&self, story: &Story<'_>, entry: &Entry) -> Option<TimelineEntry> {
        let (mut who, post) = self.actor(&entry.actor, story.people);
        if let Actor::Post { post, account } = &entry.actor
            && self.world.posts.stands_in(account, post, local_date(entry.at))
        {
            who = self.say("who-deputy", &[("name", who.into())]);
        }
        let base = TimelineEntry {
            at: self.when(entry.at),
            at_iso: iso(entry.at),
            who,
            post,
            tone: "neutral",
            ..TimelineEntry::default()
        };
        match &entry.change {
            Change::Opened { case } => Some(self.opened(story, case, base)),
            Change::Case { action, ops, input, .. } => Some(self.changed(story, (action, ops, input), base)),
            Change::Erased { by, .. } => Some(self.erased(by, base)),
            Change::Record { .. } | Change::RecordGone { .. } | Change::Proposal { .. } => None,
        }
    }

    /// Personal values were destroyed: by which case, or because their time was over.
    fn erased(&self, by: &str, base: TimelineEntry) -> TimelineEntry {
        let reason = match by {
            RETENTION => self.t("erased-retention"),
            number => self.say("erased-by", &[("number", number.into())]),
        };
        TimelineEntry { verb: self.t("verb-erased"), reason, ..base }
    }

    /// The person behind an entry and the post or part they acted in.
    #[must_use]
    pub fn actor(&self, actor: &Actor, people: &People) -> (String, String) {
        match actor {
            Actor::Public => (String::new(), self.t("who-public")),
            Actor::Reporter { .. } => (String::new(), self.t("who-reporter")),
            Actor::Post { post, account } => {
                let name = people.get(account).map(|name| mask::name(name)).unwrap_or_default();
                (name, self.post(post))
            }
            Actor::Api { key } => (String::new(), self.say("who-api", &[("name", key.as_str().into())])),
            Actor::System => (String::new(), self.t("who-system")),
        }
    }

    /// A document by title and number.
    fn document(&self, name: &str, number: &str) -> String {
        let title = self.world.model.documents.get(name).map(|document| self.text(&document.title));
        format!("{} {number}", title.unwrap_or_default()).trim().to_owned()
    }

    fn opened(&self, story: &Story<'_>, case: &Case, base: TimelineEntry) -> TimelineEntry {
        let why = Detail { label: self.t("routing-title"), text: self.routing_text(&case.route) };
        let state = self.state(story.process, &case.state);
        TimelineEntry {
            verb: self.t("verb-opened"),
            to_state: state.label,
            tone: state.tone,
            details: vec![why],
            photos: self.opening_photos(story.process, case),
            ..base
        }
    }

    fn changed(
        &self,
        story: &Story<'_>,
        (name, ops, input): (&str, &[Op], &Fields),
        mut entry: TimelineEntry,
    ) -> TimelineEntry {
        let action = action_of(story.process, name, ops);
        entry.verb = action.map_or_else(|| self.verb_of_system(story, name, ops), |action| self.text(&action.title));
        entry.authority = action.map(|action| self.text(&action.basis)).unwrap_or_default();
        if action.is_none() && ops.iter().any(|op| matches!(op, Op::Fired { .. })) {
            entry.tone = "bad";
        }
        self.said(story, action, (ops, input), &mut entry);
        for op in ops {
            self.op(story, action, op, &mut entry);
        }
        entry
    }

    /// Entries that no action of the pack made: a clock that fell due, a tie between cases.
    fn verb_of_system(&self, story: &Story<'_>, name: &str, ops: &[Op]) -> String {
        let fired = ops.iter().find_map(|op| match op {
            Op::Fired { clock } if !clock.ends_with(".soon") => story.process.clocks.get(declared_of(clock)),
            _ => None,
        });
        if let Some(clock) = fired {
            return self.say("verb-overdue", &[("clock", self.text(&clock.title).into())]);
        }
        let key = format!("verb-{}", name.replace('_', "-"));
        if self.say.has(&key) { self.t(&key) } else { self.t("verb-changed") }
    }

    /// What was typed: the first text of the form is the reason, the rest are details, pictures are shown.
    fn said(
        &self,
        story: &Story<'_>,
        action: Option<&Action>,
        (ops, input): (&[Op], &Fields),
        entry: &mut TimelineEntry,
    ) {
        let Some(action) = action else { return };
        let set = |name: &str| {
            ops.iter().find_map(|op| match op {
                Op::Set { field, value } if field == name => Some(value),
                _ => None,
            })
        };
        for field in &action.form {
            let Some(value) = input.get(&field.name).or_else(|| set(&field.name)) else {
                continue;
            };
            if !super::facts::may_see(field, story.role) && !field.personal {
                continue;
            }
            entry.photos.extend(if field.personal { Vec::new() } else { value::photos(field, value) });
            let sealed = field.personal || value.as_str().is_some_and(is_sealed);
            let text = if sealed { Some(mask::hidden().to_owned()) } else { self.value(field, value) };
            let Some(text) = text else { continue };
            if entry.reason.is_empty() && !sealed && is_free_text(field) {
                entry.reason = text;
            } else {
                entry.details.push(Detail { label: self.text(&field.title), text });
            }
        }
    }

    fn op(&self, story: &Story<'_>, action: Option<&Action>, op: &Op, entry: &mut TimelineEntry) {
        let mut detail = |key: &str, text: String| entry.details.push(Detail { label: self.t(key), text });
        match op {
            Op::State { from, to, .. } => {
                let state = self.state(story.process, to);
                entry.from_state = self.state(story.process, from).label;
                entry.to_state = state.label;
                entry.tone = story.process.states.get(to).map_or(state.tone, |state| tone(state.tone));
            }
            Op::Assign { post: Some(post) } if !is_asked_for(action) => detail("fact-assignee", self.post(post)),
            Op::Assist { posts } if !posts.is_empty() && !is_asked_for(action) => {
                let posts: Vec<String> = posts.iter().map(|post: &PostId| self.post(post)).collect();
                detail("fact-assist", posts.join(&self.t("list-comma")));
            }
            Op::Level { level } => detail("fact-level", self.t(&format!("level-{}", level.as_str()))),
            Op::Place { route } => {
                let from = route.moved_from.last().map(|(place, _)| self.place_path(*place)).unwrap_or_default();
                detail("moved", format!("{from} → {}", self.place_path(route.place)));
            }
            Op::Number { number, .. } => detail("fact-case-number", number.clone()),
            Op::Issue { issued } => detail("detail-document", self.document(&issued.document, &issued.number)),
            Op::Link { link } => {
                let key = format!("link-{}", link.kind.replace('_', "-"));
                detail(if self.say.has(&key) { &key } else { "link-other" }, link.number.clone());
            }
            Op::Moved { clock, from, to } => {
                let title = story.process.clocks.get(declared_of(clock)).map(|def| self.text(&def.title));
                let to = to.map(|to| self.when(to)).unwrap_or_default();
                let text = format!("{} → {to}", self.when(*from));
                entry.details.push(Detail { label: title.unwrap_or_else(|| clock.clone()), text });
            }
            Op::Clock { name, clock } => {
                let Some(def) = story.process.clocks.get(name) else {
                    return;
                };
                let touched = action.is_some_and(|action| changes_clock(action, name));
                if let Some(due) = clock.due_at().filter(|_| touched) {
                    let text = self.say("clock-due", &[("at", self.when(due).into())]);
                    let text =
                        self.extensions(clock).map_or_else(|| text.clone(), |granted| format!("{granted}, {text}"));
                    entry.details.push(Detail { label: self.text(&def.title), text });
                }
            }
            _ => {}
        }
    }
}

fn is_free_text(field: &Field) -> bool {
    matches!(field.kind, FieldKind::LongText { .. })
        || matches!(&field.kind, FieldKind::Text { pattern: None, max } if *max >= 100)
}

/// Whether the action asks for posts itself, so that they stand among what was typed already.
fn is_asked_for(action: Option<&Action>) -> bool {
    action.is_some_and(|action| {
        action.form.iter().any(|field| matches!(field.kind, FieldKind::Post { .. } | FieldKind::Posts { .. }))
    })
}

/// Whether the action sets this clock on purpose, and not only by entering a state.
fn changes_clock(action: &Action, name: &str) -> bool {
    action.effects.iter().any(
        |effect| matches!(effect.done(), Effect::Extend { clock, .. } | Effect::Restart { clock, .. } if clock == name),
    )
}
